/// The control connection: commands out, replies in, and the count that keeps the two in step.
///
/// Not safe for two threads at once. Every wait ends at a deadline.
public final class ControlConnection {
  /// The connection underneath.
  public let stream: any ByteStream
  /// The server's name in messages.
  public let host: String
  /// How long a whole reply may take, from the command to its last line; nil is for ever.
  public var replyTimeout: Duration?
  /// The longest line of a reply in bytes.
  public var lineLimit = Limits.line

  private var lines = LineBuffer()
  private var parser = ReplyParser()
  private var unread: Reply?
  /// When `readLine`'s lines of one reply must have come.
  private var lineDeadline: Deadline?
  /// Whether a reply was put back and waits to be read again.
  public var hasUnread: Bool { unread != nil }

  /// How many commands have been sent that change what `TYPE` is set to: whoever remembers that must look here first.
  package private(set) var representationChanges = RepresentationChanges()

  /// How many commands have been sent that may change the directory.
  package private(set) var directoryChanges = DirectoryChanges()
  /// Whether commands can still be sent.
  package var isUsable: Bool { breakdown == nil }

  /// Lines that have been sent before their turn, the next one first.
  private var ahead: [[UInt8]] = []

  /// Commands sent whose final reply (any but 1yz) has not been read.
  public private(set) var outstanding = 0
  /// How many times all replies that were owed had come.
  package private(set) var settlements = 0
  /// Replies are owed that no caller awaits any more: they must not be taken for the next command's.
  private var repliesAreStale = false
  /// The command that was sent last.
  private var lastCommand: Command?
  /// Whether one of the replies that are owed is a transfer's, or `ABOR`'s: some servers never send it.
  private var owesTransferReply = false
  /// The last reply, where it is a 226 and the command after it uses no data connection: word for word the same is that once
  /// more, come too late to be dropped before the command, and not its answer.
  private var repeatable: [UInt8]?
  /// Whether a command has been sent that uses a data connection.
  private var hasTransferred = false
  /// What does not answer the command that was sent last, when another reply follows: it was said before, of the transfer or as
  /// the greeting, and came too late to be dropped before the command.
  private var lateCodes: [Int] = []
  /// Why nothing more can be said on this connection.
  private var breakdown: String?
  /// Whether the connection has failed: the replies that are owed will not come.
  private var isLost = false

  /// Whether somebody awaits a reply that has not come yet: a transfer is running, or a call of another object that speaks on this
  /// connection.
  package var isAwaited: Bool { outstanding > 0 && !repliesAreStale && !isLost }

  /// Throws `.state` when a command now would take the reply that somebody else awaits.
  package func requireNobodyWaits(for action: @autoclosure () -> String) throws(FTPError) {
    guard isAwaited else { return }
    throw FTPError(
      .state, "cannot \(action()) on the connection to \(host): a transfer, or another call, is still running on it")
  }

  /// How often `keepAlive` speaks; nil is never.
  private var keepAliveInterval: Duration?
  private var nextKeepAlive = Deadline.never
  /// `NOOP`s that `keepAlive` sent and that have not been answered.
  private var keepAlives = 0

  /// How long a transfer's late reply may take to come by itself before `NOOP` asks after it.
  /// Pure-FTPd never sends one when its client closes the data connection.
  private static let settling = Duration.seconds(1)
  /// How long the `NOOP` that asks for late replies may take, at most.
  private static let fence = Duration.seconds(15)
  /// What is said of transfers, and as a greeting, alone (RFC 959 section 5.4).
  private static let transferCodes = [225, 226, 425, 426], greetingCodes = [220]
  /// What is no answer to `NOOP`.
  private static let failedTransferCodes = [451, 452, 550, 551, 552, 553]
  /// How long a line that looks like the end of a multi-line reply with another code must be the last one
  /// to be it. See `ReplyParser.mayHaveEnded`.
  private static let earlyEnd = Duration.milliseconds(250)

  /// Speaks over a connected stream. Reads nothing yet: `greeting()` comes first.
  public init(_ stream: any ByteStream, host: String, replyTimeout: Duration?) {
    self.stream = stream
    self.host = host
    self.replyTimeout = replyTimeout
  }

  // MARK: Replies

  /// Reads the greeting; after a `120 ready in N minutes` the one that follows (RFC 959 section 5.4).
  public func greeting() throws(FTPError) -> Reply {
    for _ in 0..<Limits.delayedGreetings {
      let reply = try readReply()
      if reply.code != 120 { return reply }
    }
    throw FTPError(.malformed, "\(host) keeps saying that it is not ready yet")
  }

