/// The control connection: commands out, replies in, and the count that keeps the two in step.
///
/// Not safe for two threads at once. Every wait ends at a deadline.
///
/// `@exclusivity(unchecked)`: no method calls out while it changes one of these, and the check costs a tenth of a command.
public final class ControlConnection {
  /// The connection underneath.
  public let stream: any ByteStream
  /// The same, where it can answer a command with the fewest calls.
  private let promptStream: (any PromptStream)?
  /// The server's name in messages.
  public var host: String { name.description }
  private let name: PeerName
  /// How long a whole reply may take, from the command to its last line; nil is for ever.
  @exclusivity(unchecked) public var replyTimeout: Duration? {
    didSet { replyNanoseconds = replyTimeout.map(\.wholeNanoseconds) }
  }
  @exclusivity(unchecked) private var replyNanoseconds: Int64?
  /// The longest line of a reply in bytes.
  public var lineLimit: Int {
    get { longestLine }
    set { longestLine = newValue }
  }
  // `@exclusivity(unchecked)` has no effect in another module: hence the property above.
  @exclusivity(unchecked) private var longestLine = Limits.line

  @exclusivity(unchecked) private var lines = LineBuffer()
  /// Where a command is put together, and then its reply is read: each would take memory anew. Most are short, and so is the memory, which the
  /// allocator then has at hand, until one is not.
  @exclusivity(unchecked) private var memory = ControlConnection.allocate(ControlConnection.usualSize)
  private static var usualSize: Int { 1000 }
  private static var longSize: Int { 4096 }
  /// Whether the last reading has filled it: more of the kind is to come.
  @exclusivity(unchecked) private var isFull = false
  private var replyMemory: UnsafeMutableRawBufferPointer { room(for: isFull ? Self.longSize : Self.usualSize) }

  private func room(for count: Int) -> UnsafeMutableRawBufferPointer {
    if count > memory.count {
      memory.deallocate()
      memory = Self.allocate(max(count, Self.longSize))
    }
    return memory
  }

  private static func allocate(_ size: Int) -> UnsafeMutableRawBufferPointer {
    .allocate(byteCount: size, alignment: 16)
  }
  @exclusivity(unchecked) private var parser = ReplyParser()
  @exclusivity(unchecked) private var unread: Reply?
  /// When `readLine`'s lines of one reply must have come.
  @exclusivity(unchecked) private var lineDeadline: Deadline?
  /// Whether a reply was put back and waits to be read again.
  public var hasUnread: Bool { unread != nil }

  /// How many commands have been sent that change what `TYPE` is set to: whoever remembers that must look here first.
  @exclusivity(unchecked) package private(set) var representationChanges = RepresentationChanges()

  /// Whether data comes and goes as it is: `MODE` has not been set to another than `S` (RFC 959 section 3.4).
  @exclusivity(unchecked) private(set) var isStreamMode = true

  /// How many commands have been sent that may change the directory.
  @exclusivity(unchecked) package private(set) var directoryChanges = DirectoryChanges()
  /// Whether commands can still be sent.
  package var isUsable: Bool { breakdown == nil }

  /// Commands that have been sent before their turn, the next one first.
  @exclusivity(unchecked) var ahead: [Command] = []
  /// A command that has been answered before its turn, and the answer: see `keep`.
  @exclusivity(unchecked) private var kept: (command: Command, reply: Reply)?

  /// Commands sent whose final reply (any but 1yz) has not been read.
  @exclusivity(unchecked) public internal(set) var outstanding = 0
  /// How many times all replies that were owed had come.
  @exclusivity(unchecked) package private(set) var settlements = 0
  /// Replies are owed that no caller awaits any more: they must not be taken for the next command's.
  @exclusivity(unchecked) var repliesAreStale = false
  /// The first word of the command that was sent last.
  @exclusivity(unchecked) var lastWord: Command.Word?
  /// Whether one of the replies that are owed is a transfer's, or `ABOR`'s: some servers never send it.
  @exclusivity(unchecked) var owesTransferReply = false
  /// The last reply, where it is a 226 and the command after it uses no data connection: word for word the same is that once
  /// more, come too late to be dropped before the command, and not its answer.
  @exclusivity(unchecked) private var repeatable: [UInt8]?
  /// Whether a command has been sent that uses a data connection.
  @exclusivity(unchecked) private var hasTransferred = false
  /// What does not answer the command that was sent last, when another reply follows: it was said before, of the transfer or as
  /// the greeting, and came too late to be dropped before the command.
  @exclusivity(unchecked) private var lateCodes = LateCodes.none

  private enum LateCodes {
    case none, ofTransfers, ofGreetings

