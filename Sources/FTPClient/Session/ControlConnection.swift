/// The control connection: commands out, replies in, and the count that keeps the two in step.
///
/// Not safe for two threads at once. Every wait ends at a deadline.
///
/// `@exclusivity(unchecked)`: no method calls out while it changes one of these, and the check costs a tenth of a command.
public final class ControlConnection {
  /// The connection underneath.
  public let stream: any ByteStream
  /// The same, where it can answer a command with the fewest calls.
  let promptStream: (any PromptStream)?
  /// The server's name in messages.
  public var host: String { name.description }
  private let name: PeerName
  /// How long a whole reply may take, from the command to its last line; nil is for ever.
  @exclusivity(unchecked) public var replyTimeout: Duration? {
    didSet { replyNanoseconds = replyTimeout.map(\.wholeNanoseconds) }
  }
  @exclusivity(unchecked) var replyNanoseconds: Int64?
  /// What a reply's time-out says; nil is that, and the server's name.
  @exclusivity(unchecked) package var timeoutMessage: String?
  /// The longest line of a reply in characters.
  public var lineLimit: Int {
    get { longestLine }
    set { longestLine = newValue }
  }
  // `@exclusivity(unchecked)` has no effect in another module: hence the property above.
  @exclusivity(unchecked) var longestLine = Limits.line

  // MARK: What is read

  @exclusivity(unchecked) var lines = LineBuffer()
  /// Where a command is put together, and then its reply is read: each would take memory anew. Most are short, and so is the memory, which the
  /// allocator then has at hand, until one is not.
  @exclusivity(unchecked) private var memory = ControlConnection.allocate(ControlConnection.usualSize)
  private static var usualSize: Int { 1000 }
  private static var longSize: Int { 4096 }
  /// Whether the last reading has filled it: more of the kind is to come.
  @exclusivity(unchecked) var isFull = false
  private var replyMemory: UnsafeMutableRawBufferPointer { room(for: isFull ? Self.longSize : Self.usualSize) }

  func room(for count: Int) -> UnsafeMutableRawBufferPointer {
    if count > memory.count {
      memory.deallocate()
      memory = Self.allocate(max(count, Self.longSize))
    }
    return memory
  }

  /// Whether a call waits on the stream. Others' code may run meanwhile, a hook or a signal's handler: it must not speak here, for it would use the
  /// memory that the call waits with, and take its reply.
  @exclusivity(unchecked) private(set) var isWaiting = false

  /// Runs what may wait on the stream; a wait in it throws `.state`.
  @inline(__always)
  func waiting<Result>(_ body: () throws(FTPError) -> Result) throws(FTPError) -> Result {
    try requireNoWait()
    isWaiting = true
    defer { isWaiting = false }
    return try body()
  }

  /// Reads into the memory for replies, which `body` must not keep.
  @inline(__always)
  func reading<Result>(
    _ body: (UnsafeMutableRawBufferPointer) throws(FTPError) -> Result
  ) throws(FTPError) -> Result {
    try waiting { () throws(FTPError) in try body(replyMemory) }
  }

  private func requireNoWait() throws(FTPError) {
    guard isWaiting else { return }
    throw FTPError(
      .state, "a reply of \(host) is awaited: nothing else can be done on the connection before it has come")
  }

  private static func allocate(_ size: Int) -> UnsafeMutableRawBufferPointer {
    .allocate(byteCount: size, alignment: 16)
  }
  @exclusivity(unchecked) var parser = ReplyParser()
  @exclusivity(unchecked) var unread: Reply?
  /// When `readLine`'s lines of one reply must have come.
  @exclusivity(unchecked) var lineDeadline: Deadline?
  /// Whether a reply was put back and waits to be read again.
  public var hasUnread: Bool { unread != nil }

  // MARK: What has been sent, and is owed

  /// How many commands have been sent that change what `TYPE` is set to: whoever remembers that must look here first.
  @exclusivity(unchecked) package internal(set) var representationChanges = RepresentationChanges()

  /// Says that somebody else may have sent something that changes what `TYPE` is set to.
  package func doubtRepresentation() { representationChanges.doubt() }

