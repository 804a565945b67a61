import PythonBridge

/// The classes of Python's own binary files.
struct FileTypes {
  /// `FileIO`, `BufferedReader`, `BufferedWriter`, `BufferedRandom` and `BytesIO`.
  let raw, reader, writer, random, memory: PythonObject

  var all: [PythonObject] { [raw, reader, writer, random, memory] }

  init() throws(PythonError) {
    let io = try importModule("_io")
    raw = try io.attribute("FileIO")
    reader = try io.attribute("BufferedReader")
    writer = try io.attribute("BufferedWriter")
    random = try io.attribute("BufferedRandom")
    memory = try io.attribute("BytesIO")
  }
}
