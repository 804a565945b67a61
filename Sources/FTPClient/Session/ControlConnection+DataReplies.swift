/// What the server says when a data connection breaks, is refused, or brings its data first.
extension ControlConnection {
  /// What the server says about a data connection that broke: its 4yz or 5yz reply, such as `552 Disk full`, when that comes
  /// within moments; otherwise the error as it is.
  public func explanation(of error: FTPError) -> FTPError {
    switch error.kind {
    case .system, .security: break
    default: return error
    }
    do {
      let reply = try readReply(until: .after(min(replyTimeout ?? Self.settling, Self.settling)))
      return reply.category == .transient || reply.category == .permanent ? FTPError(unexpected: reply) : error
    } catch let failure {
      if case .interrupted = failure.kind { return failure }
      return error
    }
  }

  /// The server's 4yz or 5yz reply in the place of the data connection that it was to open; nil when none has come. Another
  /// final reply is kept for the next `readReply`.
  public func refusal() throws(FTPError) -> Reply? {
    guard unread == nil, try hasInput() else { return nil }
    let reply = try readReply()
    switch reply.category {
    case .transient, .permanent: return reply
    case .preliminary: return nil
    default:
      unread(reply)
      return nil
    }
  }

  /// Waits until the server says something, or has sent data and then said nothing for a moment: a server that says its 150 behind
  /// more data than the sockets hold would wait for this side, and this side for the 150.
  ///
  /// No data comes of an upload. Blocks at most `replyTimeout`, then throws `.timedOut`.
  package func dataComesFirst(on data: any ByteStream) throws(FTPError) -> Bool {
    if lastWord?.isUpload ?? false { return false }
    // As nearly always.
    if try hasInput(within: Self.blink) { return false }
    let deadline = Deadline.after(nanoseconds: replyNanoseconds)
    while !deadline.hasPassed {
      let hasData = try data.isReadable(within: .zero)
      if try hasInput(within: min(Self.glance, deadline.remaining ?? Self.glance)) { return false }
      if hasData { return true }
    }
    throw FTPError(.timedOut, "no reply from \(host): timed out")
  }

  /// How long a 1yz may come behind the first data.
  private static let glance = Duration.milliseconds(250)
  /// How long to look at the control connection alone.
  private static let blink = Duration.milliseconds(20)
}
