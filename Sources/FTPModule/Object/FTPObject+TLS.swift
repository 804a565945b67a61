import FTPClient
import Glibc
import PythonBridge

/// FTP over TLS (RFC 4217) through Python's `ssl`, so that a caller's `SSLContext`, trust store and key log count: the control connection.
extension FTPObject {
  /// `login(user, passwd, acct, secure=True)`: secures the control connection first.
  func loginTLS(_ arguments: Arguments) throws -> PythonObject {
    if try arguments[3]?.isTrue() ?? true, try !state.isTLS(socketInPlace()) { try call(.auth) }
    let (above, empty) = (try replacement(above: .login, FTPType.login), state.loginWords.empty)
    let reply =
      try above?.call(arguments[0] ?? empty, arguments[1] ?? empty, arguments[2] ?? empty) ?? login(arguments)
    if let memory = try memory() {
      memory.isSecuredByLogin = try arguments[3]?.isTrue() ?? true
      memory.isTLS = try state.isTLS(socketInPlace())
    }
    return reply
  }

  /// `auth()`: secures the control connection (`AUTH TLS`).
  func auth() throws -> PythonObject {
    let plain = try attribute(.sock)
    if try state.isTLS(plain) { throw PythonError.value("Already using TLS") }
    let reply = try voidcmd(isModern() ? "AUTH TLS" : "AUTH SSL")
    // What came before the handshake is not the server's, or not only (CVE-2021-22947).
    if let connection = try connection(), try Attachment.detach({ try connection.control.hasInput() }) {
      let isOver = try Attachment.detach { try connection.stream.hasEnded() }
      try close()
      if isOver { throw FTPError(.closed, "\(try name()) closed the connection after its reply to AUTH") }
      throw FTPError(.malformed, "\(try name()) sent something between its reply to AUTH and the TLS handshake")
    }
    do {
      try adopt(secure(plain, session: nil))
    } catch {
      PythonError.closing { try call(.close) }
      throw error
    }
    return reply
  }

  /// Whether the context, or an `ssl_version` that a caller has set as old code does, is of TLS rather than SSL.
  private func isModern() throws -> Bool {
    let oldest = try state.ssl().attribute("PROTOCOL_TLS").integer()
    if let version = try object.optionalAttribute("ssl_version") { return try version.integer() >= oldest }
    return try attribute(.context).attribute("protocol").integer() >= oldest
  }

  /// `ccc()`: goes on without TLS on the control connection.
  func ccc() throws -> PythonObject {
    let secure = try attribute(.sock)
    guard try state.isTLS(secure) else { throw PythonError.value("not using TLS") }
    let reply = try voidcmd("CCC")
    let session = try secure.attribute("session")
    do {
      try adopt(within(limit: secure) { try secure.callMethod("unwrap") })
    } catch {
      // Whether the next byte is TLS's or the server's nobody knows.
      PythonError.closing { try call(.close) }
      throw reworded(error) { "end TLS on the connection to \(try name())" }
    }
    try connection()?.tlsSession = session
    return reply
  }

  /// Makes a socket the control connection's.
  private func adopt(_ socket: PythonObject) throws {
    try set(.sock, socket)
    let former = try connection()
    let connection = try Connection(try socketInPlace(), host: name(), codec: try codec, state: state)
    if let former {
      connection.control.trail = former.control.trail
      connection.openedWithLimit = former.openedWithLimit
    }
    try set(.file, NativeObject.make(state.connectionType, connection))
  }

  /// The server for messages.
  func name() throws(PythonError) -> String { "\(try text(.host)) port \(try text(.port))" }

  /// Wraps the control connection's socket in TLS. Closes it when that fails.
  func secure(_ socket: PythonObject, session: PythonObject?) throws -> PythonObject {
    do { return try wrap(socket, session: session) { _ = try $0.callMethod("do_handshake") } } catch {
      throw reworded(error) { "secure the connection to \(try name())" }
    }
  }

