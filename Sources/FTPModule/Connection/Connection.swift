import CPython
import FTPClient
import Glibc
import PythonBridge

/// What an FTP object knows of its connection beyond its attributes: the object in its attribute `file`.
///
/// To Python it is a file that replies are read from. It works on the socket that was in `sock` when it was made, and is used
/// by one thread at a time.
final class Connection: ReferenceHolder {
  let stream: PythonStream
  /// Of a connection of this object's own.
  private let ownControl: ControlConnection
  /// The Swift session whose connection it is.
  let session: FTPSession?
  /// A session may have another one after `CCC`.
  var control: ControlConnection { session?.control ?? ownControl }
  /// How `file.readline` reads: a file keeps the encoding that it was opened with. Replies go by the object's attributes.
  let codec: TextCodec
  private let state: ModuleState

  /// The TLS session of a control connection that `ccc` has led out of TLS: data connections still resume it.
  var tlsSession: PythonObject?
  /// How many TLS sessions in a row the server has declined on data connections; no more than the limit of those that are offered.
  var declinedSessions = 0
  /// Whether the server has written what is no UTF-8, to a client that takes both that and Latin-1.
  @exclusivity(unchecked) private(set) var writesLatin1 = false
  /// Whether `EPSV` is of no use here: refused, or its port cannot be reached.
  var refusesExtendedPassive = false
  /// Whether the server does not know `MLSD`.
  var lacksMachineListing = false
  /// What the server has said of itself, once it has been asked.
  var features: ServerFeatures?
  /// What this object has made the representation, and the connection's count of changes then.
  private var representation: (type: FTPSession.Representation, at: RepresentationChanges)?
  /// Whether the caller of `transfercmd` reads the data before there is a reply, and what the replies say then.
  var takesDataFirst = false
  /// The transfer that a method of the object is running now.
  @exclusivity(unchecked) var transfer: RunningTransfer?
  /// The data connection that `transfercmd` gave away last.
  @exclusivity(unchecked) private var handedOut: HandedOut?
  /// The same where it is one of the session's; the caller's object holds it.
  private weak var handedOutStream: SharedStream?
  @exclusivity(unchecked) private var hasHandedOutStream = false
  /// The control connection's count when one of them was given away: once it has gone on, the replies were read.
  private var settlementsAtHandOut = 0

  private let process = getpid()
  @exclusivity(unchecked) private var thread: pthread_t?
  @exclusivity(unchecked) private var depth = 0
  /// `close` was called. The socket is closed when no call uses it.
  @exclusivity(unchecked) private(set) var isClosed = false

  /// Whether Python code has had the socket. It may have kept it, and say there what changes the representation or the directory, at any time.
  @exclusivity(unchecked) private(set) var isShared = false

  /// Whether this object has made the representation what it still is.
  func isRepresented(as type: FTPSession.Representation) -> Bool {
    guard !isShared, let representation else { return false }
    return representation.type == type && representation.at == control.representationChanges
  }

  /// Remembers that this object has just made it this.
  func noteRepresentation(as type: FTPSession.Representation) { representation = (type, control.representationChanges) }

  /// A transfer in progress, and whether `abort` or `close` has ended it.
  final class RunningTransfer {
    let stream: PythonStream
    var isBrokenOff = false

    init(_ stream: PythonStream) { self.stream = stream }

    /// Wakes the transfer, which ends with an error; from any thread.
    func breakOff() {
      isBrokenOff = true
      stream.shutdown()
    }

    /// Throws when the transfer has been broken off.
    func requireWhole() throws(FTPError) {
      if isBrokenOff { throw FTPError(.state, "the transfer was broken off by abort() or close()") }
    }
  }

  /// A data connection in the hands of a caller, by a weak reference: the caller owns it.
  struct HandedOut {
    let reference: PythonObject
    let announced: UInt64?

    /// The socket, while it lives and is open.
    func openSocket(_ names: Names) -> PythonObject? {
      do {
        let socket = try reference.call()
        guard !socket.isNone, try socket.callMethod(names[.fileno]).integer() >= 0 else { return nil }
        return socket
      } catch {
        PythonError.clear()
        return nil
      }
    }
  }

  /// Speaks over a connected Python socket.
  convenience init(_ socket: PythonObject, host: String, codec: TextCodec, state: ModuleState) throws(PythonError) {
    let stream = try PythonStream(socket, peer: host, state: state)
    self.init(stream, PeerName(host), codec: codec, state: state)
  }

  /// Speaks over a stream.
  init(_ stream: PythonStream, _ name: PeerName, codec: TextCodec, state: ModuleState) {
    self.state = state
    self.codec = codec
    self.stream = stream
    ownControl = ControlConnection(stream, stream, name: name, replyTimeout: nil)
    session = nil
  }

