import FTPClient
import PythonBridge

/// TLS in force on one of Python's sockets.
///
/// Two ways lead through it: `TLSChannel` works an `ssl.SSLSocket` by its methods, `TLSPipe` reads and writes the descriptor itself and
/// has `ssl` encipher and decipher in memory.
protocol TLSLayer: AnyObject {
  /// Whether the peer, or somebody on the way, ended the TCP connection without TLS's `close_notify`, or may have done so.
  var endedWithoutNotice: Bool { get }

  /// Takes the connection for this object alone until it is closed: nobody else reads or writes it. Attached.
  func hold() throws(PythonError)

  /// See `ByteStream.read`. Detached.
  func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) throws(FTPError) -> Int

  /// See `ByteStream.write`. Detached.
  func write(_ bytes: UnsafeRawBufferPointer, idleTimeout: Duration?) throws(FTPError)

  /// Whether decrypted bytes, or the end of the stream, are at hand; see `ByteStream.isReadable`. Detached.
  func isReadable(within timeout: Duration) throws(FTPError) -> Bool

  /// Whether `readBytes` may be called.
  var readsBytes: Bool { get }

  /// Reads at most one record as the `bytes` that `ssl` makes of it; nil at the end of the stream. Attached, but for the waiting. Blocks
  /// until `deadline`; throws as `read`.
  ///
  /// For a callback that is to get `bytes` this is one copy less than to read into memory.
  func readBytes(atMost size: Int, until deadline: Deadline) throws -> PythonObject?

  /// Sends `close_notify` (RFC 8446 section 6.1) without blocking. `.reading` when it is sent and the peer's has not come, `.writing` when
  /// the connection takes nothing now, nil when the peer's has come too. Throws what `ssl` raises. Attached.
  func sendNotice() throws -> TLSWant?

  /// Waits on the descriptor; false when the deadline passed first. Detached.
  func wait(for want: TLSWant, until deadline: Deadline) throws(FTPError) -> Bool

  /// Makes the close that follows a reset: the transfer is broken off, and must not look like one that is whole but for a
  /// `close_notify`. ProFTPD ends the session when a connection ends like that, but takes a reset for what it is. Attached.
  func resetOnClose() throws(PythonError)

  /// The client's error for what a call of Python's has thrown, the exception that is set. Those that are not the connection's, as of a
  /// signal's handler, pass as they are. Attached.
  func failure(_ action: String, _ error: any Error) -> FTPError
}

extension TLSLayer {
  /// Calls Python; its exceptions become the client's errors.
  func python<Result>(_ action: String, _ body: () throws -> Result) throws(FTPError) -> Result {
    do { return try Attachment.attach(body) } catch let error as FTPError { throw error } catch {
      throw Attachment.attach { failure(action, error) }
    }
  }
}

extension ModuleState {
  /// The options of a context that passes over an end of TLS which the peer has not announced, as Python's do, without that one
  /// (`OP_IGNORE_UNEXPECTED_EOF`); nil for a context that tells.
  func optionsTellingEnd(_ context: PythonObject?) throws(PythonError) -> Int? {
    guard let hiding = try ssl().optionalAttribute("OP_IGNORE_UNEXPECTED_EOF")?.integer(),
      let options = try context?.optionalAttribute("options")?.integer(), options & hiding != 0
    else { return nil }
    return options & ~hiding
  }
}

/// Decrypted bytes that have been read and are still to be handed on.
extension ArraySlice<UInt8> {
  /// Moves the first of them into a buffer; returns how many.
  mutating func move(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let some = prefix(buffer.count)
    buffer.copyBytes(from: some)
    self = dropFirst(some.count)
    return some.count
  }

  /// Moves the first of them into a `bytes` object.
  mutating func moveBytes(atMost size: Int) throws -> PythonObject {
    let some = prefix(size)
    self = dropFirst(some.count)
    return try some.withUnsafeBytes { try PythonObject.bytes($0) }
  }
}

/// What OpenSSL needs before a call can go on.
enum TLSWant {
  case reading, writing

  /// What a call of `ssl` that does not block wants, after it has raised; nil when it failed, and the exception stays set. Attached.
  static func raised(_ state: ModuleState) throws(PythonError) -> TLSWant? {
    guard PythonError.matches(.osError), let failure = PythonError.take() else { return nil }
    if try failure.isInstance(of: state.ssl().attribute("SSLWantReadError")) { return .reading }
    if try failure.isInstance(of: state.ssl().attribute("SSLWantWriteError")) { return .writing }
    _ = PythonError.restore(failure)
    return nil
  }
}

/// What a TLS socket raised, while the thread goes on: the exception is not set.
///
/// Unlike `PythonError` it may be dropped, which takes the interpreter.
final class TLSFailure: StreamFailure, @unchecked Sendable {
  private var kept: PythonObject?

  init(_ exception: PythonObject) { kept = exception }

  deinit { Attachment.attach { kept = nil } }

  /// Sets the exception.
  func restore() -> PythonError { kept.map(PythonError.restore) ?? .raise(.osError, "TLS failed") }

  /// Takes the exception that is set, where it says that the stream has ended without `close_notify`; throws `error` when it says
  /// something else. Returns whether it says so by its name. Attached.
  static func takeEnd(_ error: any Error, _ state: ModuleState) throws -> Bool {
    guard PythonError.matches(.osError), let failure = PythonError.take() else { throw error }
    // From OpenSSL 3.0 on it has a name; only from Python 3.12 on a class.
    if try failure.optionalAttribute("reason")?.text() == "UNEXPECTED_EOF_WHILE_READING" { return true }
    guard try failure.isInstance(of: state.ssl().attribute("SSLEOFError")) else { throw PythonError.restore(failure) }
    return false
  }

  /// Puts what was tried before the cause in an exception of `ssl`: its class and its attributes stay.
  static func reword(_ exception: PythonObject, _ action: String) throws(PythonError) {
    guard let cause = try exception.optionalAttribute("strerror"), cause.isString else { return }
    let text = try PythonObject.string("\(action): \(cause.text())")
    try exception.setAttribute(.string("strerror"), text)
    try exception.setAttribute(.string("args"), .tuple(exception.attribute("errno"), text))
  }
}
