/// Commands and replies are kept in step, whatever was broken off and whatever the server says without having been asked.
extension ControlConnection {
  /// How long the `NOOP` that asks for late replies may take, at most.
  private static let fence = Duration.seconds(15)
  /// What is no answer to `NOOP`.
  private static let failedTransferCodes = [451, 452, 550, 551, 552, 553]

  /// Says that nobody awaits the replies that are owed: after a transfer or a wait that was broken off. A transfer that `REST` was for does not come
  /// either.
  public func abandonReplies() {
    if outstanding > 0 { repliesAreStale = true }
    if restart == .open { restart = .abandoned }
  }

  /// Reads the replies that were abandoned and drops those that nobody asked for, so that the next reply is the next
  /// command's.
  ///
  /// Waits a second for a late reply, then asks with `NOOP`. Throws `.reply` for a 421 by which the server
  /// took its leave, `.closed` when it left without one, `.state` when the connection cannot be used any more.
  public func realign() throws(FTPError) {
    try requireUsable()
    if !ahead.isEmpty {
      guard repliesAreStale else { return }
      try takeBackAhead()
    }
    if repliesAreStale { try readStaleReplies() }
    if outstanding == 0 { try dropUnaskedReplies() }
    if restart == .abandoned { try takeBackRestart() }
  }

  /// Reads the replies to commands that had been sent ahead and do not come to their turn, behind those that are owed: each has its own, or the
  /// connection cannot be used any more.
  func takeBackAhead() throws(FTPError) {
    for command in ahead { hasSent(command.word, command.line) }
    ahead = []
    repliesAreStale = true
    do throws(FTPError) {
      guard try readOwed(until: .after(shorter(Self.settling))) else { throw brokenOffAhead() }
    } catch {
      if breakdown == nil { _ = brokenOffAhead() }
      throw error
    }
  }

  /// Sees to it that the next transfer begins where it says itself: takes back a `REST` that somebody has left behind.
  package func closeRestart() throws(FTPError) {
    if restart == .open, ahead.isEmpty, outstanding == 0 { try takeBackRestart() }
  }

  /// Says `REST 0` behind a `REST` whose transfer never came: the next one would begin there, and what it brings would pass for the whole.
  private func takeBackRestart() throws(FTPError) {
    try send(Command("REST", "0"))
    try refuseFarewell(readReply())
    // Refused, it is tried again before the next transfer, and not before each command.
    if restart == .abandoned { restart = .open }
  }

  /// They are awaited for a moment. Then a `NOOP` is sent, which every server answers, before or after what it says of a transfer. Some
  /// never speak of a transfer's end: when `NOOP` seems to be answered, that gets one more moment. Any other command is answered in
  /// its turn: its reply must come as well, unless what comes is `NOOP`'s alone.
  private func readStaleReplies() throws(FTPError) {
    if try readOwed(until: .after(shorter(Self.settling))) { return }
    let mayLackReplies = owesTransferReply || outstanding > 1
    let isNeverAnsweredAsNOOP = lastWord?.isAnsweredByItsOwnCode ?? false
    try send(Command("NOOP"))
    let mayAnswer: (Reply) -> Bool = { reply in
      guard reply.category != .preliminary, let code = reply.code else { return false }
      guard mayLackReplies else { return isNeverAnsweredAsNOOP && code == 200 }
      return !Self.transferCodes.contains(code) && !Self.failedTransferCodes.contains(code)
    }
    guard try readOwed(until: .after(shorter(Self.fence)), orTo: mayAnswer) else {
      breakdown = "the server does not answer"
      throw FTPError(.timedOut, "\(host) does not answer after a broken-off call: connect again")
    }
    _ = try readOwed(until: .after(shorter(Self.settling)))
    outstanding = 0
    repliesAreStale = false
    owesTransferReply = false
  }

  /// Reads replies until none is owed, or until a certain one; false when the deadline passed first, or they are too many.
  private func readOwed(
    until deadline: Deadline, orTo isEnough: (Reply) -> Bool = { _ in false }
  ) throws(FTPError) -> Bool {
    do {
      for _ in 0..<Limits.unaskedReplies where outstanding > 0 {
        guard !deadline.hasPassed else { return false }
        let reply = try readReply(until: deadline)
        try refuseFarewell(reply)
        if isEnough(reply) { return true }
        if dropped == nil { dropped = reply }
      }
      return outstanding == 0
    } catch {
      guard case .timedOut = error.kind else { throw error }
      return false
    }
  }

  func shorter(_ time: Duration) -> Duration { min(replyTimeout ?? time, time) }

  /// Reads and drops what the server says without having been asked. What has begun is awaited to its end.
  private func dropUnaskedReplies() throws(FTPError) {
    if !holdsInput, promptStream?.isSilent ?? false { return }
    guard try hasInput() else { return }
    let deadline = Deadline.after(shorter(Self.settling))
    do throws(FTPError) {
      for _ in 0..<Limits.unaskedReplies {
        guard try hasInput() else { return }
        try refuseFarewell(readReply(until: deadline))
      }
      throw FTPError(.malformed, "\(host) keeps sending what nobody asked for")
    } catch {
      throw failed(error)
    }
  }

  /// A 421 ends the session, whenever it comes (RFC 959 section 5.4).
  private func refuseFarewell(_ reply: Reply) throws(FTPError) {
    guard reply.code == 421 else { return }
    breakdown = reply.text
    throw FTPError(unexpected: reply)
  }
}
