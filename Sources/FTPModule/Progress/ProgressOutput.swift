import Glibc
import PythonBridge

/// Where a meter draws.
package protocol ProgressOutput: Sendable {
  /// Whether one line can be drawn anew.
  var isTerminal: Bool { get }
  /// How wide a line may be.
  var columns: Int { get }
  /// Writes at once.
  func write(_ text: String)
}

/// The process's standard error, whatever Python makes of `sys.stderr`. Needs no interpreter.
package struct StandardErrorOutput: ProgressOutput {
  package let isTerminal = isatty(STDERR_FILENO) == 1
  package var columns: Int { ProgressColumns.ofTerminal(STDERR_FILENO) }

  package init() {}

  package func write(_ text: String) {
    var text = text
    // Straight to the descriptor: C's `stderr` is a global variable, which Swift 6 refuses to share.
    text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

/// A text file of Python's. Used detached from the interpreter, to which each call attaches; made and dropped attached.
final class PythonFileOutput: ProgressOutput, @unchecked Sendable {
  /// Nothing after the garbage collector has broken the cycle that this was part of.
  var file: PythonObject?
  let isTerminal: Bool
  private let descriptor: CInt

  /// Throws what the file's `isatty` and `fileno` raise; a file need have neither.
  init(_ file: PythonObject) throws(PythonError) {
    self.file = file
    guard try file.optionalAttribute("isatty")?.call().isTrue() == true else {
      (isTerminal, descriptor) = (false, -1)
      return
    }
    isTerminal = true
    descriptor = CInt(clamping: try file.callMethod("fileno").integer())
  }

  var columns: Int { ProgressColumns.ofTerminal(descriptor) }

  func write(_ text: String) {
    Attachment.attach {
      // A meter that cannot be shown, as of a closed terminal, is no reason to end a transfer, nor one for a second
      // exception.
      PythonError.preserving {
        guard let file else { return }
        try file.callMethod("write", .string(text))
        try file.callMethod("flush")
      }
    }
  }
}

enum ProgressColumns {
  static func ofTerminal(_ descriptor: CInt) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
