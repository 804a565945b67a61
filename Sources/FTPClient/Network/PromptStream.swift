internal import Glibc

/// A stream that sends a line and reads what answers it with the fewest calls, as long as nothing is out of the ordinary.
package protocol PromptStream: AnyObject {
  /// Sends a line unless something waits to be read; false, and nothing was sent, where it is to be sent by `write`. Throws as `write`.
  func sendPromptly(_ line: UnsafeRawBufferPointer, silence: Duration?) throws(FTPError) -> Bool

  /// Reads what comes within `Interrupt.period`; nil when that is nothing. Throws as `read`.
  func readPromptly(into buffer: UnsafeMutableRawBufferPointer) throws(FTPError) -> Int?
}

extension Socket: PromptStream {
  package func sendPromptly(_ line: UnsafeRawBufferPointer, silence: Duration?) throws(FTPError) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard waitsInCalls, poll(&request, 1, 0) == 0 else { return false }
    try askInterrupt()
    let count = Glibc.send(descriptor, line.baseAddress, line.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
    if count == line.count { return true }
    if count >= 0 {
      try write(UnsafeRawBufferPointer(rebasing: line[count...]), silence: silence)
      return true
    }
    let code = errno
    guard code == EAGAIN || code == EWOULDBLOCK || code == EINTR else {
      throw FTPError(errno: code, "write to \(peer)")
    }
    return false
  }

  package func readPromptly(into buffer: UnsafeMutableRawBufferPointer) throws(FTPError) -> Int? {
    waitsInCalls ? try readWaiting(into: buffer, until: .never) : nil
  }
}
