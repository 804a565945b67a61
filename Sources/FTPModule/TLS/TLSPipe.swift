import CPython
import FTPClient
import Glibc
import PythonBridge

/// The TLS of a data connection of which a script sees the bytes and nothing else: `ssl` enciphers and deciphers in memory
/// (`SSLContext.wrap_bio`), and the descriptor is read and written here.
///
/// It is made for speed. OpenSSL reads a record from a socket by two system calls, one for its head and one for the rest, and sends each
/// by one: here one call moves several. Python's `ssl` could not tell OpenSSL to read ahead. All that TLS decides stays with the caller's
/// context: versions, ciphers, trust, host name, key log, sessions.
final class TLSPipe: TLSLayer {
  private let object: PythonObject
  /// The object of `_ssl` in it, which its `read` and `write` would call in turn: a record costs a Python function less.
  private let inner: PythonObject
  /// From the peer to OpenSSL, and from OpenSSL to the peer: `ssl.MemoryBIO`.
  private let incoming, outgoing: PythonObject
  /// Their methods that are called for each record.
  private let reader, writer, feeder: LentCalls
  private let drainer: PythonObject
  /// The connection, by its descriptor.
  let transport: Socket
  private let state: ModuleState
  private let peer: String

  /// What was read from the connection, of which `arrived` bytes are still to be given to OpenSSL; and from a file.
  private var block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var arrived = 0
  private var source = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// Memory that whole records are deciphered into with the least effort.
  private var slots: SlotCalls?
  private var records = TLSRecords()
  private var gathering = TLSGathering()
  /// Whether OpenSSL holds the rest of a record that a read had no room for.
  private var holdsRest = false
  /// Whether OpenSSL has said that it wants more.
  private var isDrained = true
  /// Whether the TCP connection has ended, and OpenSSL knows.
  private var hasEnded = false
  /// Whether TLS has.
  private var isAtEnd = false
  private(set) var endedWithoutNotice = false
  /// What went wrong behind bytes that were still to be handed on.
  private var failure: FTPError?
  /// Decrypted bytes that have been read and not handed on.
  private var ahead: ArraySlice<UInt8> = []
  /// What OpenSSL had to say, while it is sent, and how much of it has been: a handshake goes on behind a signal's handler.
  private var unsent: PythonObject?
  private var sent = 0
  /// What is left to send of `close_notify`; nil before it is made. Whether the peer's has come.
  private var notice: ArraySlice<UInt8>?
  private var isAnswered = false

  /// The most that one system call reads: sixteen records and what TLS adds to them.
  private static let largestRead = 16 * (record + 32)
  /// How many records are deciphered at once, at best: they, what they were and its copy in OpenSSL's memory fit the processor's second cache.
  private static let recordsAtOnce = 8
  /// The most that is enciphered before it is sent.
  private static let largestWrite = 8 * record
  /// Memory that begins with a page the system copies to and from with less effort.
  private static let page = 4096
  /// The most that one TLS record holds (RFC 8446 section 5.1).
  private static let record = 16 * 1024

  /// TLS for a connected socket, a plain one, before the handshake; attached. `session` is one to resume.
  init(
    _ socket: PythonObject, _ context: PythonObject, host: PythonObject, session: PythonObject?, peer: String,
    state: ModuleState
  ) throws(PythonError) {
    let memory = try state.ssl().attribute("MemoryBIO")
    incoming = try memory.call()
    outgoing = try memory.call()
    let keywords = try PythonObject.dictionary()
    try keywords.set(host, for: "server_hostname")
    if let session { try keywords.set(session, for: "session") }
    object = try context.attribute("wrap_bio").call(arguments: .tuple(incoming, outgoing), keywords: keywords)
    inner = try object.optionalAttribute(state.names[._sslobj]) ?? object
    let release = state.names[.release]
    reader = try LentCalls(inner.attribute(state.names[.read]), release: release)
    writer = try LentCalls(inner.attribute(state.names[.write]), release: release)
    feeder = try LentCalls(incoming.attribute(state.names[.write]), release: release)
    drainer = try outgoing.attribute(state.names[.read])
    transport = Socket(
      descriptor: CInt(clamping: try socket.callMethod(state.names[.fileno]).integer()), owned: false, peer: peer,
      interrupt: Interrupt(Attachment.checkSignals))
    self.state = state
    self.peer = peer
  }

