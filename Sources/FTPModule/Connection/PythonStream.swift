import CPython
import FTPClient
import Glibc
import PythonBridge

/// A Python socket as a `ByteStream`.
///
/// A plain `socket.socket` is read and written through its descriptor, detached from the interpreter. Any other (TLS,
/// a proxy's, an event loop's) through its own methods.
final class PythonStream: ByteStream, PromptStream, FileSending, FileReceiving, Waitable {
  let socket: PythonObject
  private let state: ModuleState
  private let peer: PeerName
  private let native: Socket?
  /// Whether the client has made the connection by itself.
  private(set) var isOwn = false
  /// The TLS on the socket, where there is some.
  let tls: (any TLSLayer)?
  /// The same, where the descriptor is read and written here.
  private var pipe: TLSPipe? { tls as? TLSPipe }
  /// A connection of a Swift session's, in TLS of Swift's.
  let shared: SharedStream?

  /// The descriptor of a plain socket; nil for any other.
  var plainDescriptor: CInt? { usable?.descriptor }
  /// The client's own hold on a plain socket, while that is open.
  private var usable: Socket? { native.flatMap { $0.descriptor >= 0 ? $0 : nil } }
  /// How many bytes wait in a plain socket; nil of any other, and where the system does not say.
  var waitingCount: Int? {
    var count: CInt = 0
    guard let plainDescriptor, ioctl(plainDescriptor, UInt(FIONREAD), &count) == 0 else { return nil }
    return Int(count)
  }
  /// Whether a download in TLS has ended without `close_notify`.
  var endedWithoutNotice: Bool { tls?.endedWithoutNotice ?? shared?.endedWithoutNotice ?? false }

  /// Works on a Python socket; attached.
  convenience init(_ socket: PythonObject, peer: String, state: ModuleState) throws(PythonError) {
    try self.init(socket, peer: PeerName(peer), state: state)
  }

  /// Works on a Python socket; attached.
  init(_ socket: PythonObject, peer: PeerName, state: ModuleState) throws(PythonError) {
    self.socket = socket
    self.peer = peer
    self.state = state
    shared = SharedStream.of(socket, state)
    if shared != nil {
      (tls, native) = (nil, nil)
      return
    }
    if try state.isTLS(socket), try !socket.callMethod("version").isNone {
      (tls, native) = (try TLSChannel(socket, peer: peer.description, state: state), nil)
      return
    }
    tls = nil
    guard try Self.isPlain(socket, state) else {
      native = nil
      return
    }
    let questions = try Questions(socket, state.names)
    self.questions = questions
    native = Socket(
      descriptor: try questions.descriptor(of: socket, state.names), owned: false, name: peer,
      interrupt: Interrupt(Attachment.checkSignals))
  }

  /// Works on a socket of `PlainSockets`.
  init(plain socket: PythonObject, _ plain: FTPObject.Plain, peer: PeerName, state: ModuleState) {
    self.socket = socket
    questions = plain.questions
    self.peer = peer
    self.state = state
    (tls, shared) = (nil, nil)
    native = Socket(
      descriptor: plain.descriptor, owned: false, name: peer, interrupt: Interrupt(Attachment.checkSignals))
  }

  /// Works on a connection that the client has made by itself, and that no Python code can see.
  init(_ own: Socket, state: ModuleState) {
    socket = .none
    peer = own.name
    self.state = state
    (tls, shared) = (nil, nil)
    native = own
    isOwn = true
  }

  /// Works on a plain socket, below TLS; attached.
  init(_ socket: PythonObject, below pipe: TLSPipe, peer: String, state: ModuleState) {
    self.socket = socket
    self.peer = PeerName(peer)
    self.state = state
    tls = pipe
    (shared, native) = (nil, nil)
  }

  /// Whether the socket is of the class `socket.socket` itself, with the methods that it was born with; or of `ssl.SSLSocket`,
  /// whose TLS has ended (`ccc`).
  static func isPlain(_ socket: PythonObject, _ state: ModuleState) throws(PythonError) -> Bool {
    if try state.isTLS(socket) { return try socket.isInstance(of: state.nativeSocket()) }
    let type = socket.type
    guard try type === state.socket().attribute(state.names[.socket]) else { return false }
    let original = try state.nativeSocket()
    for method in [Name.recv, .send, .sendall] {
      let name = state.names[method]
      guard try type.attribute(name) === original.attribute(name) else { return false }
    }
    return true
  }

