import PythonBridge

/// The classes of Python's own binary files.
struct FileTypes {
  /// `FileIO`, `BufferedReader`, `BufferedRandom` and `BytesIO`.
  let raw, reader, random, memory: PythonObject

  var all: [PythonObject] { [raw, reader, random, memory] }

  init() throws(PythonError) {
    let io = try importModule("_io")
    raw = try io.attribute("FileIO")
    reader = try io.attribute("BufferedReader")
    random = try io.attribute("BufferedRandom")
    memory = try io.attribute("BytesIO")
  }
}
