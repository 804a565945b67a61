import CPython
import FTPClient
import Glibc
import PythonBridge

/// A socket of Python's `ssl` with TLS in force: decrypted bytes in and out, through the socket's own methods.
///
/// It is read and written without blocking, for a descriptor with something to read says little of TLS: that may be a session
/// ticket, or half a record. To wait is `poll` with a deadline, as for a plain socket. An event loop's socket, which is none of the
/// system's, does its waiting itself.
final class TLSChannel: TLSLayer {
  private let socket: PythonObject
  private let state: ModuleState
  private let peer: String
  /// Whether it is a socket of the system, whose descriptor can be waited on.
  private let isSystems: Bool
  /// Whether its `read` and `send` are Python's, and so keep no memory that they are lent.
  private let borrows: Bool

  /// Decrypted bytes that have been read and not handed on.
  private var ahead: ArraySlice<UInt8> = []
  private var isAtEnd = false { didSet { if hidesEnd { endedWithoutNotice = isAtEnd } } }
  /// Whether an end that the peer has not announced looks like one that it has.
  private var hidesEnd = false
  /// Whether OpenSSL may hold decrypted bytes, of which the descriptor says nothing: after a read that filled its buffer.
  private var mayHoldMore = true
  /// How many of the next reads `readBytes` waits for before it tries, and how often in a row it had tried too early.
  private var looks = 0
  private var refusals = 0
  /// What went wrong behind bytes that were still to be handed on.
  private var failure: FTPError?
  /// Whether the socket is this channel's alone, and does not block.
  private var isHeld = false
  private(set) var endedWithoutNotice = false
  /// `read` and `send` of the socket's class, where they are those of `ssl` itself.
  private let own: (read: PythonObject, send: PythonObject)?
  /// See `ByteStream.interruptedWrite`.
  private(set) var interruptedWrite: Int?
  /// How much a read had brought before a signal's handler raised.
  private var rescued = 0

  /// The most that one read brings: more no longer fits the processor's cache beside its copies.
  static let largestRead = 64 * 1024
  /// The most that one TLS record holds (RFC 8446 section 5.1).
  private static let record = 16 * 1024

  /// Works on an `ssl.SSLSocket`; attached.
  init(_ socket: PythonObject, peer: String, state: ModuleState) throws(PythonError) {
    self.socket = socket
    self.peer = peer
    self.state = state
    isSystems = try socket.isInstance(of: state.nativeSocket())
    let original = try state.ssl().attribute("SSLSocket")
    var borrows = isSystems
    for method in ["read", "send"] where borrows {
      borrows = try socket.type.attribute(method) === original.attribute(method)
    }
    self.borrows = borrows
    own = borrows ? try Self.own(of: original) : nil
  }

  /// `read` and `send` of a class; nil where another module has put its own in their place.
  private static func own(of type: PythonObject) throws(PythonError) -> (read: PythonObject, send: PythonObject)? {
    let namespace = try importModule("ssl").attribute("__dict__")
    let (read, send) = (try type.attribute("read"), try type.attribute("send"))
    for function in [read, send] {
      guard let globals = try function.optionalAttribute("__globals__"), globals === namespace else { return nil }
    }
    return (read, send)
  }

  /// Takes the socket for this channel alone until it is closed: its time limit is put aside once for all reads and writes, and an
  /// end of the stream that TLS did not announce shows in `endedWithoutNotice`. Attached.
  func hold() throws(PythonError) {
    guard isSystems else { return }
    try socket.callMethod(state.names[.settimeout], .integer(0))
    isHeld = true
    hidesEnd = try state.optionsTellingEnd(socket.optionalAttribute("context")) != nil
    guard try socket.optionalAttribute("suppress_ragged_eofs") != nil else { return }
    try socket.setAttribute(.string("suppress_ragged_eofs"), .bool(false))
  }

  // MARK: Reading and writing

