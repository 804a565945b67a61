import CPython
import FTPClient
import PythonBridge

/// A Python socket as a `ByteStream`.
///
/// A plain `socket.socket` is read and written through its descriptor, detached from the interpreter. Any other (TLS,
/// a proxy's, an event loop's) through its own methods.
final class PythonStream: ByteStream {
  let socket: PythonObject
  private let state: ModuleState
  private let peer: String
  private var native: Socket?
  /// Whether the socket is a TLS one.
  private let isTLS: Bool
  /// Decrypted bytes that have been read and not handed on; empty is the end of the stream.
  private var ahead: [UInt8]?
  private var wanted = Want.reading

  /// Works on a Python socket; attached.
  init(_ socket: PythonObject, peer: String, state: ModuleState) throws(PythonError) {
    self.socket = socket
    self.peer = peer
    self.state = state
    isTLS = try state.isTLS(socket)
    if isTLS { return }
    guard try isPlain(socket) else { return }
    native = Socket(
      descriptor: try descriptor(), owned: false, peer: peer, interrupt: Interrupt(Attachment.checkSignals))
  }

  /// Whether the socket is of the class `socket.socket` itself, with the methods that it was born with.
  private func isPlain(_ socket: PythonObject) throws(PythonError) -> Bool {
    let type = socket.type
    guard try type === state.socket().attribute("socket") else { return false }
    let original = try importModule("_socket").attribute("socket")
    for method in ["recv", "send", "sendall"] {
      guard try type.attribute(method) === original.attribute(method) else { return false }
    }
    return true
  }

  private func descriptor() throws(PythonError) -> CInt {
    CInt(clamping: try socket.callMethod(state.names[.fileno]).integer())
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
    guard let native, native.descriptor >= 0 else { return }
    if isClosed { native.close() }
  }

  // MARK: ByteStream

  func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) throws(FTPError) -> Int {
    if let native {
      guard native.descriptor >= 0 else { throw closedMeanwhile }
      return try native.read(into: buffer, until: deadline)
    }
    if isTLS {
      guard try fillAhead(until: deadline) else { throw FTPError(.timedOut, "cannot read from \(peer): timed out") }
      return takeAhead(into: buffer)
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

  func write(_ bytes: UnsafeRawBufferPointer, silence: Duration?) throws(FTPError) {
    if let native {
      guard native.descriptor >= 0 else { throw closedMeanwhile }
      return try native.write(bytes, silence: silence)
    }
    guard isTLS else {
      return try python { _ = try self.socket.callMethod(self.state.names[.sendall], .bytes(bytes)) }
    }
    var rest = bytes[...]
    while !rest.isEmpty {
      // One TLS record at a time: OpenSSL takes a record whole, or wants the same bytes again.
      let record = UnsafeRawBufferPointer(rebasing: rest.prefix(16 * 1024))
      let deadline = Deadline.after(silence)
      var sent: Int?
      while sent == nil {
        sent = try withoutBlocking { try self.socket.callMethod(self.state.names[.send], .bytes(record)).integer() }
        if sent == nil, try !waiting(for: wanted, until: deadline) {
          throw FTPError(.timedOut, "cannot write to \(peer): timed out")
        }
      }
      rest = rest.dropFirst(max(0, sent ?? 0))
    }
  }

  func isReadable(within timeout: Duration) throws(FTPError) -> Bool {
    if let native {
      guard native.descriptor >= 0 else { throw closedMeanwhile }
      return try native.isReadable(within: timeout)
    }
    if isTLS { return try fillAhead(until: .after(timeout)) }
    return try waiting(for: .reading, until: .after(timeout))
  }

  // MARK: TLS

  /// What OpenSSL needs before a call can go on.
  private enum Want { case reading, writing }

  /// Makes sure that decrypted bytes, or the end of the stream, are at hand; false when the deadline passed first.
  ///
  /// A descriptor with something to read says little: it may be a session ticket, or half a record. So the socket is read
  /// without blocking, and what comes is kept.
  private func fillAhead(until deadline: Deadline) throws(FTPError) -> Bool {
    while ahead == nil {
      ahead = try withoutBlocking {
        try self.socket.callMethod(self.state.names[.recv], .integer(Self.record)).withBytes { Array($0) }
      }
      if ahead == nil, try !waiting(for: wanted, until: deadline) { return false }
    }
    return true
  }

  private func takeAhead(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let bytes = ahead else { return 0 }
    let count = min(bytes.count, buffer.count)
    buffer.copyBytes(from: bytes.prefix(count))
    // The end of the stream stays the end.
    if count > 0 { ahead = count < bytes.count ? Array(bytes.dropFirst(count)) : nil }
    return count
  }

  /// The most that one TLS record holds (RFC 8446 section 5.1).
  private static let record = 16 * 1024

  /// Calls the socket with its time limit put aside; nil when it would have blocked, and `wanted` then says on what.
  private func withoutBlocking<Result>(_ body: () throws -> Result) throws(FTPError) -> Result? {
    try python {
      let limit = try self.socket.callMethod(self.state.names[.gettimeout])
      try self.socket.callMethod(self.state.names[.settimeout], .integer(0))
      defer {
        PythonError.preserving { try self.socket.callMethod(self.state.names[.settimeout], limit) }
      }
      do { return try body() } catch {
        guard let failure = PythonError.take() else { throw error }
        let ssl = try self.state.ssl()
        if try failure.isInstance(of: ssl.attribute("SSLWantReadError")) {
          self.wanted = .reading
        } else if try failure.isInstance(of: ssl.attribute("SSLWantWriteError")) {
          self.wanted = .writing
        } else {
          throw PythonError.restore(failure)
        }
        return nil
      }
    }
  }

  /// Waits on the descriptor of a socket that is not plain; false when the deadline passed first.
  private func waiting(for want: Want, until deadline: Deadline) throws(FTPError) -> Bool {
    let descriptor = try python { try self.descriptor() }
    guard descriptor >= 0 else { throw closedMeanwhile }
    let socket = Socket(
      descriptor: descriptor, owned: false, peer: peer, interrupt: Interrupt(Attachment.checkSignals))
    return try want == .reading ? socket.isReadable(until: deadline) : socket.isWritable(until: deadline)
  }

  func shutdown() {
    Attachment.attach {
      PythonError.preserving {
        _ = try socket.callMethod(state.names[.shutdown], try .integer(2))
      }
    }
  }

  func close() {
    native?.close()
    Attachment.attach { PythonError.preserving { try socket.callMethod(state.names[.close]) } }
  }

  private var closedMeanwhile: FTPError { FTPError(.state, "the connection to \(peer) was closed during the call") }

  private func python<Result>(_ body: () throws -> Result) throws(FTPError) -> Result {
    do { return try Attachment.attach(body) } catch let error as FTPError { throw error } catch {
      throw FTPError(interruptedBy: error)
    }
  }
}