  /// Reads one reply, whatever its code. Blocks until `deadline`, by default `replyTimeout` from now.
  ///
  /// Throws `.closed`, `.timedOut`, `.malformed`, `.tooLong` or what the stream throws. After a time-out the reply may still
  /// be read by a second call, and is not taken for the answer to a later command.
  public func readReply(until deadline: Deadline? = nil) throws(FTPError) -> Reply {
    if let reply = unread {
      unread = nil
      return settle(reply)
    }
    let deadline = deadline ?? .after(replyTimeout)
    do throws(FTPError) {
      while true {
        guard let reply = try accept(nextReply(until: deadline), until: deadline) else { continue }
        if !isKeepAliveAnswer(reply) { return reply }
      }
    } catch {
      throw failed(error)
    }
  }

  /// Counts a reply; nil when it is a late one, which is dropped.
  private func accept(_ reply: Reply, until deadline: Deadline) throws(FTPError) -> Reply? {
    if try isLate(reply, until: deadline) { return nil }
    repeatable = reply.code == 226 ? reply.bytes : nil
    return settle(reply)
  }

  /// Whether a reply is none to the command that was sent last: see `repeatable` and `lateCodes`. Waits a second for the other that
  /// would prove it.
  private func isLate(_ reply: Reply, until deadline: Deadline) throws(FTPError) -> Bool {
    guard outstanding > 0 else { return false }
    if reply.bytes == repeatable { return true }
    guard outstanding == 1, let code = reply.code, lateCodes.contains(code) else { return false }
    return try hasInput(within: min(shorter(Self.settling), deadline.remaining ?? Self.settling))
  }

  private func nextReply(until deadline: Deadline) throws(FTPError) -> Reply {
    while true {
      while let line = try nextLine(limit: lineLimit) {
        if let reply = try parser.append(line) { return reply }
      }
      if try hasEndedEarly() { return parser.endEarly() }
      // A server that never pauses must not go on for ever.
      if deadline.hasPassed { throw FTPError(.timedOut, "") }
      do throws(FTPError) {
        if let line = try fill(until: deadline), let reply = try parser.append(line) { return reply }
      } catch {
        if case .closed = error.kind, parser.mayHaveEnded { return parser.endEarly() }
        throw error
      }
    }
  }

  /// Whether the last line was a reply's end with another code: see `ReplyParser.mayHaveEnded`.
  private func hasEndedEarly() throws(FTPError) -> Bool {
    guard parser.mayHaveEnded, lines.isEmpty else { return false }
    return try !stream.isReadable(within: Self.earlyEnd)
  }

  /// Whether something has come that no reply has taken: bytes in the buffer or on the stream, or the stream's end.
  /// Waits for it until `timeout`.
  public func hasInput(within timeout: Duration = .zero) throws(FTPError) -> Bool {
    guard lines.isEmpty, !parser.isInside, unread == nil else { return true }
    return try stream.isReadable(within: timeout)
  }

  /// Reads one line without its end, at most `limit` bytes long: the raw material of a reply. `replyTimeout` is for all lines of a reply
  /// that `put` puts together.
  ///
  /// Throws as `readReply`.
  public func readLine(limit: Int) throws(FTPError) -> [UInt8] {
    let deadline = (parser.isInside ? lineDeadline : nil) ?? .after(replyTimeout)
    lineDeadline = deadline
    do {
      while true {
        if let line = try nextLine(limit: limit) { return line }
        if let line = try fill(until: deadline) { return line }
      }
    } catch {
      lineDeadline = nil
      throw failed(error)
    }
  }

  /// Reads the final reply to a command that has begun; what 1yz come before it go to `preliminary`.
  ///
  /// Throws as `readReply`, all within one time-out, and `.malformed` when there are too many.
  public func readFinalReply(_ preliminary: (Reply) -> Void = { _ in }) throws(FTPError) -> Reply {
    let deadline = Deadline.after(replyTimeout)
    for _ in 0..<Limits.preliminaryReplies {
      let reply = try readReply(until: deadline)
      guard reply.category == .preliminary else { return reply }
      preliminary(reply)
    }
    throw failed(FTPError(.malformed, "\(host) keeps saying that it has begun"))
  }

  /// A line that has come, with all of its CRLF: a LF that is late would else be taken for something of its own, such as the first
  /// byte of TLS.
  private func nextLine(limit: Int) throws(FTPError) -> [UInt8]? {
    guard let line = try lines.next(limit: limit) else { return nil }
    do throws(FTPError) {
      if lines.mayLackLineFeed, try stream.isReadable(within: Self.earlyEnd) { _ = try read(until: .after(.zero)) }
    } catch {
      // The line is whole all the same. What else there is shows with the next one.
      if case .interrupted = error.kind { throw error }
    }
    return line
  }

