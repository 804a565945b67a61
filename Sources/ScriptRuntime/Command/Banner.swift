import CPython
import FTPModule
import Glibc

/// What ftpy says about itself.
enum Banner {
  /// The line above Python's own banner at the prompt, on standard error as that one.
  ///
  /// `isPlain` says that the prompt is the one that Python had before 3.13.
  static func show(isPlain: Bool) {
    // The prompt that Python has since 3.13 keeps its own key.
    let isPythons = Py_Version >= 0x030D_0000 && !isPlain && getenv("PYTHON_BASIC_REPL") == nil
    say(
      "ftpy \(FTPModule.version), for QuecPython scripts on this computer: ftplib and uos are built in. "
        + "\(isPythons ? "F3" : "Ctrl-E") begins to paste.\n")
  }

  /// An error of the program itself, on standard error.
  static func complain(_ sentence: String) {
    say("ftpy: \(sentence)\n")
  }

  /// `ftpy 1.0 (Python 3.11.2)`, with `detail` Python's build and compiler as well.
  static func version(detail: Bool) -> String {
    let python = String(cString: Py_GetVersion())
    let number = python.prefix { $0 != " " }
    return "ftpy \(FTPModule.version) (Python \(detail ? python : String(number)))"
  }

  /// Straight to the descriptor: C's `stderr` is a global variable, which Swift 6 refuses to share.
  static func say(_ text: String) {
    var text = text
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
