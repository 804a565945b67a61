internal import Glibc

/// What went wrong, for a program (`kind`) and for a reader (`message`).
///
/// The message names what was tried, on which host or path, and the cause. It never holds a password.
public struct FTPError: Error, CustomStringConvertible {
  /// The closed list of causes.
  public enum Kind: Sendable {
    /// The server answered with a code that the command does not allow (RFC 959 section 4.2).
    case reply(Reply)
    /// The server sent bytes that are no reply, address, path or listing.
    case malformed
    /// A line, a reply or a listing is over its limit (`Limits`), whether it was to be sent or was received.
    case tooLong
    /// The server closed the control connection; or it, or somebody on the way, ended a download in TLS without TLS's `close_notify`, and
    /// no size shows that it is whole.
    case closed
    /// A deadline passed: connecting, waiting for a reply, or silence on the data connection.
    case timedOut
    /// The operating system refused; the value is `errno`.
    case system(CInt)
    /// The host name did not resolve; the value is `getaddrinfo`'s `EAI_` code.
    case unresolved(CInt)
    /// A proxy refused, or answered what is no answer of its protocol. The value is the `errno` that says the same, as
    /// `ECONNREFUSED`, or `EACCES` for a login; nil when there is none.
    case proxy(CInt?)
    /// The server did not prove to be the one that was asked for: its certificate is for another host, out of date, or signed by nobody
    /// whom this side trusts.
    case untrusted
    /// TLS failed otherwise: no common version, a refusal of the peer's, or bytes that are no TLS.
    case security
    /// An argument that cannot be sent: it holds CR, LF or NUL; or that means nothing here. Nothing was sent.
    case invalidArgument
    /// A binary download ended before the size that the server had announced.
    case truncated(received: UInt64, expected: UInt64)
    /// What was transferred is not what the other side holds: another size or hash, or the file changed meanwhile.
    case mismatch
    /// The call does not fit the session's state: not connected, a transfer still running, out of step.
    case state
    /// The interrupt hook, a sink or a source threw; the value is what it threw.
    case interrupted(any Error)
  }

  /// The cause.
  public let kind: Kind
  /// One sentence for a reader.
  public let message: String

  /// An error with a sentence of its own.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// What the interrupt hook, a sink or a source threw.
  public init(interruptedBy error: any Error) {
    self.init(.interrupted(error), "interrupted: \(error)")
  }

  /// A reply that the command does not allow; the message is the reply itself, where it has a text.
  public init(unexpected reply: Reply) {
    self.init(.reply(reply), reply.bytes.isEmpty ? Self.emptyReply : reply.text)
  }

  /// What is said in place of a reply without a text.
  package static let emptyReply = "the server's reply is an empty line"

  /// A line, or a reply, without an end within so many bytes.
  init(longerThan limit: Int) { self.init(.tooLong, "got more than \(limit) bytes") }

  /// The operating system's refusal of `action`, such as "connect to 127.0.0.1 port 21".
  public init(errno code: CInt, _ action: String) {
    self.init(.system(code), "cannot \(action): \(systemMessage(code))")
  }

  /// A download that TLS did not end, and whose size nobody knows (RFC 8446 section 6.1).
  package init(withoutCloseNotify host: String) {
    self.init(.closed, "the data connection of \(host) ended without TLS's close_notify: what came may not be all")
  }

  /// The message.
  public var description: String { message }
}

/// Calls the caller's code (a hook, a sink, a source): what it throws becomes `.interrupted`, an `FTPError` stays itself.
func callingOut<Result>(_ body: () throws -> Result) throws(FTPError) -> Result {
  do { return try body() } catch let error as FTPError { throw error } catch { throw FTPError(interruptedBy: error) }
}

/// The sentence that the C library has for an `errno`, without touching shared state.
func systemMessage(_ code: CInt) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
    buffer.initialize(repeating: 0)
    guard let base = buffer.baseAddress else { return "error \(code)" }
    return strerror_r(code, base, buffer.count) == 0 ? String(cString: base) : "error \(code)"
  }
}