  /// Puts a line of `readLine`'s to the reply that has begun; returns the reply that it completes. What a time-out has cut in two goes
  /// on with the next line. Throws as `readReply`.
  package func put(_ line: [UInt8]) throws(FTPError) -> Reply? {
    do throws(FTPError) {
      let deadline = lineDeadline ?? .after(replyTimeout)
      if let reply = try parser.append(line) { return try accept(reply, until: deadline) }
      return try hasEndedEarly() ? accept(parser.endEarly(), until: deadline) : nil
    } catch {
      throw failed(error)
    }
  }

  /// The reply that `put` has put together, where the connection's end is its own: see `ReplyParser.mayHaveEnded`.
  package func endEarly() -> Reply? { parser.mayHaveEnded ? settle(parser.endEarly()) : nil }

  /// Puts a reply back: the next `readReply` returns it. For a final reply that came before its time.
  public func unread(_ reply: Reply) {
    unread = reply
    outstanding += 1
  }

  private func settle(_ reply: Reply) -> Reply {
    guard reply.category != .preliminary else { return reply }
    outstanding = max(0, outstanding - 1)
    if outstanding == 0 {
      repliesAreStale = false
      owesTransferReply = false
      keepAlives = 0
      settlements &+= 1
    }
    return reply
  }

  /// Takes bytes that the server has sent into the buffer; returns how many.
  private func read(until deadline: Deadline) throws(FTPError) -> Int {
    try withUnsafeTemporaryBuffer(of: 4096) { (buffer) throws(FTPError) in
      let count = try stream.read(into: buffer, until: deadline)
      lines.append(buffer.prefix(count))
      return count
    }
  }

  /// Reads what the server sent. Returns a last line that the server left without an end before it closed, when it has a whole code:
  /// `22` is no success.
  private func fill(until deadline: Deadline) throws(FTPError) -> [UInt8]? {
    guard try read(until: deadline) == 0 else { return nil }
    if let line = try lines.rest(), line.count > 3, line[3] == ASCII.space, line.prefix(3).decimal() != nil {
      return line
    }
    throw FTPError(.closed, "\(host) closed the connection")
  }

  private func failed(_ error: FTPError) -> FTPError {
    switch error.kind {
    case .timedOut:
      abandonReplies()
      return FTPError(.timedOut, "no reply from \(host): timed out")
    case .interrupted: abandonReplies()
    case .malformed, .tooLong: breakdown = error.message
    default: isLost = true
    }
    return error
  }

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

  // MARK: Commands

  /// Brings the connection in step, sends a command and reads its reply, whatever its code.
  ///
  /// For commands without a data connection: the reply that a 1yz promises is read before the next command.
  ///
  /// Throws `.state` while a transfer is running, as well as what `realign`, `send` and `readReply` throw.
  public func execute(_ command: Command) throws(FTPError) -> Reply {
    try requireNobodyWaits(for: "send \(command.verb)")
    try realign()
    try send(command)
    let reply = try readReply()
    if reply.category == .preliminary { abandonReplies() }
    return reply
  }

  /// Executes a command whose reply must be 2yz. Throws `.reply` otherwise.
  @discardableResult
  public func complete(_ command: Command) throws(FTPError) -> Reply {
    let reply = try execute(command)
    guard reply.category == .completion else { throw FTPError(unexpected: reply) }
    return reply
  }

  /// Sends a command as it is, without a look at what the server may have said before.
  public func send(_ command: Command) throws(FTPError) {
    try requireUsable()
    if let next = ahead.first {
      guard next == command.line else { throw brokenOffAhead() }
      ahead.removeFirst()
    } else {
      try write(command.line)
    }
    outstanding += 1
    if command.mayEndTransfer {
      repeatable = nil
      lateCodes = []
      owesTransferReply = true
      hasTransferred = true
    } else {
      lateCodes = lastCommand == nil ? Self.greetingCodes : hasTransferred && outstanding == 1 ? Self.transferCodes : []
    }
    lastCommand = command
    representationChanges.see(command)
    directoryChanges.see(command)
  }

  private func write(_ bytes: [UInt8]) throws(FTPError) {
    do { try stream.write(bytes, silence: replyTimeout) } catch {
      // Part of the line may have gone: another command would be glued to it.
      breakdown = error.message
      throw error
    }
  }

