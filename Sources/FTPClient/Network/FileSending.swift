internal import Glibc

/// A stream that takes bytes from a regular file by itself: a socket without a copy of them in this process, TLS by way of memory.
package protocol FileSending: ByteStream {
  /// Whether it does.
  var sendsFiles: Bool { get }

  /// Sends from a regular file as much as one system call takes, from `offset` on. Neither uses nor moves the descriptor's position.
  ///
  /// Returns the number of bytes; 0 at the end of the file, and when the system will not do it like that: then the way through memory says
  /// what is wrong. Blocks; throws `.timedOut` when the peer has taken nothing for `idleTimeout`, or `.interrupted`.
  func send(file: CInt, from offset: UInt64, idleTimeout: Duration?) throws(FTPError) -> Int
}

extension Socket: FileSending {
  /// Always.
  package var sendsFiles: Bool { true }

  /// The most that one system call sends: the interrupt hook, and whoever watches the transfer, are to hear in between.
  private static let largestSend = 4 * 1024 * 1024

  /// By `sendfile`. See `FileSending.send`.
  package func send(file: CInt, from offset: UInt64, idleTimeout: Duration?) throws(FTPError) -> Int {
    guard var position = off_t(exactly: offset) else { return 0 }
    let deadline = Deadline.after(idleTimeout)
    while true {
      try askInterrupt()
      guard try isWritable(until: deadline) else { throw FTPError(.timedOut, "cannot write to \(peer): timed out") }
      let (count, code) = sendOnce(file, &position)
      if count >= 0 { return count }
      guard code == EAGAIN || code == EWOULDBLOCK || code == EINTR else { return 0 }
    }
  }

  /// `sendfile` knows neither MSG_DONTWAIT nor MSG_NOSIGNAL: the descriptor is made not to block meanwhile, and this thread not to get SIGPIPE.
  private func sendOnce(_ file: CInt, _ position: inout off_t) -> (count: Int, code: CInt) {
    let flags = fcntl(descriptor, F_GETFL)
    let blocks = flags >= 0 && flags & O_NONBLOCK == 0
    if blocks { _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
    let count = withoutBrokenPipeSignal { sendfile(descriptor, file, &position, Self.largestSend) }
    let code = errno
    if blocks { _ = fcntl(descriptor, F_SETFL, flags) }
    return (count, code)
  }
}
