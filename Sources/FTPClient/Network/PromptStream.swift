internal import Glibc

/// A stream on which a command and its reply take the fewest calls, as long as nothing is out of the ordinary.
package protocol PromptStream: AnyObject {
  /// Whether nothing waits to be read and `readPromptly` can be used. Does not block.
  var isSilent: Bool { get }

  /// Reads what comes within `Interrupt.period`; nil when that is nothing. Throws as `read`.
  func readPromptly(into buffer: UnsafeMutableRawBufferPointer) throws(FTPError) -> Int?
}

extension Socket: PromptStream {
  package var isSilent: Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return waitsInCalls && poll(&request, 1, 0) == 0
  }

  package func readPromptly(into buffer: UnsafeMutableRawBufferPointer) throws(FTPError) -> Int? {
    waitsInCalls ? try readWaiting(into: buffer, until: .never) : nil
  }
}