  /// Sends commands before their turn, in one piece: the server answers them one behind the other, without the way there and back between.
  ///
  /// They must be the next ones that `send` gets, and in this order; it then takes them for sent. Any other command, and whatever breaks off a transfer
  /// before, makes the connection unusable.
  package func sendAhead(_ commands: [Command]) throws(FTPError) {
    if ahead.isEmpty, outstanding == 0 { try realign() }
    try requireUsable()
    try write(commands.flatMap(\.line))
    ahead += commands.map(\.line)
  }

  private func brokenOffAhead() -> FTPError {
    breakdown = "commands were under way that do not come to their turn"
    return FTPError(.closed, "the connection to \(host) cannot go on: commands had been sent ahead")
  }

  /// Closes; inside TLS with its word of farewell, where that can be sent at once. Later calls throw `.state`.
  public func close() {
    if breakdown == nil, let stream = stream as? any SecureStream { try? stream.endWriting(silence: .zero) }
    stream.close()
    breakdown = "it was closed"
  }

  private func requireUsable() throws(FTPError) {
    guard let breakdown else { return }
    throw FTPError(.state, "the connection to \(host) cannot be used any more (\(breakdown)): connect again")
  }

  // MARK: Keeping alive

  /// Begins to keep the connection alive while a transfer runs, or with nil ends that.
  ///
  /// Gateways forget a connection that is silent for minutes, and the transfer's final reply is then lost.
  public func keepAlive(every interval: Duration?) {
    keepAliveInterval = interval
    nextKeepAlive = interval.map { .after($0) } ?? .never
  }

  /// The longest that a transfer may go without calling `keepAlive()`; nil when nobody asked for it.
  var keepAlivePause: Duration? { keepAliveInterval.map { max($0 / 4, .milliseconds(10)) } }

  /// Sends a `NOOP` when the interval has passed since the last. A failure shows when the transfer's reply is read.
  func keepAlive() {
    guard ahead.isEmpty, let keepAliveInterval, nextKeepAlive.hasPassed, let command = try? Command("NOOP") else {
      return
    }
    nextKeepAlive = .after(keepAliveInterval)
    guard (try? send(command)) != nil else { return }
    keepAlives += 1
  }

  /// Whether a `NOOP` of `keepAlive` has not been answered: what comes next may be that, and not the transfer's end.
  var awaitsKeepAliveAnswer: Bool { keepAlives > 0 }

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

  // MARK: Keeping in step

  /// Says that nobody awaits the replies that are owed: after a transfer or a wait that was broken off.
  public func abandonReplies() { if outstanding > 0 { repliesAreStale = true } }

  /// Reads the replies that were abandoned and drops those that nobody asked for, so that the next reply is the next
  /// command's.
  ///
  /// Waits a second for a late reply, then asks with `NOOP`. Throws `.reply` for a 421 by which the server
  /// took its leave, `.closed` when it left without one, `.state` when the connection cannot be used any more.
  public func realign() throws(FTPError) {
    try requireUsable()
    guard ahead.isEmpty else {
      if repliesAreStale { throw brokenOffAhead() }
      return
    }
    if repliesAreStale { try readStaleReplies() }
    if outstanding == 0 { try dropUnaskedReplies() }
  }

  /// They are awaited for a moment. Then a `NOOP` is sent, which every server answers, before or after what it says of a transfer. Some
  /// never speak of a transfer's end: when `NOOP` seems to be answered, that gets one more moment. Any other command is answered in
  /// its turn: its reply must come as well, unless what comes is `NOOP`'s alone.
  private func readStaleReplies() throws(FTPError) {
    if try readOwed(until: .after(shorter(Self.settling))) { return }
    let mayLackReplies = owesTransferReply || outstanding > 1
    let isNeverAnsweredAsNOOP = lastCommand?.isAnsweredByItsOwnCode ?? false
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
      }
      return outstanding == 0
    } catch {
      guard case .timedOut = error.kind else { throw error }
      return false
    }
  }

  private func shorter(_ time: Duration) -> Duration { min(replyTimeout ?? time, time) }

  /// Reads and drops what the server says without having been asked. What has begun is awaited to its end.
  private func dropUnaskedReplies() throws(FTPError) {
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

/// A buffer on the stack for a body with typed throws.
func withUnsafeTemporaryBuffer<Result>(
  of count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(FTPError) -> Result
) throws(FTPError) -> Result {
  try withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { buffer in
    Swift.Result { () throws(FTPError) in try body(buffer) }
  }.get()
}