    func contains(_ code: Int) -> Bool {
      switch self {
      case .none: false
      case .ofTransfers: ControlConnection.transferCodes.contains(code)
      case .ofGreetings: code == 220
      }
    }
  }
  /// Why nothing more can be said on this connection.
  @exclusivity(unchecked) var breakdown: String?
  /// Whether the connection has failed: the replies that are owed will not come.
  @exclusivity(unchecked) private var isLost = false
  /// Whether the server awaits, or is in, the TLS handshake of a data connection that was broken off.
  @exclusivity(unchecked) private var hasBrokenHandshake = false

  /// Whether somebody awaits a reply that has not come yet: a transfer is running, or a call of another object that speaks on this
  /// connection.
  package var isAwaited: Bool { outstanding > 0 && !repliesAreStale && !isLost }

  /// Whether the server has been sent a command that uses a data connection, and has not said how that ended: it may be about to secure
  /// the connection.
  package var mayShakeHands: Bool { owesTransferReply && outstanding > 0 && !isLost && breakdown == nil }

  /// Says that a data connection is closed without the TLS handshake that the server awaits. Some end the session then: vsftpd 3.0.3 by
  /// an error in the clear, which is no TLS, Pure-FTPd 1.0.50 without a word.
  package func noteBrokenHandshake() { hasBrokenHandshake = true }

  /// Throws `.state` when a command now would take the reply that somebody else awaits.
  package func requireNobodyWaits(for action: @autoclosure () -> String) throws(FTPError) {
    guard isAwaited else { return }
    throw FTPError(
      .state, "cannot \(action()) on the connection to \(host): a transfer, or another call, is still running on it")
  }

  /// What has become of a `REST`, which says where the next transfer is to begin.
  enum Restart { case none, open, abandoned }
  /// Whether the server knows of one whose transfer has not come; `abandoned` when the call that said it was broken off: see `realign`.
  @exclusivity(unchecked) var restart = Restart.none
  /// How often `keepAlive` speaks; nil is never.
  @exclusivity(unchecked) var keepAliveInterval: Duration?
  @exclusivity(unchecked) var nextKeepAlive = Deadline.never
  /// `NOOP`s that `keepAlive` sent and that have not been answered.
  @exclusivity(unchecked) var keepAlives = 0

  /// How long a transfer's late reply may take to come by itself before `NOOP` asks after it. Some servers never send one when
  /// their client closes the data connection.
  static let settling = Duration.seconds(1)
  /// What is said of transfers alone (RFC 959 section 5.4).
  static let transferCodes = [225, 226, 425, 426]
  /// How long a line that looks like the end of a multi-line reply with another code must be the last one
  /// to be it. See `ReplyParser.mayHaveEnded`.
  private static let earlyEnd = Duration.milliseconds(250)

  /// Speaks over a connected stream. Reads nothing yet: `greeting()` comes first.
  public convenience init(_ stream: any ByteStream, host: String, replyTimeout: Duration?) {
    self.init(stream, stream as? any PromptStream, name: PeerName(host), replyTimeout: replyTimeout)
  }

  /// The same for a server whose name is put together when it is needed; `promptStream` is the stream as such, where it is one.
  package init(_ stream: any ByteStream, _ promptStream: (any PromptStream)?, name: PeerName, replyTimeout: Duration?) {
    self.stream = stream
    self.promptStream = promptStream
    self.name = name
    self.replyTimeout = replyTimeout
    replyNanoseconds = replyTimeout.map(\.wholeNanoseconds)
  }