  /// Whether data comes and goes as it is: `MODE` has not been set to another than `S` (RFC 959 section 3.4).
  @exclusivity(unchecked) var isStreamMode = true

  /// Where the session is. What goes on over another stream of the same connection has the same.
  @exclusivity(unchecked) package var trail = DirectoryTrail()
  /// Whether commands can still be sent.
  package var isUsable: Bool { breakdown == nil }

  /// Commands that have been sent before their turn, the next one first.
  @exclusivity(unchecked) var ahead: [Command] = []
  /// A command that has been answered before its turn, and the answer: see `keep`.
  @exclusivity(unchecked) var kept: (command: Command, reply: Reply)?

  /// Commands sent whose final reply (any but 1yz) has not been read.
  @exclusivity(unchecked) public internal(set) var outstanding = 0
  /// How many times all replies that were owed had come.
  @exclusivity(unchecked) package internal(set) var settlements = 0
  /// Replies are owed that no caller awaits any more: they must not be taken for the next command's.
  @exclusivity(unchecked) var repliesAreStale = false
  /// A reply that was dropped because nobody awaited it, until the next transfer.
  @exclusivity(unchecked) var dropped: Reply?
  /// The first word of the command that was sent last.
  @exclusivity(unchecked) var lastWord: Command.Word?
  /// Whether one of the replies that are owed is a transfer's, or `ABOR`'s: some servers never send it.
  @exclusivity(unchecked) var owesTransferReply = false
  /// The last reply, where it is a 226 and the command after it uses no data connection: word for word the same is that once
  /// more, come too late to be dropped before the command, and not its answer.
  @exclusivity(unchecked) var repeatable: [UInt8]?
  /// Whether a command has been sent that uses a data connection.
  @exclusivity(unchecked) var hasTransferred = false
  /// What does not answer the command that was sent last, when another reply follows: it was said before, of the transfer or as
  /// the greeting, and came too late to be dropped before the command.
  @exclusivity(unchecked) var lateCodes = LateCodes.none

  enum LateCodes {
    case none, ofTransfers, ofGreetings

    func contains(_ code: Int) -> Bool {
      switch self {
      case .none: false
      case .ofTransfers: ControlConnection.transferCodes.contains(code)
      case .ofGreetings: code == 220
      }
    }
  }

  // MARK: Whether it goes on

  /// Why nothing more can be said on this connection.
  @exclusivity(unchecked) var breakdown: String?
  /// Whether the connection has failed: the replies that are owed will not come.
  @exclusivity(unchecked) var isLost = false
  /// Whether the server awaits, or is in, the TLS handshake of a data connection that was broken off.
  @exclusivity(unchecked) var hasBrokenHandshake = false

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

  // MARK: REST, and NOOP in a transfer

  /// What has become of a `REST`, which says where the next transfer is to begin.
  enum Restart { case none, open, abandoned }
  /// Whether the server knows of one whose transfer has not come; `abandoned` when the call that said it was broken off: see `realign`.
  @exclusivity(unchecked) var restart = Restart.none
  /// What the last one named.
  @exclusivity(unchecked) var restartPlace: UInt64 = 0
  /// Both as they were before the command that was sent last, where its refusal would leave them so.
  @exclusivity(unchecked) var formerRestart: (restart: Restart, place: UInt64)?
  /// Where the last transfer began, by the `REST` before its command.
  @exclusivity(unchecked) var startOfTransfer: UInt64 = 0
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
  static let earlyEnd = Duration.milliseconds(250)

  // MARK: Its life

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

  /// The error of a reply that was not read, and what it means for the connection.
  func failed(_ error: FTPError) -> FTPError {
    // The call that waits goes on.
    if isWaiting { return error }
    switch error.kind {
    case .timedOut:
      abandonReplies()
      return FTPError(.timedOut, timeoutMessage ?? "no reply from \(host): timed out")
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

  /// Closes; inside TLS with its word of farewell, where that can be sent at once. Later calls throw `.state`.
  public func close() {
    if breakdown == nil, let stream = stream as? any SecureStream { try? stream.endWriting(idleTimeout: .zero) }
    stream.close()
    breakdown = "it was closed"
  }

  func requireUsable() throws(FTPError) {
    try requireNoWait()
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
