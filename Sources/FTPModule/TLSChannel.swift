import CPython
import FTPClient
import Glibc
import PythonBridge

/// A socket of Python's `ssl` with TLS in force: decrypted bytes in and out, through the socket's own methods.
///
/// To wait is `poll` on the descriptor with a deadline, as for a plain socket; only the rest of a record that has begun is
/// waited for by Python, under the same limit. An event loop's socket, which is none of the system's, does all its waiting itself.
final class TLSChannel {
  private let socket: PythonObject
  private let state: ModuleState
  private let peer: String
  private let recvInto: PythonObject
  /// Whether it is a socket of the system, whose descriptor can be waited on.
  private let isSystems: Bool
  /// Whether its `recv_into` and `send` are Python's, and so keep no memory that they are lent.
  private let borrows: Bool

  /// Decrypted bytes that have been read and not handed on; empty is the end of the stream.
  private var ahead: [UInt8]?
  /// Whether the last read filled its buffer: OpenSSL may then hold more, of which the descriptor knows nothing.
  private var mayHoldMore = false
  /// The limit that is on the socket now, when the channel is `held`.
  private var limit: Double?
  private var isHeld = false
  /// Whether the peer, or somebody on the way, ended the TCP connection without TLS's `close_notify`, and the context minds
  /// (`ssl.OP_IGNORE_UNEXPECTED_EOF` hides it).
  private(set) var endedWithoutNotice = false

  /// The most that one TLS record holds (RFC 8446 section 5.1).
  private static let record = 16 * 1024

  /// Works on an `ssl.SSLSocket`; attached.
  init(_ socket: PythonObject, peer: String, state: ModuleState) throws(PythonError) {
    self.socket = socket
    self.peer = peer
    self.state = state
    recvInto = try .string("recv_into")
    isSystems = try socket.isInstance(of: importModule("_socket").attribute("socket"))
    let original = try state.ssl().attribute("SSLSocket")
    var borrows = isSystems
    for method in ["recv_into", "send", "read"] where borrows {
      borrows = try socket.type.attribute(method) === original.attribute(method)
    }
    self.borrows = borrows
  }

  /// Takes the socket for this channel alone until it is closed: its time limit is set once for all reads, and an end of the
  /// stream that TLS did not announce shows in `endedWithoutNotice`. Attached.
  func hold() throws(PythonError) {
    isHeld = true
    limit = nil
    guard try socket.optionalAttribute("suppress_ragged_eofs") != nil else { return }
    try socket.setAttribute(.string("suppress_ragged_eofs"), .bool(false))
  }

  // MARK: Reading and writing