  /// Speaks over a connection that a Swift session holds as well: one count of replies for both. `socket` is another descriptor of it,
  /// or its `SharedStream`.
  init(_ socket: PythonObject, sharing session: FTPSession, codec: TextCodec, state: ModuleState)
    throws(PythonError)
  {
    self.state = state
    self.codec = codec
    self.session = session
    ownControl = session.control
    stream = try PythonStream(socket, peer: session.control.host, state: state)
  }

  deinit { if stream.isSliced, process == getpid() { PythonError.preserving { stream.endSlices() } } }

  var references: [PythonObject] {
    stream.references + [tlsSession, handedOut?.reference].compactMap(\.self)
  }

  /// The socket goes when the object goes: it is part of no cycle that only its own class could break.
  func clearReferences() {
    tlsSession = nil
    handedOut = nil
  }

  private var knownPeer: SocketAddress?

  /// The server's address, for data connections to it; nil when the socket has none any more.
  var peer: SocketAddress? {
    if let knownPeer { return knownPeer }
    guard let descriptor = stream.plainDescriptor else { return nil }
    knownPeer = SocketAddress.peer(of: descriptor)
    return knownPeer
  }

  /// What looking has shown of the object.
  @exclusivity(unchecked) var assurance: Assurance?

  // MARK: How long a reply may take

  /// Whether the socket had a time limit of its own when it was opened; nil before that was looked for.
  @exclusivity(unchecked) var openedWithLimit: Bool?

  enum ReplyLimit: Equatable { case seconds(Double), `default`, none }
  @exclusivity(unchecked) private var replyLimit: ReplyLimit?

  /// Bounds the waiting for a reply. It is asked before each command, and mostly the same. `message` is what the time-out says, if not the usual.
  func limit(replies limit: ReplyLimit, saying message: () -> String? = { nil }) {
    guard limit != replyLimit || session != nil else { return }
    replyLimit = limit
    control.timeoutMessage = message()
    switch limit {
    case .seconds(let seconds): control.replyTimeout = Duration(seconds)
    case .default: control.replyTimeout = FTPObject.defaultIdleTimeout
    case .none: control.replyTimeout = nil
    }
  }

  // MARK: One thread at a time

  /// Python code takes the socket: it must find it as it was made. See `PythonStream.beginSlices`.
  ///
  /// While a call runs that is when it is over: in between nobody else can wait on it. A fork's child, whose parent goes on with the
  /// connection, must leave that as it is.
  func handOutSocket() {
    isShared = true
    // A session's own memory of it is another.
    control.doubtRepresentation()
    guard stream.isSliced, process == getpid() || process != getppid() else { return }
    if depth > 0 { isSocketWanted = true } else { stream.endSlices() }
  }

  @exclusivity(unchecked) private var isSocketWanted = false

  /// Runs a call on the connection. Calls nest in a transfer's callback; any other in between, of this thread or another, is refused.
  func use<Result>(_ body: () throws -> Result) throws -> Result {
    if let thread, pthread_equal(thread, pthread_self()) == 0 {
      throw FTPError(.state, "this FTP object is in use by another thread")
    }
    // Only a transfer calls Python code that may use the object: to abort. A signal's handler may come at any time.
    guard depth == 0 || transfer != nil else {
      throw FTPError(.state, "this FTP object waits for a reply: it cannot be used before that has come")
    }
    try requireOpen()
    thread = pthread_self()
    depth += 1
    defer {
      depth -= 1
      if depth == 0 {
        thread = nil
        // A callback's exception may be on its way.
        if isSocketWanted { PythonError.preserving { stream.endSlices() } }
        if isClosed { stream.close() }
      }
    }
    return try body()
  }

  /// Throws when a call or a transfer is running, or a caller holds an open data connection.
  func requireIdle() throws(FTPError) {
    guard depth == 0, transfer == nil, handedOut?.openSocket(state.names) == nil else {
      throw FTPError(.state, "this FTP object is in use: let its transfer end first")
    }
  }

  /// Throws when `close` was called.
  func requireOpen() throws(FTPError) {
    if isClosed { throw FTPError(.state, "the connection has been closed by close()") }
  }

  /// Closes now, or, while a call is running (in this thread or another), wakes that call and closes when it is over:
  /// a descriptor must not be closed under a thread that waits on it.
  func close() {
    isClosed = true
    guard depth > 0 else {
      stream.close()
      return
    }
    guard process == getpid() else {
      // A fork's child gives its copies up; the connection is the parent's, who goes on.
      stream.close()
      transfer?.isBrokenOff = true
      return
    }
    transfer?.breakOff()
    stream.shutdown()
  }

