import CPython
import FTPClient
import Glibc
import PythonBridge

/// FTP over TLS (RFC 4217) through Python's `ssl`, so that a caller's `SSLContext`, trust store and key log count.
extension FTPObject {
  // MARK: Construction

  /// CPython's order up to 3.11, with the certificate files that later versions have dropped.
  private static let withFiles = Signature(
    "FTP_TLS",
    ["host", "user", "passwd", "acct", "keyfile", "certfile", "context", "timeout", "source_address"] + byName,
    keywordOnly: byName.count)
  /// CPython's order from 3.12 on: what follows `acct` is given by name.
  private static let withoutFiles = Signature(
    "FTP_TLS", ["host", "user", "passwd", "acct", "context", "timeout", "source_address"] + byName,
    keywordOnly: 3 + byName.count)
  /// The documentation's order, told from the others by a second positional argument that is an `int`.
  private static let documentedTLS = Signature(
    "FTP_TLS",
    ["host", "port", "user", "passwd", "acct", "timeout", "source_address", "ipvtype", "context"] + tlsNamed + named,
    keywordOnly: 1 + tlsNamed.count + named.count)
  private static let tlsNamed = ["verify", "implicit"]
  private static let byName = ["port", "ipvtype"] + tlsNamed + named

  /// `FTP_TLS(...)`: chooses the context, then as `FTP`.
  func initializeTLS(tuple: ObjectPointer?, dictionary: ObjectPointer?) throws {
    let isDocumented = try Arguments(positionalOf: tuple).rest.dropFirst().first?.isInteger ?? false
    let signature =
      isDocumented ? Self.documentedTLS : FTPTLSType.hasCertificateFiles ? Self.withFiles : Self.withoutFiles
    let arguments = try Arguments(signature, tuple: tuple, dictionary: dictionary)
    let isImplicit = try arguments["implicit"]?.isTrue() ?? false
    let verify = arguments.value("verify")
    try set(.context, context(arguments["context"], arguments["keyfile"], arguments["certfile"], verify: verify))
    try object.setAttribute(.string("verify"), .bool(verify?.isTrue() ?? false))
    if FTPTLSType.hasCertificateFiles {
      for name in ["keyfile", "certfile"] { try object.setAttribute(.string(name), arguments[name] ?? .none) }
    }
    try set(._prot_p, .bool(false))
    try set(.implicit, .bool(isImplicit))
    var port = arguments.value("port")
    if port == nil, isImplicit, try attribute(.port).integer() == 21 { port = try .integer(990) }
    try start(arguments, port: port)
  }

  /// The context for an object: the caller's; with `verify` a verifying one; otherwise, as in CPython, one that verifies
  /// nothing, with one warning in a process that says so.
  private func context(
    _ given: PythonObject?, _ keyfile: PythonObject?, _ certfile: PythonObject?, verify: PythonObject?
  ) throws -> PythonObject {
    let files = [keyfile, certfile].contains { $0.map { !$0.isNone } ?? false }
    let mustVerify = try verify?.isTrue() ?? false
    if let given, !given.isNone {
      if files { throw PythonError.value("context and keyfile or certfile arguments are mutually exclusive") }
      if mustVerify, try !verifies(given) {
        throw PythonError.value(
          "verify=True, but the context verifies nothing: set its verify_mode to ssl.CERT_REQUIRED")
      }
      return given
    }
    if files { try warn("DeprecationWarning", "keyfile and certfile are deprecated, use a custom context instead") }
    let ssl = try state.ssl()
    if mustVerify {
      let context = try ssl.callMethod("create_default_context")
      // Debian's Python hides an end of TLS that the peer did not announce.
      if let hidden = try ssl.optionalAttribute("OP_IGNORE_UNEXPECTED_EOF")?.integer() {
        let options = try context.attribute("options").integer()
        try context.setAttribute(.string("options"), .integer(options & ~hidden))
      }
      if let certfile, !certfile.isNone {
        try context.callMethod("load_cert_chain", certfile, keyfile ?? PythonObject.none)
      }
      return context
    }
    if verify == nil, state.claimInsecureWarning() {
      try warn(
        "RuntimeWarning",
        "FTP_TLS() without a context does not verify the server's certificate: pass verify=True, or a context of your own"
      )
    }
    let keywords = try PythonObject.dictionary()
    if let certfile { try keywords.set(certfile, for: "certfile") }
    if let keyfile { try keywords.set(keyfile, for: "keyfile") }
    return try ssl.attribute("_create_stdlib_context").call(arguments: .tuple(), keywords: keywords)
  }