  /// Wraps a connected socket in TLS; `handshake` gets the socket for the handshake, unless the context is of a kind that does
  /// that by itself. Closes the socket when that fails, or leaves it to `leaving`.
  func wrap(
    _ socket: PythonObject, session: PythonObject?, leaving: ((PythonObject) -> Void)? = nil,
    handshake: (PythonObject) throws -> Void
  ) throws -> PythonObject {
    let context = try attribute(.context)
    let wrapSocket = try context.attribute("wrap_socket")
    // Other libraries' contexts, and what somebody has put in its place, may look at what the handshake has brought.
    let isPythons =
      try wrapSocket.optionalAttribute("__func__").map {
        try $0 === state.ssl().attribute("SSLContext").attribute("wrap_socket")
      } ?? false
    let keywords = try PythonObject.dictionary()
    try keywords.set(attribute(.host), for: "server_hostname")
    if let session, try isPythons || takesSession(wrapSocket, session) { try keywords.set(session, for: "session") }
    if isPythons { try keywords.set(.bool(false), for: "do_handshake_on_connect") }
    try requirePeer(socket)
    // The one that is open: wrapping moves the descriptor from the one to the other.
    var open = socket
    do {
      return try within(limit: socket) {
        let wrapped = try wrapSocket.call(arguments: .tuple(socket), keywords: keywords)
        open = wrapped
        if isPythons { try handshake(wrapped) }
        return wrapped
      }
    } catch {
      if let leaving { leaving(open) } else { PythonError.closing { try open.callMethod(state.names[.close]) } }
      throw error
    }
  }

  /// Whether a `wrap_socket` that is not Python's own can be given a session, which CPython's client never does.
  private func takesSession(_ wrapSocket: PythonObject, _ session: PythonObject) throws -> Bool {
    do {
      let bind = try importModule("inspect").callMethod("signature", wrapSocket).attribute("bind_partial")
      let keywords = try PythonObject.dictionary()
      try keywords.set(session, for: "session")
      _ = try bind.call(arguments: .tuple(), keywords: keywords)
      return true
    } catch {
      guard PythonError.matches(.valueError, .typeError) else { throw error }
      PythonError.clear()
      return false
    }
  }

  /// Throws `ConnectionResetError` when the peer has reset the connection, and closes the socket: `wrap_socket` would leave it open.
  func requirePeer(_ socket: PythonObject) throws {
    do { try socket.callMethod(state.names[.getpeername]) } catch {
      guard PythonError.matches(.osError) else { throw error }
      PythonError.clear()
      PythonError.closing { try socket.callMethod(state.names[.close]) }
      throw PythonError.system(ECONNRESET)
    }
  }

  /// Runs what waits on a socket. Without a time limit of its own it gets that of connecting, and the result, a socket, loses it again.
  private func within(limit socket: PythonObject, _ body: () throws -> PythonObject) throws -> PythonObject {
    let limit = try socket.callMethod(state.names[.gettimeout])
    guard try limit.isNone && attribute(.timeout) === notGiven() else { return try body() }
    try socket.callMethod(state.names[.settimeout], .float(Self.defaultConnect))
    let result = try body()
    try result.callMethod(state.names[.settimeout], PythonObject.none)
    return result
  }

  /// The same limit for a handshake that waits by itself.
  func handshakeLimit(of socket: PythonObject) throws(PythonError) -> Duration? {
    let limit = try socket.callMethod(state.names[.gettimeout])
    guard limit.isNone else { return Duration(try limit.double()) }
    return try attribute(.timeout) === notGiven() ? Duration(Self.defaultConnect) : nil
  }

  /// Puts what was tried, and where, before the cause in the exception that is set: its class and its attributes stay.
  ///
  /// `action` calls Python, which must not be done while an exception is set.
  func reworded(_ error: any Error, _ action: () throws -> String) -> any Error {
    guard error is PythonError, PythonError.matches(.osError), let exception = PythonError.take() else { return error }
    do {
      let action = try action()
      let module = try exception.type.attribute("__module__").text()
      guard module == "builtins" || module == "ssl" else { return PythonError.restore(exception) }
      let number = try exception.attribute("errno")
      if exception.type.isSubclass(of: .timeoutError) {
        return PythonError.raise(.timeoutError, "cannot \(action): timed out")
      }
      if module == "ssl" {
        try TLSFailure.reword(exception, "cannot \(action)")
        return PythonError.restore(exception)
      }
      let message = try PythonObject.string("cannot \(action): \(exception.attribute("strerror").text())")
      return PythonError.raise(exception.type, number.isNone ? message : try .tuple(number, message))
    } catch {
      PythonError.clear()
      return PythonError.restore(exception)
    }
  }
}