  /// What a plain socket is asked before each command. Its methods are those that it was born with, as for all that is done to a plain one.
  struct Questions {
    let fileno, gettimeout: SimpleMethod?

    init(_ socket: PythonObject, _ names: Names) throws(PythonError) {
      fileno = try SimpleMethod(names[.fileno], of: socket)
      gettimeout = try SimpleMethod(names[.gettimeout], of: socket)
    }

    func descriptor(of socket: PythonObject, _ names: Names) throws(PythonError) -> CInt {
      if let fileno { return CInt(clamping: try fileno.integer(socket.glance)) }
      return CInt(clamping: try socket.glance.callForInteger(names[glance: .fileno]))
    }
  }

  @exclusivity(unchecked) private var questions: Questions?

  /// What the garbage collector must see.
  var references: [PythonObject] { [socket] }

  private func descriptor() throws(PythonError) -> CInt {
    if let questions { return try questions.descriptor(of: socket, state.names) }
    return CInt(clamping: try socket.optionalAttribute(state.names[.fileno])?.call().integer() ?? -1)
  }

  /// The socket's own time limit in seconds. Attached.
  func timeLimit() throws(PythonError) -> Double? {
    if let gettimeout = questions?.gettimeout { return try gettimeout.number(socket.glance) }
    guard let limit = try socket.optionalAttribute(state.names[.gettimeout])?.call(), !limit.isNone else { return nil }
    return try limit.double()
  }

  /// Whether calls on the socket's descriptor wait by themselves, in slices of time: as long as Python code does not have the socket, for
  /// that would see it.
  @exclusivity(unchecked) private(set) var isSliced = false

  /// Saves a `poll` for each reply of a socket that is plain, without a time limit and nobody else's. Attached.
  func beginSlices() throws(PythonError) {
    guard !isOwn, let native, native.descriptor >= 0, try timeLimit() == nil else { return }
    native.waitInCalls()
    isSliced = true
  }

  /// Takes that back, before Python code gets the socket, or when it has set a time limit in some other way. Attached.
  func endSlices() {
    guard isSliced else { return }
    isSliced = false
    revalidate()
    if let native, native.descriptor >= 0 { native.waitBeforeCalls() }
  }

  /// Whether Python code has closed the socket; attached.
  var isClosed: Bool {
    do { return try descriptor() < 0 } catch {
      PythonError.clear()
      return true
    }
  }

  /// Makes sure, after Python code has run, that the descriptor is still this socket's: a closed one's number may belong
  /// to another file by now. Attached.
  func revalidate() {
    guard !isOwn, let own = native ?? pipe?.transport, own.descriptor >= 0 else { return }
    if isClosed { own.close() }
  }

  // MARK: ByteStream

  /// The descriptor to wait on together with others.
  private var known: CInt?
  var waitable: CInt? {
    if let native { return native.waitable }
    if let known { return known }
    known = Attachment.attach {
      do { return try descriptor() } catch {
        PythonError.clear()
        return -1
      }
    }
    return known.flatMap { $0 >= 0 ? $0 : nil }
  }
  var tellsAll: Bool { native != nil }