  deinit { memory.deallocate() }

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
    let deadline = deadline ?? .after(nanoseconds: replyNanoseconds)
    do throws(FTPError) {
      while true {
        guard let reply = try accept(nextReply(until: deadline), until: deadline) else {
          // A server that never pauses must not go on for ever.
          if deadline.hasPassed { throw FTPError(.timedOut, "") }
          continue
        }
        if !isKeepAliveAnswer(reply) { return reply }
      }
    } catch {
      throw failed(error)
    }
  }

  /// Counts a reply; nil when it is a late one, which is dropped.
  private func accept(_ reply: Reply, until deadline: @autoclosure () -> Deadline) throws(FTPError) -> Reply? {
    if try isLate(reply, until: deadline()) { return nil }
    if reply.code == 226 { repeatable = reply.bytes } else if repeatable != nil { repeatable = nil }
    return settle(reply)
  }

  /// Whether a reply is none to the command that was sent last: see `repeatable` and `lateCodes`. Waits a second for the other that
  /// would prove it.
  private func isLate(_ reply: Reply, until deadline: @autoclosure () -> Deadline) throws(FTPError) -> Bool {
    guard outstanding > 0 else { return false }
    if let repeatable, reply.bytes == repeatable { return true }
    guard outstanding == 1, lateCodes != .none, let code = reply.code, lateCodes.contains(code) else { return false }
    return try hasInput(within: min(shorter(Self.settling), deadline().remaining ?? Self.settling))
  }

  private func nextReply(until deadline: Deadline) throws(FTPError) -> Reply {
    if lines.isEmpty, !parser.isInside, let reply = try readWholeReply(until: deadline) { return reply }
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
    if reply.category == .permanent { representationChanges.seeRefusal() }
    if restart != .none, lastWord == "REST", [.transient, .permanent].contains(reply.category) { restart = .none }
    guard reply.category != .preliminary || reply.measuresBrokenTransfer else { return reply }
    outstanding = max(0, outstanding - 1)
    if outstanding == 0 {
      repliesAreStale = false
      owesTransferReply = false
      hasBrokenHandshake = false
      keepAlives = 0
      settlements &+= 1
    }
    return reply
  }

  /// Takes bytes that the server has sent into the buffer; returns how many.
  private func read(until deadline: Deadline) throws(FTPError) -> Int {
    let memory = replyMemory
    let count = try stream.read(into: memory, until: deadline)
    isFull = count == memory.count
    lines.append(memory.prefix(count))
    return count
  }

  /// Reads what the server sent. Where that is one whole reply of one line, as nearly always, it is returned; otherwise it is in the buffer.
  private func readWholeReply(until deadline: Deadline) throws(FTPError) -> Reply? {
    let memory = replyMemory
    return try wholeReply(in: memory, stream.read(into: memory, until: deadline))
  }

  private func wholeReply(in memory: UnsafeMutableRawBufferPointer, _ count: Int) throws(FTPError) -> Reply? {
    guard count > 0 else { throw closed }
    isFull = count == memory.count
    let bytes = UnsafeRawBufferPointer(start: memory.baseAddress, count: min(count, memory.count))
    if let reply = lines.takeOnlyReply(bytes, limit: lineLimit) { return reply }
    lines.append(bytes)
    return nil
  }

  /// Reads what the server sent. Returns a last line that the server left without an end before it closed, when it has a whole code:
  /// `22` is no success.
  private func fill(until deadline: Deadline) throws(FTPError) -> [UInt8]? {
    guard try read(until: deadline) == 0 else { return nil }
    if let line = try lines.rest(), line.count > 3, line[3] == ASCII.space, line.prefix(3).decimal() != nil {
      return line
    }
    throw closed
  }

  private var closed: FTPError { FTPError(.closed, "\(host) closed the connection") }

  func failed(_ error: FTPError) -> FTPError {
    switch error.kind {
    case .timedOut:
      abandonReplies()
      return FTPError(.timedOut, "no reply from \(host): timed out")
    case .interrupted(let cause) where !(cause is any StreamFailure): abandonReplies()
    case .malformed, .tooLong: breakdown = error.message
    default:
      isLost = true
      if hasBrokenHandshake {
        return FTPError(
          .closed,
          "\(host) has ended the session, as some servers do when the TLS handshake of a data connection is broken off: "
            + "connect again")
      }
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
    if let next = ahead.first, next != command, outstanding == 0 || repliesAreStale { try takeBackAhead() }
    let word = command.word
    if let next = ahead.first {
      guard next == command else { throw brokenOffAhead() }
      ahead.removeFirst()
    } else if let answer = takeKept(for: command) {
      unread = answer
    } else {
      try write(command.line, of: word)
    }
    hasSent(word, command.line)
  }

  /// Brings the connection in step, sends a command and reads its reply, whatever its code. Throws what `realign`, `send` and `readReply`
  /// throw.
  package func exchange(_ command: Command.Ready) throws(FTPError) -> Reply {
    if let promptStream, isInStep, promptStream.isSilent {
      try send(command)
      if let reply = try promptReply(promptStream) { return reply }
      return try readReply()
    }
    try realign()
    if ahead.isEmpty, kept == nil {
      try send(command)
    } else {
      try send(Command(line: command.bytes(in: room(for: command.count)).dropLast(2)))
    }
    return try readReply()
  }

  private func send(_ command: Command.Ready) throws(FTPError) {
    let bytes = command.bytes(in: room(for: command.count))
    try write(bytes, of: command.word)
    hasSent(command.word, Array(bytes))
  }

  /// Whether `realign` would have nothing to do if the server has said nothing, and there is time for a prompt answer.
  private var isInStep: Bool {
    breakdown == nil && ahead.isEmpty && kept == nil && outstanding == 0 && !repliesAreStale && restart != .abandoned
      && lines.isEmpty && !parser.isInside && unread == nil
      && replyNanoseconds.map { $0 > Self.promptness } ?? true
  }

  /// The least time limit, in nanoseconds, to which the slice that a prompt answer may take is nothing.
  private static let promptness: Int64 = 10_000_000_000

  /// The reply where it comes at once, and is one line; nil where it is to be read by `readReply`.
  private func promptReply(_ stream: any PromptStream) throws(FTPError) -> Reply? {
    do throws(FTPError) {
      let memory = replyMemory
      guard let count = try stream.readPromptly(into: memory), let whole = try wholeReply(in: memory, count),
        let reply = try accept(whole, until: .after(nanoseconds: replyNanoseconds)), !isKeepAliveAnswer(reply)
      else { return nil }
      return reply
    } catch {
      throw failed(error)
    }
  }

  func hasSent(_ word: Command.Word, _ line: @autoclosure () -> [UInt8]) {
    outstanding += 1
    if word.mayEndTransfer {
      repeatable = nil
      lateCodes = .none
      owesTransferReply = true
      hasTransferred = true
    } else {
      lateCodes = lastWord == nil ? .ofGreetings : hasTransferred && outstanding == 1 ? .ofTransfers : .none
    }
    if word.movesDataPort { kept = nil }
    lastWord = word
    if word == "REST" {
      restart = line() == Self.noRestart ? .none : .open
    } else if restart != .none, word.takesRestart {
      restart = .none
    }
    representationChanges.see(word)
    directoryChanges.see(word)
    if word == "MODE" { isStreamMode = line() == Self.streamMode }
    if word == "REIN" { isStreamMode = true }
  }

  private static let streamMode = Array("MODE S\r\n".utf8)
  private static let noRestart = Array("REST 0\r\n".utf8)

  private func write(_ bytes: [UInt8], of word: Command.Word? = nil) throws(FTPError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(FTPError) in
      try write(UnsafeRawBufferPointer(bytes), of: word)
    }
  }

  /// Writes a command's line, or several. Where it is interrupted that is known to be before the first byte, or behind the last of a
  /// command, which then counts as sent, the connection is as good as before.
  private func write(_ bytes: UnsafeRawBufferPointer, of word: Command.Word?) throws(FTPError) {
    do { try stream.write(bytes, silence: replyTimeout) } catch {
      guard case .interrupted(let cause) = error.kind, !(cause is any StreamFailure) else {
        breakdown = error.message
        throw error
      }
      switch (stream.interruptedWrite, word) {
      case (0, _): break
      case (bytes.count, let word?):
        hasSent(word, Array(bytes))
        abandonReplies()
      default:
        // Part of the line may have gone: another command would be glued to it.
        breakdown = "a command was broken off in its midst"
      }
      throw error
    }
  }

  /// Sends commands before their turn, in one piece: the server answers them one behind the other, without the way there and back between.
  ///
  /// They must be the next ones that `send` gets, and in this order; it then takes them for sent. Any other command, and whatever breaks off a transfer
  /// before, makes the connection unusable.
  package func sendAhead(_ commands: [Command]) throws(FTPError) {
    if ahead.isEmpty, outstanding == 0 || repliesAreStale { try realign() }
    try requireUsable()
    try write(commands.flatMap(\.line))
    ahead += commands
  }

  /// Has the reply to a command that has just been executed answer the next one like it as well, which is not sent then: for where the server listens,
  /// asked together with something else. Whatever makes the server listen elsewhere, or ends it, ends that too.
  package func keep(_ reply: Reply, for command: Command) { kept = (command, reply) }

  /// Whether an answer is kept.
  package var keepsAnswer: Bool { kept != nil }

  private func takeKept(for command: Command) -> Reply? {
    guard let answer = kept, answer.command == command, outstanding == 0, unread == nil else { return nil }
    kept = nil
    return answer.reply
  }

  func brokenOffAhead() -> FTPError {
    breakdown = "commands were under way that do not come to their turn"
    return FTPError(.closed, "the connection to \(host) cannot go on: commands had been sent ahead")
  }

  /// Closes; inside TLS with its word of farewell, where that can be sent at once. Later calls throw `.state`.
  public func close() {
    if breakdown == nil, let stream = stream as? any SecureStream { try? stream.endWriting(silence: .zero) }
    stream.close()
    breakdown = "it was closed"
  }

  func requireUsable() throws(FTPError) {
    guard let breakdown else { return }
    throw FTPError(.state, "the connection to \(host) cannot be used any more (\(breakdown)): connect again")
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
