/// The end of TLS on a data connection, before it is closed.
///
/// Never skipped: the server must see that the data is whole, and a connection that is closed with something unread in it, such as a
/// session ticket, is reset, which takes the end of an upload with it. Never waited for in vain: some servers do not answer it.
struct SecureClosing {
  let stream: any SecureStream
  /// The connection below TLS.
  let socket: Socket
  let control: ControlConnection
  /// Whether the connection goes through a proxy.
  let isProxied: Bool

  /// Says `close_notify`, half-closes, and reads below TLS what still comes, until the server closes or says on the control connection
  /// how the transfer ended.
  ///
  /// What goes wrong is dropped: the final reply decides. Throws `.timedOut` when the server did neither until `deadline`, and
  /// `.interrupted`.
  func run(until deadline: Deadline) throws(FTPError) {
    do throws(FTPError) {
      // The answer to the server's own, which nothing can follow.
      if stream.ending != nil { return try stream.endWriting(idleTimeout: TLSPatience.glance) }
      guard try sendNotice(until: deadline) else { return }
      if isProxied, try drain(until: .earlier(deadline, .after(TLSPatience.proxiedClose))) { return }
      socket.endWriting()
      guard try !drain(until: deadline) else { return }
    } catch {
      guard case .interrupted = error.kind else { return }
      throw error
    }
    throw FTPError(
      .timedOut, "\(control.host) neither ends the data connection nor says what became of the transfer: timed out")
  }

  /// Has the close that follows be a reset: it must not look like an end that merely lacks its `close_notify`, for which ProFTPD ends the session.
  ///
  /// Of a download of which nothing has come the first data is awaited, until `deadline` at most. In TLS 1.3 the server is still sending session tickets when
  /// this side's handshake is done, and OpenSSL says nothing of a reset that comes then. What ProFTPD 1.3.8 writes next is a broken pipe, for which it
  /// ends the session; a reset it forgives.
  func reset(awaitingData: Bool, until deadline: Deadline) {
    if awaitingData, let time = deadline.remaining {
      // An interruption that comes once is not to be lost here.
      Interrupt.deferring(for: time) { _ = try? stream.isReadable(within: time) }
    }
    socket.resetOnClose()
  }

  /// False when the server has said on the control connection what became of the transfer, and takes no more.
  private func sendNotice(until deadline: Deadline) throws(FTPError) -> Bool {
    while try !socket.isWritable(until: .earlier(deadline, .after(TLSPatience.glance))) {
      // An answer to a `NOOP` says nothing of the transfer.
      if try control.hasInput(), !control.awaitsKeepAliveAnswer { return false }
      guard !deadline.hasPassed else { return true }
    }
    try stream.endWriting(idleTimeout: deadline.remaining)
    return true
  }

  /// False when the deadline passed first.
  private func drain(until deadline: Deadline) throws(FTPError) -> Bool {
    var deadline = deadline
    while !deadline.hasPassed {
      if try socket.isReadable(until: .earlier(deadline, .after(TLSPatience.glance))) {
        let count = try withUnsafeTemporaryBuffer(of: 16 * 1024) { (buffer) throws(FTPError) in
          try socket.read(into: buffer, until: deadline)
        }
        if count == 0 { return true }
      } else if try control.hasInput() {
        guard control.awaitsKeepAliveAnswer else { return true }
        // That may be the answer to a `NOOP`; with the transfer's reply behind it, the server is done with the connection soon.
        deadline = .earlier(deadline, .after(TLSPatience.proxiedClose))
        guard try !socket.isReadable(until: deadline) else { continue }
        return true
      }
    }
    return false
  }
}
