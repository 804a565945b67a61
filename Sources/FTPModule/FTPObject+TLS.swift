import CPython
import FTPClient
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
    try set(
      .context,
      context(arguments["context"], arguments["keyfile"], arguments["certfile"], verify: arguments["verify"]))
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
    if let given, !given.isNone {
      if files { throw PythonError.value("context and keyfile or certfile arguments are mutually exclusive") }
      return given
    }
    if files { try warn("DeprecationWarning", "keyfile and certfile are deprecated, use a custom context instead") }
    let ssl = try state.ssl()
    if let verify, try verify.isTrue() {
      let context = try ssl.callMethod("create_default_context")
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
      try close()
      throw FTPError(.malformed, "\(try text(.host)) sent something between its reply to AUTH and the TLS handshake")
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
    try adopt(secure.callMethod("unwrap"))
    try connection()?.tlsSession = session
    return reply
  }

  /// Makes a socket the control connection's.
  private func adopt(_ socket: PythonObject) throws {
    try set(.sock, socket)
    let name = "\(try text(.host)) port \(try text(.port))"
    let connection = try Connection(try attribute(.sock), host: name, codec: try codec, state: state)
    try set(.file, NativeObject.make(state.connectionType, connection))
  }

  /// Wraps a connected socket in TLS. Without a time limit of its own the handshake gets that of connecting.
  func secure(_ socket: PythonObject, session: PythonObject?) throws -> PythonObject {
    let limit = try socket.callMethod(state.names[.gettimeout])
    let isUnlimited = try limit.isNone && attribute(.timeout) === notGiven()
    if isUnlimited { try socket.callMethod(state.names[.settimeout], .float(Self.defaultConnect)) }
    let keywords = try PythonObject.dictionary()
    try keywords.set(attribute(.host), for: "server_hostname")
    if let session { try keywords.set(session, for: "session") }
    do {
      let wrapped = try attribute(.context).attribute("wrap_socket").call(arguments: .tuple(socket), keywords: keywords)
      if isUnlimited { try wrapped.callMethod(state.names[.settimeout], PythonObject.none) }
      return wrapped
    } catch {
      PythonError.preserving { try socket.callMethod(state.names[.close]) }
      throw error
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
    let announced = try connection()?.announcedSize(of: result.item(0))
    do {
      let socket = try secure(result.item(0), session: reusableSession())
      try connection()?.handOut(socket, announced: announced)
      return try .tuple(socket, result.item(1))
    } catch {
      PythonError.preserving { try connection()?.control.abandonReplies() }
      throw error
    }
  }

  /// The control connection's session at this moment: TLS 1.3 servers send new ones while it lives. Nil when there is none, when it
  /// belongs to another context, or when the caller does not want it reused.
  private func reusableSession() throws -> PythonObject? {
    guard try attribute(.reuse_session).isTrue() else { return nil }
    let control = try attribute(.sock)
    let context = try attribute(.context)
    guard try state.isTLS(control) else { return try connection()?.tlsSession }
    let session = try control.attribute("session")
    return try session.isNone || control.attribute("context") !== context ? nil : session
  }

  /// Ends TLS on a data connection, before it is closed: never skipped, for the peer must see that the data is whole; never waited
  /// for longer than `TLSClosing.patience`, for some servers never answer. What goes wrong here is dropped: the final reply decides.
  func endTLS(_ socket: PythonObject, _ connection: Connection?) {
    PythonError.preserving {
      guard try state.isTLS(socket) else { return }
      try socket.callMethod(state.names[.settimeout], .integer(0))
      do {
        try socket.callMethod("unwrap")
        return
      } catch {
        guard let failure = PythonError.take(), try failure.isInstance(of: state.ssl().attribute("SSLWantReadError"))
        else { return }
      }
      try TLSClosing(socket, connection, state).drain(throughProxy: !attribute(._proxied_host).isNone)
    }
  }
}

/// The rest of a TLS data connection's close after `close_notify` has been sent.
private struct TLSClosing {
  /// How long a server may take to close its side.
  static let patience = Duration.seconds(4)
  /// How long a server behind a proxy may take before the client half-closes.
  static let grace = Duration.seconds(1)
  /// How long to look at one connection before the other.
  private static let glance = Duration.milliseconds(20)

  private let socket: PythonObject
  private let connection: Connection?
  private let plain: PythonObject
  private let waiting: Socket

  init(_ socket: PythonObject, _ connection: Connection?, _ state: ModuleState) throws {
    self.socket = socket
    self.connection = connection
    plain = try state.socket().attribute("socket")
    waiting = Socket(
      descriptor: CInt(clamping: try socket.callMethod(state.names[.fileno]).integer()), owned: false,
      peer: "the data connection", interrupt: Interrupt(Attachment.checkSignals))
  }

  /// Half-closes, and reads below TLS what still comes (session tickets that would make the kernel reset the connection)
  /// until the server closes or says on the control connection how the transfer ended.
  ///
  /// A proxy may take a half-close for the end of both directions: microsocks closes both connections at once, which resets the
  /// server's when it has sent what nobody has read yet, and takes the end of an upload with it. So it is put off there: to most servers
  /// `close_notify` says enough.
  func drain(throughProxy: Bool) throws {
    let deadline = Deadline.after(Self.patience)
    if throughProxy, try awaitEnd(until: .after(Self.grace)) { return }
    try plain.callMethod("shutdown", socket, .integer(1))
    _ = try awaitEnd(until: deadline)
  }

  /// Reads until the server closes or says how the transfer ended; false when the deadline passed first.
  private func awaitEnd(until deadline: Deadline) throws -> Bool {
    while !deadline.hasPassed {
      let isReadable = try Attachment.detach { try waiting.isReadable(within: Self.glance) }
      if isReadable {
        guard try plain.callMethod("recv", socket, .integer(65536)).isTrue() else { return true }
      } else if let connection, try Attachment.detach({ try connection.control.hasInput() }) {
        return true
      }
    }
    return false
  }
}