  /// See `ByteStream.read`.
  func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) throws(FTPError) -> Int {
    if !ahead.isEmpty { return ahead.move(into: buffer) }
    if let failure { throw failure }
    if isAtEnd { return 0 }
    var want = mayHoldMore || !isSystems ? nil : TLSWant.reading
    while true {
      if let want, try !wait(for: want, until: deadline) { throw timedOut("read from") }
      let count: Int
      (count, want) = try fill(buffer, until: deadline)
      if count > 0 || isAtEnd { return count }
      if let failure { throw failure }
    }
  }

  /// Whether `readBytes` may be called: the socket is this channel's alone, and Python's own.
  var readsBytes: Bool { isHeld && borrows }

  func readBytes(atMost size: Int, until deadline: Deadline) throws -> PythonObject? {
    let size = min(size, Self.record)
    if !ahead.isEmpty { return try ahead.moveBytes(atMost: size) }
    if let failure { throw failure }
    let reader = try held()
    var holdsMore = mayHoldMore
    // For the other ways of reading: what is left of a record when this one has ended early.
    mayHoldMore = true
    while !isAtEnd {
      let looksFirst = looks > 0 && !holdsMore
      if looksFirst {
        looks -= 1
        try waitDetached(for: .reading, until: deadline)
      }
      let wanted: TLSWant
      do {
        let bytes = try reader.callMethod(state.names[.read], .integer(size))
        let count = try bytes.withBytes { $0.count }
        isAtEnd = count == 0
        mayHoldMore = size < Self.record && count == size
        if !looksFirst { refusals = 0 }
        return isAtEnd ? nil : bytes
      } catch {
        do {
          guard let want = try TLSWant.raised(state) else {
            try noteEnd(error)
            continue
          }
          wanted = want
        } catch let error as FTPError { throw error } catch { throw failure("read from", error) }
      }
      // To be told by an exception that nothing is there costs more than to look, and to look more than to read what is there.
      holdsMore = false
      refusals = min(refusals + 1, 6)
      looks = 1 << refusals
      try waitDetached(for: wanted, until: deadline)
    }
    return nil
  }

  /// Whether decrypted bytes, or the end of the stream, are at hand; see `ByteStream.isReadable`.
  func isReadable(within timeout: Duration) throws(FTPError) -> Bool {
    let deadline = Deadline.after(timeout)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.record, alignment: 16)
    defer { buffer.deallocate() }
    while ahead.isEmpty, !isAtEnd, failure == nil {
      let (count, want): (Int, TLSWant?)
      do { (count, want) = try fill(buffer, until: deadline) } catch {
        // One that waits by itself, as gevent's, says so.
        guard !isSystems, case .timedOut = error.kind else { throw error }
        return false
      }
      ahead = Array(buffer.prefix(count))[...]
      if count == 0, let want, try !wait(for: want, until: deadline) { return false }
    }
    return true
  }

  /// Reads as many records as are there and fit; says what to wait for when there are no more. Notes the stream's end, and a
  /// failure. After the first it looks before it reads: to be told by an exception that nothing is there costs more than a record.
  private func fill(
    _ buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline
  ) throws(FTPError) -> (count: Int, want: TLSWant?) {
    try unblocked("read from", until: deadline) {
      var count = 0
      let room = min(buffer.count, Self.largestRead)
      let descriptor = isSystems ? try descriptor() : -1
      while count < room, !isAtEnd {
        do {
          let received = try receive(UnsafeMutableRawBufferPointer(rebasing: buffer[count..<room]))
          mayHoldMore = received == room - count
          count += received
          isAtEnd = received == 0
          if !isSystems || !isAtEnd && !mayHoldMore && count < room && !hasInput(descriptor) { break }
        } catch {
          mayHoldMore = false
          if let want = try TLSWant.raised(state) { return (count, want) }
          do { try noteEnd(error) } catch {
            guard error is FTPError || PythonError.matches(.osError) else {
              // A signal's handler: what has come stays.
              ahead = Array(buffer.prefix(count + rescued))[...]
              mayHoldMore = true
              throw error
            }
            // What came before a failure of the connection's is handed on first.
            guard count > 0 else { throw error }
            failure = error as? FTPError ?? self.failure("read from", error)
            return (count, nil)
          }
        }
      }
      return (count, nil)
    }
  }

  private func receive(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let size = try PythonObject.integer(buffer.count)
    guard borrows else {
      return try socket.callMethod(state.names[.recv], size).withBytes { bytes in
        let count = min(bytes.count, buffer.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
        return count
      }
    }
    guard !isHeld, let reader = try inner(for: .recv) else {
      let reader = try held()
      return try read(buffer, size, by: reader)
    }
    // `ssl` looks for signals when it has read, and what their handlers raise leaves it unsaid how much that was. It is text that holds
    // no NUL, and the memory tells.
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    do { return try read(buffer, size, by: reader) } catch {
      if !PythonError.matches(.osError) { rescued = (buffer.lastIndex { $0 != 0 } ?? -1) + 1 }
      throw error
    }
  }

  private func read(_ buffer: UnsafeMutableRawBufferPointer, _ size: PythonObject, by reader: PythonObject) throws
    -> Int
  {
    let count = try PythonObject.lending(buffer, release: state.names[.release]) {
      try reader.callMethod(state.names[.read], size, $0).integer()
    }
    return max(0, min(count, buffer.count))
  }

  /// Notes an end of the stream without `close_notify`; throws `error` when it is something else.
  private func noteEnd(_ error: any Error) throws {
    if try !TLSFailure.takeEnd(error, state) {
      // Python up to 3.11.8 and 3.12.2 calls a reset an end as well; but a socket that was reset has no peer any more.
      if isSystems {
        do { try socket.callMethod(state.names[.getpeername]) } catch {
          PythonError.clear()
          throw FTPError(errno: ECONNRESET, "read from \(peer)")
        }
      }
    }
    isAtEnd = true
    endedWithoutNotice = true
  }

  /// See `ByteStream.write`.
  func write(_ bytes: UnsafeRawBufferPointer, idleTimeout: Duration?) throws(FTPError) {
    var rest = bytes[...]
    interruptedWrite = 0
    while !rest.isEmpty {
      let deadline = Deadline.after(idleTimeout)
      let wanted = try unblocked("write to", until: deadline) { () throws -> TLSWant? in
        while !rest.isEmpty {
          // One record at a time: OpenSSL takes a record whole, or wants the same bytes again.
          let record = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.record))
          do {
            let count = max(0, min(try send(record), record.count))
            rest = rest.dropFirst(count)
            interruptedWrite = interruptedWrite.map { $0 + count }
          } catch {
            guard let want = try TLSWant.raised(state) else { throw error }
            // In the midst of it.
            interruptedWrite = nil
            return want
          }
        }
        return nil
      }
      if let wanted, try !wait(for: wanted, until: deadline) { throw timedOut("write to") }
    }
  }

  private func send(_ record: UnsafeRawBufferPointer) throws -> Int {
    guard borrows else { return try socket.callMethod(state.names[.send], .bytes(record)).integer() }
    let own = try isHeld ? nil : inner(for: .send)
    let writer = try own ?? held()
    let name = writer === socket ? state.names[.send] : state.names[.write]
    // What came until now must not pass for something that came while it is sent.
    if own != nil { try Attachment.checkSignals() }
    do {
      return try PythonObject.lending(record, release: state.names[.release]) {
        try writer.callMethod(name, $0).integer()
      }
    } catch {
      guard !PythonError.matches(.osError) else { throw error }
      // `ssl` looks for signals when it has written. A socket that takes more has taken all of it.
      let hasGone = own != nil && isWritable(knownDescriptor())
      interruptedWrite = hasGone ? interruptedWrite.map { $0 + record.count } : nil
      throw error
    }
  }

  /// Beside an exception that is set.
  private func knownDescriptor() -> CInt {
    var number: CInt = -1
    PythonError.preserving { number = try descriptor() }
    return number
  }

  private func isWritable(_ descriptor: CInt) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&request, 1, 0) > 0
  }

  /// The object of `_ssl` behind the socket, for calls that say more of what they have done than those of Python's around them; nil where
  /// somebody has put another method in the place of the socket's.
  private func inner(for method: Name) throws(PythonError) -> PythonObject? {
    guard let own else { return nil }
    let (name, function) = method == .send ? (state.names[.send], own.send) : (state.names[.read], own.read)
    guard let found = try socket.optionalAttribute(name)?.optionalAttribute("__func__"), found === function,
      let inner = try socket.optionalAttribute(state.names[._sslobj]), !inner.isNone
    else { return nil }
    return inner
  }

  /// The object of `_ssl` behind a socket that is this channel's alone, which `SSLSocket`'s `read` and `send` would call in turn: a
  /// record costs a Python function less. The socket itself where there is none, for that says why.
  private func held() throws(PythonError) -> PythonObject {
    guard isHeld, let inner = try socket.optionalAttribute(state.names[._sslobj]), !inner.isNone else { return socket }
    return inner
  }

  func resetOnClose() throws(PythonError) {
    guard isSystems else { return }
    let option = try withUnsafeBytes(of: linger(l_onoff: 1, l_linger: 0)) { (bytes) throws(PythonError) in
      try PythonObject.bytes(bytes)
    }
    let (level, name) = (try PythonObject.integer(Int(SOL_SOCKET)), try PythonObject.integer(Int(SO_LINGER)))
    _ = try socket.attribute("setsockopt").call(level, name, option)
  }

  func sendNotice() throws -> TLSWant? {
    // Python's own: a popular recipe for CPython overrides it, to do nothing, because there it may hang.
    let unwrap = try state.ssl().attribute("SSLSocket").attribute("unwrap")
    do {
      _ = try unwrap.call(socket)
      return nil
    } catch {
      guard let want = try TLSWant.raised(state) else { throw error }
      return want
    }
  }

  // MARK: Waiting

  private func descriptor() throws -> CInt {
    CInt(clamping: try socket.callMethod(state.names[.fileno]).integer())
  }

  /// Whether something, or the end, waits to be read from the descriptor.
  private func hasInput(_ descriptor: CInt) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, 0) > 0
  }

  /// Waits on the descriptor; false when the deadline passed first.
  func wait(for want: TLSWant, until deadline: Deadline) throws(FTPError) -> Bool {
    try wait(on: try python("use") { try self.descriptor() }, for: want, until: deadline)
  }

  /// The same, attached, for a read; detached meanwhile.
  private func waitDetached(for want: TLSWant, until deadline: Deadline) throws(FTPError) {
    let descriptor = try python("use") { try self.descriptor() }
    let isReady = try Attachment.detach { () throws(FTPError) in try wait(on: descriptor, for: want, until: deadline) }
    guard isReady else { throw timedOut("read from") }
  }

  private func wait(on descriptor: CInt, for want: TLSWant, until deadline: Deadline) throws(FTPError) -> Bool {
    guard descriptor >= 0 else { throw closedMeanwhile }
    let socket = Socket(
      descriptor: descriptor, owned: false, peer: peer, interrupt: Interrupt(Attachment.checkSignals))
    do { return try want == .reading ? socket.isReadable(until: deadline) : socket.isWritable(until: deadline) } catch {
      // Another thread has closed it since the descriptor was asked for.
      if case .system(EBADF) = error.kind { throw closedMeanwhile }
      throw error
    }
  }

  /// Calls the socket, attached, with its time limit put aside; one that waits itself gets the time until the deadline.
  private func unblocked<Result>(
    _ action: String, until deadline: Deadline, _ body: () throws -> Result
  ) throws(FTPError) -> Result {
    try python(action) {
      if isHeld { return try body() }
      let own = try socket.callMethod(state.names[.gettimeout])
      let limit = isSystems ? 0 : deadline.remaining.map { max(0.001, $0.inSeconds) }
      try socket.callMethod(state.names[.settimeout], limit.map(PythonObject.float) ?? PythonObject.none)
      defer { PythonError.preserving { try socket.callMethod(state.names[.settimeout], own) } }
      return try body()
    }
  }

  // MARK: Failures

  private var closedMeanwhile: FTPError { FTPError(.state, "the connection to \(peer) was closed during the call") }

  private func timedOut(_ action: String) -> FTPError { FTPError(.timedOut, "cannot \(action) \(peer): timed out") }

  /// The client's error for the exception that is set. Those that are not the socket's, as of a signal's handler, pass as they are.
  func failure(_ action: String, _ error: any Error) -> FTPError {
    guard PythonError.matches(.osError), let exception = PythonError.take() else {
      return FTPError(interruptedBy: error)
    }
    do {
      if exception.type.isSubclass(of: .timeoutError) { return timedOut(action) }
      if try socket.callMethod(state.names[.fileno]).integer() < 0 { return closedMeanwhile }
      let module = try exception.type.attribute("__module__").text()
      if module == "builtins", let code = CInt(exactly: try exception.attribute("errno").integer()), code > 0 {
        return FTPError(errno: code, "\(action) \(peer)")
      }
      try TLSFailure.reword(exception, "cannot \(action) \(peer)")
    } catch { PythonError.clear() }
    return FTPError(interruptedBy: TLSFailure(exception))
  }
}