  /// Throws when a transfer is running, or a data connection is open in a caller's hands.
  func requireNoTransfer() throws(FTPError) {
    guard transfer == nil, handedOut?.openSocket(state.names) == nil else {
      throw FTPError(.state, "a transfer is running on this FTP object: let it end, or call abort() or close()")
    }
  }

  // MARK: Data connections in the caller's hands

  /// Remembers a data connection that `transfercmd` gives away.
  func handOut(_ socket: PythonObject, announced: UInt64?) {
    settlementsAtHandOut = control.settlements
    if let stream = SharedStream.of(socket, state) {
      handedOutStream = stream
      hasHandedOutStream = true
      return
    }
    do {
      let reference = try socket.weakReference()
      handedOut = HandedOut(reference: reference, announced: announced)
    } catch {
      PythonError.clear()
      handedOut = nil
    }
  }

  /// Whether this data connection is the one given away last.
  func hasHandedOut(_ socket: PythonObject) -> Bool {
    if let stream = SharedStream.of(socket, state) { return stream === handedOutStream }
    return handedOut?.openSocket(state.names).map { $0 === socket } ?? false
  }

  /// The size that was announced for this data connection, when it is the one given away last.
  func announcedSize(of socket: PythonObject) -> UInt64? {
    if let stream = SharedStream.of(socket, state) { return stream.announced }
    return hasHandedOut(socket) ? handedOut?.announced : nil
  }

  /// Closes the data connection of the running transfer, the caller's or a method's: servers answer `ABOR` when it is gone, and one
  /// that cannot send any further reads nothing before.
  func endDataConnection() {
    if let stream = handedOutStream, !stream.isClosed {
      stream.breakOff()
      transfer?.isBrokenOff = true
      return
    }
    if transfer?.stream.isOwn == true {
      // Closed at once, as below; a callback runs, and no thread waits on it.
      transfer?.stream.close()
      transfer?.isBrokenOff = true
      return
    }
    guard let socket = handedOut?.openSocket(state.names) else {
      transfer?.breakOff()
      return
    }
    // Closed at once, not shut down first: inetutils' ftpd dies of the end of a connection that it still writes to.
    PythonError.closing { _ = try socket.callMethod(state.names[.close]) }
    transfer?.isBrokenOff = true
    transfer?.stream.revalidate()
  }

  /// Gives up the replies to what used the data connection that was given away, unless they have been read since.
  private func abandonReplies() {
    if control.settlements == settlementsAtHandOut { control.abandonReplies() }
  }

  /// Gives up the replies to what used a data connection that was given away and has been closed; false while one is open.
  func abandonHandedOut() -> Bool {
    if let handedOut {
      if handedOut.openSocket(state.names) != nil { return false }
      self.handedOut = nil
      abandonReplies()
    }
    if hasHandedOutStream {
      if let handedOutStream, !handedOutStream.isClosed { return false }
      hasHandedOutStream = false
      abandonReplies()
    }
    return true
  }

  /// Makes the connection ready for a command: no reply that belongs to an earlier one is left.
  ///
  /// While a caller holds an open data connection its replies are the caller's.
  func prepare(for command: String) throws {
    let verb = command.prefix { $0 != " " }.uppercased()
    if verb == "ABOR" { return }
    if transfer != nil {
      throw FTPError(.state, "cannot send \(verb) while a transfer is running: let it end, or call abort() or close()")
    }
    guard abandonHandedOut() else { return }
    // The session may be in the middle of a transfer of its own.
    if session != nil { try control.requireNobodyWaits(for: "send \(verb)") }
    try Attachment.detach { try control.realign() }
  }

  /// Whether a command can be sent at once after `realign`: `prepare` would have nothing else to do, and nothing to refuse.
  func isReady(for word: Command.Word) -> Bool {
    transfer == nil && handedOut == nil && !hasHandedOutStream && session == nil && !word.isAbort
  }

  // MARK: Text

  /// What the server has written as text, as the other.
  func decode(_ bytes: [UInt8], _ codec: TextCodec) throws -> PythonObject {
    try bytes.withUnsafeBytes { try decode($0, codec) }
  }

  /// What the server has written as text; with an automatic codec, which of its encodings that is.
  func decode(_ bytes: UnsafeRawBufferPointer, _ codec: TextCodec) throws(PythonError) -> PythonObject {
    let resolved = codec.resolved(for: bytes)
    if codec.isAutomatic, resolved == codec.latin1 { writesLatin1 = true }
    return try resolved.decode(bytes)
  }
}