  func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) throws(FTPError) -> Int {
    if let native {
      guard native.descriptor >= 0 else { throw closedMeanwhile }
      return try native.read(into: buffer, until: deadline)
    }
    if let tls { return try tls.read(into: buffer, until: deadline) }
    if let shared {
      try shared.requireOpen()
      return try shared.stream.read(into: buffer, until: deadline)
    }
    return try python {
      let chunk = try self.socket.callMethod(self.state.names[.recv], .integer(buffer.count))
      return try chunk.withBytes { bytes in
        let count = min(bytes.count, buffer.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
        return count
      }
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer, idleTimeout: Duration?) throws(FTPError) {
    if let native {
      guard native.descriptor >= 0 else { throw closedMeanwhile }
      return try native.write(bytes, idleTimeout: idleTimeout)
    }
    if let tls { return try tls.write(bytes, idleTimeout: idleTimeout) }
    if let shared {
      try shared.requireOpen()
      return try shared.stream.write(bytes, idleTimeout: idleTimeout)
    }
    try python { _ = try self.socket.callMethod(self.state.names[.sendall], .bytes(bytes)) }
  }

  var isSilent: Bool { usable?.isSilent ?? false }

  func readPromptly(into buffer: UnsafeMutableRawBufferPointer) throws(FTPError) -> Int? {
    guard let usable else { return nil }
    return try usable.readPromptly(into: buffer)
  }

  var interruptedWrite: Int? { native?.interruptedWrite ?? (tls as? TLSChannel)?.interruptedWrite }

  /// Whether the descriptor is read and written here.
  var sendsFiles: Bool { native != nil || pipe != nil }

  /// Through the descriptor, inside TLS by way of memory; nothing through any other socket's methods. See `FileSending.send`.
  func send(file: CInt, from offset: UInt64, idleTimeout: Duration?) throws(FTPError) -> Int {
    if let pipe { return try pipe.send(file: file, from: offset, idleTimeout: idleTimeout) }
    guard let native else { return 0 }
    guard native.descriptor >= 0 else { throw closedMeanwhile }
    return try native.send(file: file, from: offset, idleTimeout: idleTimeout)
  }

  /// Whether it is a plain socket.
  var receivesFiles: Bool { native != nil }

  /// Memory that is read into with less effort than any other, as long as the stream lives; nil where all is alike. Attached.
  func quickMemory() throws(PythonError) -> UnsafeMutableRawBufferPointer? { try pipe?.quickMemory() }

  /// Through the descriptor of a plain socket; nothing through any other. See `FileReceiving.receive`.
  func receive(
    file: CInt, at offset: UInt64?, most: Int, through pipe: SplicePipe, until deadline: Deadline
  ) throws -> Int? {
    guard let native else { return nil }
    guard native.descriptor >= 0 else { throw closedMeanwhile }
    return try native.receive(file: file, at: offset, most: most, through: pipe, until: deadline)
  }

  func isReadable(within timeout: Duration) throws(FTPError) -> Bool {
    if let native {
      guard native.descriptor >= 0 else { throw closedMeanwhile }
      return try native.isReadable(within: timeout)
    }
    if let tls { return try tls.isReadable(within: timeout) }
    if let shared {
      try shared.requireOpen()
      return try shared.stream.isReadable(within: timeout)
    }
    let descriptor = try python { try self.descriptor() }
    guard descriptor >= 0 else { throw closedMeanwhile }
    let socket = Socket(
      descriptor: descriptor, owned: false, name: peer, interrupt: Interrupt(Attachment.checkSignals))
    return try socket.isReadable(within: timeout)
  }

  /// Whether the stream's end has come and nothing waits before it; reads what does.
  func hasEnded() throws(FTPError) -> Bool {
    guard try isReadable(within: .zero) else { return false }
    let byte = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
    defer { byte.deallocate() }
    return try read(into: byte, until: .after(.zero)) == 0
  }

  func shutdown() {
    if isOwn { return native?.shutdown() ?? () }
    if let shared { return shared.stream.shutdown() }
    Attachment.attach {
      PythonError.preserving {
        guard tls != nil, try socket.isInstance(of: state.nativeSocket()) else {
          _ = try socket.callMethod(state.names[.shutdown], try .integer(2))
          return
        }
        // An `SSLSocket`'s own `shutdown` ends its TLS: another thread would go on to read it undeciphered.
        _ = try state.socket().attribute("socket").callMethod(state.names[.shutdown], socket, .integer(2))
      }
    }
  }

  func close() {
    native?.close()
    isSliced = false
    if isOwn { return }
    Attachment.attach { PythonError.closing { try socket.callMethod(state.names[.close]) } }
  }

  private var closedMeanwhile: FTPError { FTPError(.state, "the connection to \(peer) was closed during the call") }

  private func python<Result>(_ body: () throws -> Result) throws(FTPError) -> Result {
    do { return try Attachment.attach(body) } catch let error as FTPError { throw error } catch {
      throw FTPError(interruptedBy: error)
    }
  }
}
