/// The control connection is kept alive while a transfer runs.
extension ControlConnection {
  /// Begins to keep the connection alive while a transfer runs, or with nil ends that.
  ///
  /// Gateways forget a connection that is silent for minutes, and the transfer's final reply is then lost.
  public func keepAlive(every interval: Duration?) {
    keepAliveInterval = interval
    nextKeepAlive = interval.map { .after($0) } ?? .never
  }

  /// The longest that a transfer may go without calling `keepAlive()`; nil when nobody asked for it.
  var keepAlivePause: Duration? { keepAliveInterval.map { max($0 / 4, .milliseconds(10)) } }

  /// Sends a `NOOP` when the interval has passed since the last. A failure shows when the transfer's reply is read; throws `.interrupted`
  /// alone.
  func keepAlive() throws(FTPError) {
    guard ahead.isEmpty, let keepAliveInterval, nextKeepAlive.hasPassed else { return }
    nextKeepAlive = .after(keepAliveInterval)
    do throws(FTPError) { try send(Command("NOOP")) } catch {
      guard case .interrupted = error.kind else { return }
      throw error
    }
    keepAlives += 1
  }

  /// Whether a `NOOP` of `keepAlive` has not been answered: what comes next may be that, and not the transfer's end.
  package var awaitsKeepAliveAnswer: Bool { keepAlives > 0 }

  /// Whether a reply answers a `NOOP` of `keepAlive` and not the transfer.
  ///
  /// Servers answer during the transfer (pyftpdlib and aioftp, which has no `NOOP`; Pure-FTPd with a 500) or behind its end (vsftpd,
  /// ProFTPD). So what comes in front of the transfer's own reply is known by its code, and what comes behind it is left to be
  /// read before the next command.
  public func isKeepAliveAnswer(_ reply: Reply) -> Bool {
    guard keepAlives > 0, reply.category != .preliminary else { return false }
    if let code = reply.code, [200, 500, 502].contains(code) {
      keepAlives -= 1
      return true
    }
    keepAlives = 0
    abandonReplies()
    return false
  }
}