  deinit {
    block.deallocate()
    source.deallocate()
  }

  /// Whether the handshake has resumed the session. Attached.
  var isResumed: Bool { get throws(PythonError) { try object.attribute("session_reused").isTrue() } }

  /// Does the handshake, or goes on with one that a signal's handler has broken off. Attached, but for the waiting. Blocks until `deadline`;
  /// sets an exception, as that of a socket would.
  func shakeHands(until deadline: Deadline) throws {
    do {
      while true {
        do {
          try takeIn()
          try object.callMethod(state.names[.do_handshake])
          if try !incoming.attribute(state.names[.pending]).isTrue() { records.consumeAll() }
          return try flush(until: deadline)
        } catch let error as PythonError {
          guard try TLSWant.raised(state) != nil else {
            if PythonError.matches(.osError) { sendWithoutWaiting() }
            throw error
          }
        }
        try flush(until: deadline)
        try detached { () throws(FTPError) in try feed(until: deadline) }
      }
    } catch let error as FTPError {
      switch error.kind {
      case .timedOut: throw PythonError.raise(.timeoutError, error.message)
      case .system(let code):
        throw PythonError.system(code)
      default: throw error
      }
    }
  }

  func hold() {}

  // MARK: Reading

  func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) throws(FTPError) -> Int {
    if !ahead.isEmpty { return ahead.move(into: buffer) }
    while !isAtEnd, !buffer.isEmpty {
      if let failure { throw failure }
      if mayHold {
        let count = try python("read from") { try self.decipher(into: buffer, until: deadline) }
        if count > 0 { return count }
      } else {
        try feed(until: deadline)
      }
    }
    return 0
  }

  /// Memory that `read(into:)` fills with less effort than any other; it is this object's. Attached. Throws only `MemoryError`.
  func quickMemory() throws(PythonError) -> UnsafeMutableRawBufferPointer {
    if let slots { return slots.memory }
    let some = try SlotCalls(inner.attribute(state.names[.read]), slots: Self.recordsAtOnce, of: Self.record)
    slots = some
    return some.memory
  }

  var readsBytes: Bool { true }

  func readBytes(atMost size: Int, until deadline: Deadline) throws -> PythonObject? {
    let size = min(size, Self.record)
    if !ahead.isEmpty { return try ahead.moveBytes(atMost: size) }
    let length = try PythonObject.integer(size)
    while !isAtEnd {
      if let failure { throw failure }
      guard mayHold else {
        try detached { () throws(FTPError) in try feed(until: deadline) }
        continue
      }
      let bytes = try python("read from") { () throws -> PythonObject? in
        try self.takeIn()
        var bytes: PythonObject?
        _ = try self.receive(atMost: size) {
          let some = try self.inner.callMethod(self.state.names[.read], length)
          bytes = some
          return try some.withBytes { $0.count }
        }
        if !self.mayHold { try self.flush(until: deadline) }
        return bytes
      }
      if !isAtEnd, let bytes { return bytes }
    }
    return nil
  }

  func isReadable(within timeout: Duration) throws(FTPError) -> Bool {
    let deadline = Deadline.after(timeout)
    gathering.stop(transport)
    while ahead.isEmpty, !isAtEnd, failure == nil {
      if mayHold {
        let record = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.record, alignment: 16)
        defer { record.deallocate() }
        let count = try python("read from") { try self.decipher(into: record, until: deadline) }
        ahead = Array(record.prefix(count))[...]
      } else {
        try requireOpen()
        guard try transport.isReadable(until: deadline) else { return false }
        try feed(until: deadline)
      }
    }
    return true
  }

  /// Whether OpenSSL may have something to hand out, or to complain of.
  private var mayHold: Bool { holdsRest || records.whole > 0 || records.isOdd && !isDrained || hasEnded }

  /// Reads from the connection what there is, and waits in the middle of much for more than a little. Detached. Blocks until `deadline`.
  private func feed(until deadline: Deadline) throws(FTPError) {
    try requireOpen()
    if gathering.isOn, try !transport.isReadable(until: .earlier(deadline, .after(TLSGathering.patience))) {
      gathering.stop(transport)
    }
    if block.count == 0 { block = .allocate(byteCount: Self.largestRead, alignment: Self.page) }
    // What OpenSSL has not been given yet stays.
    let room = UnsafeMutableRawBufferPointer(rebasing: block.dropFirst(arrived))
    let count = try transport.read(into: room, until: deadline)
    gathering.note(count, transport)
    hasEnded = count == 0
    records.append(UnsafeRawBufferPointer(rebasing: room.prefix(count)))
    arrived += count
    isDrained = false
  }

  /// Gives OpenSSL what has come. Attached.
  private func takeIn() throws {
    if arrived > 0 {
      let some = UnsafeRawBufferPointer(rebasing: block.prefix(arrived))
      arrived = 0
      try feeder.pass(some)
    }
    if hasEnded { try incoming.callMethod(state.names[.write_eof]) }
  }

  /// Deciphers as many records as are there and fit. Attached.
  private func decipher(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) throws -> Int {
    try takeIn()
    let slots = slots?.memory.baseAddress == buffer.baseAddress ? slots : nil
    var count = 0
    repeat {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer.dropFirst(count))
      do {
        count += try receive(atMost: rest.count) { try slots?.fill(at: count) ?? reader.fill(rest) }
      } catch {
        // What came before it is handed on first.
        guard count > 0, PythonError.matches(.osError) else { throw error }
        failure = self.failure("read from", error)
      }
    } while count < buffer.count && !isAtEnd && failure == nil && mayHold
    try flush(until: deadline)
    return count
  }

  /// Has `read` read from OpenSSL, and notes what that says of the records; 0 when there was none, or the end.
  private func receive(atMost size: Int, _ read: () throws -> Int) throws -> Int {
    do {
      let count = max(0, min(try read(), size))
      isAtEnd = count == 0
      // A context may have OpenSSL pass over that (`OP_IGNORE_UNEXPECTED_EOF`, as Python's do): behind `close_notify` nobody has looked for more.
      endedWithoutNotice = isAtEnd && hasEnded
      // A read ends with a record; when it has filled memory for less than that, OpenSSL knows whether it was the record's end.
      holdsRest = try count == size && size < Self.record && inner.callMethod(state.names[.pending]).integer() > 0
      if !holdsRest { records.consume() }
      return count
    } catch {
      holdsRest = false
      isDrained = true
      records.consumeAll()
      if try TLSWant.raised(state) == nil { try noteEnd(error) }
      return 0
    }
  }

  /// Notes an end of the stream without `close_notify`; throws `error` when it is something else.
  private func noteEnd(_ error: any Error) throws {
    _ = try TLSFailure.takeEnd(error, state)
    isAtEnd = true
    endedWithoutNotice = true
  }

  // MARK: Writing

  func write(_ bytes: UnsafeRawBufferPointer, idleTimeout: Duration?) throws(FTPError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let some = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.largestWrite))
      try requireOpen()
      try python("write to") {
        var isWritten = false
        while !isWritten {
          do {
            try self.writer.pass(some)
            isWritten = true
          } catch {
            // In the middle of a handshake that the peer has begun anew (TLS 1.2).
            guard try TLSWant.raised(self.state) != nil else { throw error }
          }
          try self.flush(idleTimeout: idleTimeout)
          if !isWritten {
            try self.detached { () throws(FTPError) in try self.feed(until: .after(idleTimeout)) }
            try self.takeIn()
          }
        }
      }
      rest = rest.dropFirst(some.count)
    }
  }

  /// See `FileSending.send`: what one step sends, by way of memory.
  func send(file: CInt, from offset: UInt64, idleTimeout: Duration?) throws(FTPError) -> Int {
    guard let position = off_t(exactly: offset) else { return 0 }
    if source.count == 0 { source = .allocate(byteCount: Self.largestWrite, alignment: Self.page) }
    let count = pread(file, source.baseAddress, source.count, position)
    guard count > 0 else { return 0 }
    try write(UnsafeRawBufferPointer(rebasing: source.prefix(count)), idleTimeout: idleTimeout)
    return count
  }

  /// Sends what OpenSSL has to say: data, an answer to a renewal of the keys. Attached, but for the waiting.
  private func flush(idleTimeout: Duration?) throws {
    if unsent == nil {
      guard try outgoing.attribute(state.names[.pending]).isTrue() else { return }
      (unsent, sent) = (try drainer.call(), 0)
    }
    try requireOpen()
    try unsent?.withBytes { bytes in
      let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(sent))
      do { try detached { () throws(FTPError) in try transport.write(rest, idleTimeout: idleTimeout) } } catch {
        sent += transport.interruptedWrite ?? 0
        throw error
      }
    }
    unsent = nil
  }

  private func flush(until deadline: Deadline) throws { try flush(idleTimeout: deadline.remaining) }

  /// Sends what OpenSSL has to say behind a failure, the alert that tells the peer, as far as that goes without waiting. The exception that
  /// is set stays.
  private func sendWithoutWaiting() {
    PythonError.preserving {
      try outgoing.callMethod(state.names[.read]).withBytes { bytes in
        _ = Glibc.send(transport.descriptor, bytes.baseAddress, bytes.count, Self.flags)
      }
    }
  }

  private static let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)

  // MARK: The end

  func sendNotice() throws -> TLSWant? {
    try requireOpen()
    var rest = try notice ?? makeNotice()
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(transport.descriptor, $0.baseAddress, $0.count, Self.flags)
      }
      let code = errno
      rest = rest.dropFirst(max(0, count))
      notice = rest
      if count >= 0 || code == EINTR { continue }
      if code == EAGAIN || code == EWOULDBLOCK { return .writing }
      throw FTPError(errno: code, "write to \(peer)")
    }
    return isAnswered ? nil : .reading
  }

  private func makeNotice() throws -> ArraySlice<UInt8> {
    do {
      try takeIn()
      try object.callMethod(state.names[.unwrap])
      isAnswered = true
    } catch {
      guard try TLSWant.raised(state) != nil else {
        sendWithoutWaiting()
        throw error
      }
    }
    let bytes = try outgoing.callMethod(state.names[.read]).withBytes { Array($0)[...] }
    notice = bytes
    return bytes
  }

  func wait(for want: TLSWant, until deadline: Deadline) throws(FTPError) -> Bool {
    try requireOpen()
    gathering.stop(transport)
    return try want == .reading ? transport.isReadable(until: deadline) : transport.isWritable(until: deadline)
  }

  func resetOnClose() { transport.resetOnClose() }

  // MARK: Helpers

  /// Throws when Python code has closed the socket.
  private func requireOpen() throws(FTPError) {
    guard transport.descriptor >= 0 else {
      throw FTPError(.state, "the connection to \(peer) was closed during the call")
    }
  }

  private func detached<Result>(_ body: () throws(FTPError) -> Result) throws(FTPError) -> Result {
    try Attachment.isDetached ? body() : Attachment.detach(body)
  }

  func failure(_ action: String, _ error: any Error) -> FTPError {
    guard PythonError.matches(.osError), let exception = PythonError.take() else {
      return FTPError(interruptedBy: error)
    }
    sendWithoutWaiting()
    do { try TLSFailure.reword(exception, "cannot \(action) \(peer)") } catch { PythonError.clear() }
    return FTPError(interruptedBy: TLSFailure(exception))
  }
}
