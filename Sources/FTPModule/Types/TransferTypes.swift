import FTPClient
import PythonBridge

/// What `download` and `upload` return, and what they tell their `progress`: tuples with named items.
struct TransferTypes {
  let result: PythonObject
  let progress: PythonObject

  var all: [PythonObject] { [result, progress] }

  init() throws(PythonError) {
    result = try .structSequence(
      "ftplib.TransferResult", "What became of a download() or upload().",
      [
        ("size", "bytes of the file that is now in place"),
        ("bytes", "bytes that went over data connections, those that went twice included: bytes + kept - size of them"),
        ("seconds", "the time that it took, pauses included"),
        ("attempts", "how often it was begun or gone on with: 1 when nothing went wrong"),
        ("resumes", "how often it went on behind what was there already"),
        ("kept", "bytes that an earlier run had left and that were not transferred again"),
        ("changes", "how often it began anew because the file had changed meanwhile"),
        ("segments", "over how many connections at most it went"),
        ("verified", "what says that the content is right: 'hash SHA-256', 'size', or None"),
        ("hash", "that hash in hexadecimal digits, or None"),
        ("modified", "when the file was last changed, in seconds since 1970 UTC, or None"),
      ])
    progress = try .structSequence(
      "ftplib.TransferProgress", "How far a download() or upload() is.",
      [
        ("name", "the server's path as it was given"),
        ("done", "bytes of the file that are in place"),
        ("total", "bytes of the file, or None while nobody knows"),
        ("rate", "bytes per second during the last seconds"),
        ("attempt", "which attempt this is, from 1 on"),
      ])
  }

  /// A `TransferProgress` of a file that the caller knows by `name`.
  func makeProgress(_ report: FTPTransfer.Progress, name: PythonObject) throws(PythonError) -> PythonObject {
    try progress.makeStruct([
      name, .integer(report.done),
      report.total.map { total throws(PythonError) in try .integer(total) } ?? .none, .float(report.rate),
      .integer(report.attempt),
    ])
  }
}
