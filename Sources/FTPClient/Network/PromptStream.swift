internal import Glibc

/// A stream on which a command and its reply take the fewest calls, as long as nothing is out of the ordinary.
package protocol PromptStream: AnyObject {
  /// Whether nothing waits to be read, or did a moment ago; false where that cannot be told. Does not block.
  var isSilent: Bool { get }

  /// Reads what comes within `Interrupt.period`; nil when that is nothing, and where it would take more than one call. Throws as `read`.
  func readPromptly(into buffer: UnsafeMutableRawBufferPointer) throws(FTPError) -> Int?
}

extension Socket: PromptStream {
  /// For how many nanoseconds behind a reading that took all there was `poll` is not asked: what comes so soon might as well have come behind it, and
  /// scripts take no longer from one command to the next.
  static let freshness: Int64 = 20_000

  package var isSilent: Bool {
    if !silence.hasPassed { return true }
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return descriptor >= 0 && poll(&request, 1, 0) == 0
  }

  package func readPromptly(into buffer: UnsafeMutableRawBufferPointer) throws(FTPError) -> Int? {
    waitsInCalls ? try readWaiting(into: buffer, until: .never) : nil
  }
}