  /// See `ByteStream.read`.
  func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) throws(FTPError) -> Int {
    if let ahead { return take(ahead, into: buffer) }
    if !mayHoldMore, isSystems, try !wait(for: .reading, until: deadline) { throw timedOut("read from") }
    let count = try python("read from") {
      try self.untilNotice(deadline) {
        guard self.borrows else {
          return try self.socket.callMethod(self.state.names[.recv], .integer(buffer.count)).withBytes { bytes in
            let count = min(bytes.count, buffer.count)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
            return count
          }
        }
        return try PythonObject.lending(buffer) { try self.socket.callMethod(self.recvInto, $0).integer() }
      }
    }
    mayHoldMore = count == buffer.count
    return max(0, min(count, buffer.count))
  }

  /// Calls a method that reads; an end of the stream without `close_notify` is an end, and noted.
  private func untilNotice(_ deadline: Deadline, _ body: () throws -> Int) throws -> Int {
    do { return try within(deadline, body) } catch {
      try noteEnd(error)
      return 0
    }
  }

  /// Notes an end of the stream without `close_notify`; throws `error` when it is something else.
  private func noteEnd(_ error: any Error) throws {
    guard PythonError.matches(.osError), let failure = PythonError.take() else { throw error }
    // From OpenSSL 3.0 on it has a name; only from Python 3.12 on a class.
    if try failure.optionalAttribute("reason")?.text() != "UNEXPECTED_EOF_WHILE_READING" {
      guard try failure.isInstance(of: state.ssl().attribute("SSLEOFError")) else { throw PythonError.restore(failure) }
      // Python up to 3.11.8 and 3.12.2 calls a reset an end as well; but a socket that was reset has no peer any more.
      if isSystems {
        do { try socket.callMethod(state.names[.getpeername]) } catch {
          PythonError.clear()
          throw FTPError(errno: ECONNRESET, "read from \(peer)")
        }
      }
    }
    endedWithoutNotice = true
  }

  /// See `ByteStream.write`.
  func write(_ bytes: UnsafeRawBufferPointer, silence: Duration?) throws(FTPError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // One record at a time: OpenSSL says nothing of its progress within a call, and silence is measured between calls.
      let record = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.record))
      let deadline = Deadline.after(silence)
      if isSystems, try !wait(for: .writing, until: deadline) { throw timedOut("write to") }
      let sent = try python("write to") {
        try self.within(deadline) {
          guard self.borrows else {
            return try self.socket.callMethod(self.state.names[.send], .bytes(record)).integer()
          }
          return try PythonObject.lending(record) {
            try self.socket.callMethod(self.state.names[.send], $0).integer()
          }
        }
      }
      rest = rest.dropFirst(max(0, sent))
    }
  }

  /// Whether decrypted bytes, or the end of the stream, are at hand; see `ByteStream.isReadable`.
  ///
  /// A descriptor with something to read says little: it may be a session ticket, or half a record. So the socket is read
  /// without blocking, and what comes is kept.
  func isReadable(within timeout: Duration) throws(FTPError) -> Bool {
    let deadline = Deadline.after(timeout)
    while ahead == nil {
      var wanted = Want.reading
      ahead = try python("read from") {
        try self.within(nil) {
          do {
            return try self.socket.callMethod(self.state.names[.recv], .integer(Self.record)).withBytes { Array($0) }
          } catch {
            guard let want = try self.want() else {
              try self.noteEnd(error)
              return []
            }
            wanted = want
            return nil
          }
        }
      }
      if ahead == nil, try !wait(for: wanted, until: deadline) { return false }
    }
    return true
  }

  private func take(_ bytes: [UInt8], into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(bytes.count, buffer.count)
    buffer.copyBytes(from: bytes.prefix(count))
    // The end of the stream stays the end.
    if count > 0 { ahead = count < bytes.count ? Array(bytes.dropFirst(count)) : nil }
    return count
  }

  // MARK: Waiting

  /// What OpenSSL needs before a call can go on.
  enum Want { case reading, writing }

  /// What a call on a socket that does not block wants, after it has thrown; nil when it failed, and the exception stays set.
  func want() throws -> Want? {
    guard PythonError.matches(.osError), let failure = PythonError.take() else { return nil }
    if try failure.isInstance(of: state.ssl().attribute("SSLWantReadError")) { return .reading }
    if try failure.isInstance(of: state.ssl().attribute("SSLWantWriteError")) { return .writing }
    _ = PythonError.restore(failure)
    return nil
  }

  /// Waits on the descriptor; false when the deadline passed first.
  func wait(for want: Want, until deadline: Deadline) throws(FTPError) -> Bool {
    let descriptor = try python("use") { CInt(clamping: try self.socket.callMethod(self.state.names[.fileno]).integer()) }
    guard descriptor >= 0 else { throw closedMeanwhile }
    let socket = Socket(
      descriptor: descriptor, owned: false, peer: peer, interrupt: Interrupt(Attachment.checkSignals))
    return try want == .reading ? socket.isReadable(until: deadline) : socket.isWritable(until: deadline)
  }

  /// Calls the socket with what is left until the deadline for its time limit; nil is without blocking. Attached.
  private func within<Result>(_ deadline: Deadline?, _ body: () throws -> Result) throws -> Result {
    let seconds = deadline.map { $0.remaining.map { max(0.001, $0.inSeconds) } ?? .infinity } ?? 0
    guard !isHeld else {
      // Each setting is a system call, and the deadlines of a transfer's reads lie equally far away.
      if let limit, limit == seconds || abs(limit - seconds) < limit / 10 { return try body() }
      try setLimit(seconds)
      limit = seconds
      return try body()
    }
    let own = try socket.callMethod(state.names[.gettimeout])
    try setLimit(seconds)
    defer { PythonError.preserving { try socket.callMethod(state.names[.settimeout], own) } }
    return try body()
  }

  private func setLimit(_ seconds: Double) throws(PythonError) {
    try socket.callMethod(state.names[.settimeout], seconds.isFinite ? .float(seconds) : PythonObject.none)
  }

  // MARK: Failures

  private var closedMeanwhile: FTPError { FTPError(.state, "the connection to \(peer) was closed during the call") }

  private func timedOut(_ action: String) -> FTPError { FTPError(.timedOut, "cannot \(action) \(peer): timed out") }

  /// Calls Python; an exception of the socket's becomes the client's error.
  private func python<Result>(_ action: String, _ body: () throws -> Result) throws(FTPError) -> Result {
    do { return try Attachment.attach(body) } catch let error as FTPError { throw error } catch {
      throw Attachment.attach { failure(action, error) }
    }
  }

  /// The client's error for the exception that is set. Those that are not the socket's, as of a signal's handler, pass as they are.
  private func failure(_ action: String, _ error: any Error) -> FTPError {
    guard PythonError.matches(.osError), let exception = PythonError.take() else { return FTPError(interruptedBy: error) }
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

/// What a TLS socket raised, while the thread goes on: the exception is not set.
///
/// Unlike `PythonError` it may be dropped, which takes the interpreter.
final class TLSFailure: Error, @unchecked Sendable {
  private var kept: PythonObject?

  init(_ exception: PythonObject) { kept = exception }

  deinit { Attachment.attach { kept = nil } }

  /// Sets the exception.
  func restore() -> PythonError { kept.map(PythonError.restore) ?? .raise(.osError, "TLS failed") }

  /// Puts what was tried before the cause in an exception of `ssl`: its class and its attributes stay.
  static func reword(_ exception: PythonObject, _ action: String) throws(PythonError) {
    guard let cause = try exception.optionalAttribute("strerror"), cause.isString else { return }
    let text = try PythonObject.string("\(action): \(cause.text())")
    try exception.setAttribute(.string("strerror"), text)
    try exception.setAttribute(.string("args"), .tuple(exception.attribute("errno"), text))
  }
}

extension Duration {
  /// As a number of seconds.
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