  /// Whether a context checks whom it speaks to.
  private func verifies(_ context: PythonObject) throws -> Bool {
    guard let mode = try context.optionalAttribute("verify_mode") else { return true }
    return try mode.integer() != 0
  }

  // MARK: The control connection

  /// `login(user, passwd, acct, secure=True)`: secures the control connection first.
  func loginTLS(_ arguments: Arguments) throws -> PythonObject {
    if try arguments[3]?.isTrue() ?? true, try !state.isTLS(attribute(.sock)) { try call(.auth) }
    return try login(arguments)
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
      PythonError.preserving { try call(.close) }
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
      PythonError.preserving { try call(.close) }
      throw reworded(error) { "end TLS on the connection to \(try name())" }
    }
    try connection()?.tlsSession = session
    return reply
  }

  /// Makes a socket the control connection's.
  private func adopt(_ socket: PythonObject) throws {
    try set(.sock, socket)
    let connection = try Connection(try attribute(.sock), host: name(), codec: try codec, state: state)
    try set(.file, NativeObject.make(state.connectionType, connection))
  }

  /// The server for messages.
  private func name() throws(PythonError) -> String { "\(try text(.host)) port \(try text(.port))" }

  /// Wraps the control connection's socket in TLS. Closes it when that fails.
  func secure(_ socket: PythonObject, session: PythonObject?) throws -> PythonObject {
    do { return try wrap(socket, session: session) { _ = try $0.callMethod("do_handshake") } } catch {
      throw reworded(error) { "secure the connection to \(try name())" }
    }
  }

  /// Wraps a connected socket in TLS; `handshake` gets the socket for the handshake, unless the context is of a kind that does
  /// that by itself. Closes the socket when that fails.
  private func wrap(
    _ socket: PythonObject, session: PythonObject?, handshake: (PythonObject) throws -> Void
  ) throws -> PythonObject {
    let context = try attribute(.context)
    // Other libraries' contexts, and subclasses that override `wrap_socket`, may look at what the handshake has brought.
    let isPythons =
      try context.type.optionalAttribute("wrap_socket").map {
        try $0 === state.ssl().attribute("SSLContext").attribute("wrap_socket")
      } ?? false
    let keywords = try PythonObject.dictionary()
    try keywords.set(attribute(.host), for: "server_hostname")
    if let session { try keywords.set(session, for: "session") }
    if isPythons { try keywords.set(.bool(false), for: "do_handshake_on_connect") }
    try requirePeer(socket)
    // The one that is open: wrapping moves the descriptor from the one to the other.
    var open = socket
    do {
      return try within(limit: socket) {
        let wrapped = try context.attribute("wrap_socket").call(arguments: .tuple(socket), keywords: keywords)
        open = wrapped
        if isPythons { try handshake(wrapped) }
        return wrapped
      }
    } catch {
      PythonError.preserving { try open.callMethod(state.names[.close]) }
      throw error
    }
  }

  /// Throws `ConnectionResetError` when the peer has reset the connection, and closes the socket: `wrap_socket` would leave it open.
  private func requirePeer(_ socket: PythonObject) throws {
    do { try socket.callMethod(state.names[.getpeername]) } catch {
      guard PythonError.matches(.osError) else { throw error }
      PythonError.clear()
      PythonError.preserving { try socket.callMethod(state.names[.close]) }
      let reset = try PythonObject.tuple(.integer(Int(ECONNRESET)), .string("Connection reset by peer"))
      throw PythonError.raise(.osError, reset)
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

  /// Puts what was tried, and where, before the cause in the exception that is set: its class and its attributes stay.
  ///
  /// `action` calls Python, which must not be done while an exception is set.
  private func reworded(_ error: any Error, _ action: () throws -> String) -> any Error {
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

  // MARK: Data connections

  /// `prot_p()`: data connections in TLS from now on (`PBSZ 0`, `PROT P`).
  func protectData() throws -> PythonObject {
    _ = try voidcmd("PBSZ 0")
    let reply = try voidcmd("PROT P")
    try set(._prot_p, .bool(true))
    return reply
  }

  /// `prot_c()`: data connections in the clear from now on (`PROT C`).
  func clearData() throws -> PythonObject {
    let reply = try voidcmd("PROT C")
    try set(._prot_p, .bool(false))
    return reply
  }

  /// `ntransfercmd(cmd, rest)` over TLS after `prot_p`: the data connection resumes the control connection's TLS session, which
  /// vsftpd and ProFTPD require by default.
  func ntransfercmdTLS(_ command: PythonObject, _ rest: PythonObject?) throws -> PythonObject {
    let result = try ntransfercmd(command, rest)
    guard try attribute(._prot_p).isTrue() else { return result }
    let plain = try result.item(0)
    let connection = try connection()
    let announced = connection?.announcedSize(of: plain)
    do {
      let socket = try wrap(plain, session: reusableSession()) { try shakeHands($0, connection) }
      try noteResumption(socket, connection)
      connection?.handOut(socket, announced: announced)
      return try .tuple(socket, result.item(1))
    } catch {
      let failure = refusal(insteadOf: error, connection)
      PythonError.preserving { connection?.control.abandonReplies() }
      throw failure ?? reworded(error) { "secure the data connection of \(try name())" }
    }
  }

  /// Does a data connection's handshake as a part of the transfer: `close` from another thread ends it.
  private func shakeHands(_ socket: PythonObject, _ connection: Connection?) throws {
    guard let connection else {
      try socket.callMethod("do_handshake")
      return
    }
    let running = Connection.RunningTransfer(try PythonStream(socket, peer: "the data connection", state: state))
    let outer = connection.transfer
    connection.transfer = running
    defer { connection.transfer = outer }
    do { try connection.use { _ = try socket.callMethod("do_handshake") } } catch {
      guard running.isBrokenOff, PythonError.matches(.osError) else { throw error }
      PythonError.clear()
    }
    try running.requireWhole()
  }

  /// The server's own word on a data connection whose handshake failed, such as `425 Unable to build data connection`, where
  /// there is one; not when it was this side that refused the server's certificate or lost patience.
  private func refusal(insteadOf error: any Error, _ connection: Connection?) -> FTPError? {
    guard let connection, error is PythonError, PythonError.matches(.osError), let exception = PythonError.take() else {
      return nil
    }
    do {
      let isOurs = try exception.isInstance(of: state.ssl().attribute("SSLCertVerificationError"))
      if !isOurs, !exception.type.isSubclass(of: .timeoutError) {
        let failure = FTPError(.system(0), "")
        let explained = Attachment.detach { connection.control.explanation(of: failure) }
        if case .system = explained.kind {} else { return explained }
      }
    } catch { PythonError.clear() }
    _ = PythonError.restore(exception)
    return nil
  }

  /// The control connection's session; after `ccc` the last one. Nil when there is none, when it belongs to another context, or when
  /// the caller does not want it reused.
  ///
  /// It is kept as long as servers accept it: in CPython (3.11 to 3.13) each look at a socket's `session` leaks 5 KB.
  private func reusableSession() throws -> PythonObject? {
    guard try attribute(.reuse_session).isTrue() else { return nil }
    let control = try attribute(.sock)
    guard try state.isTLS(control), try control.attribute("context") === attribute(.context) else { return nil }
    let connection = try connection()
    if let kept = connection?.tlsSession { return kept }
    let session = try control.attribute("session")
    if session.isNone { return nil }
    connection?.tlsSession = session
    return session
  }

  /// Looks at a new data connection: where the server declined the session, the next one offers what the control connection has then,
  /// for TLS 1.3 servers send it new ones.
  private func noteResumption(_ socket: PythonObject, _ connection: Connection?) throws {
    guard let connection, connection.stream.tls != nil else { return }
    if try !(socket.optionalAttribute("session_reused")?.isTrue() ?? false) { connection.tlsSession = nil }
  }

  /// Judges a download that TLS did not end (RFC 8446 section 6.1): somebody on the way may have cut it short, which the server's 226
  /// does not rule out. A size does: the announced one, or that of `SIZE`. Without one `verify=True` raises `EOFError`, and otherwise the
  /// 226 counts, as in CPython and curl: some servers never end TLS.
  func requireWhole(_ transfer: DataTransfer, _ stream: PythonStream, _ command: PythonObject, isBinary: Bool) throws {
    guard stream.tls?.endedWithoutNotice ?? false else { return }
    if isBinary {
      guard transfer.announced == nil else { return }
      if let size = try sizeOnServer(command) { return try transfer.verify(announced: size) }
    }
    guard try object.optionalAttribute("verify")?.isTrue() ?? false else { return }
    throw FTPError(
      .closed, "the data connection of \(try name()) ended without TLS's close_notify: what came may not be all")
  }

  /// The size of the file that a `RETR` names; nil when the server does not say.
  private func sizeOnServer(_ command: PythonObject) throws -> UInt64? {
    guard try lookingAt(command).uppercased().hasPrefix("RETR ") else { return nil }
    do {
      let reply = try call(.sendcmd, PythonObject.string("SIZE ").appending(command.dropping(5)))
      // A 213 without a number says nothing either.
      let answer = try parsed(reply)
      return try? FileStatus.size(of: answer)
    } catch {
      guard PythonError.matches(state.errors.permanent, state.errors.temporary) else { throw error }
      PythonError.clear()
      return nil
    }
  }
}
