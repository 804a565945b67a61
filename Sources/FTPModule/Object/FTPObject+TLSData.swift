import FTPClient
import PythonBridge

/// Data connections over TLS: the handshake, the session that it resumes, and whether all has come.
extension FTPObject {
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
    let above = try replacement(above: .ntransfercmd, FTPType.ntransfercmd)
    let result = try above?.call(command, rest ?? PythonObject.none) ?? ntransfercmd(command, rest)
    guard try attribute(._prot_p).isTrue() else { return result }
    return try .tuple(wrapData(result.item(0)), result.item(1))
  }

  /// The data connection of a transfer that a method of this object runs.
  ///
  /// Nobody sees its socket, so that TLS goes through a `TLSPipe` where nothing stands in for what would make the `ssl.SSLSocket`:
  /// no method of a subclass, no socket or context of another kind.
  func openTransfer(_ command: PythonObject, _ rest: PythonObject?) throws -> PythonStream {
    let peer = "the data connection of \(try name())"
    guard try canPipe() else {
      return try stream(over: call(.transfercmd, command, rest), peer)
    }
    let plain = try ntransfercmd(command, rest).item(0)
    guard try PythonStream.isPlain(plain, state) else { return try stream(over: wrapData(plain), peer) }
    return try securing(plain) { session, handshake in
      try requirePeer(plain)
      let limit = try handshakeLimit(of: plain)
      let pipe = try TLSPipe(
        plain, attribute(.context), host: attribute(.host), session: session, peer: peer, state: state)
      handshake.pipe = pipe
      let stream = PythonStream(plain, below: pipe, peer: peer, state: state)
      try asTransfer(stream) { try pipe.shakeHands(until: .after(limit)) }
      return (stream, try pipe.isResumed)
    }
  }

  private func stream(over socket: PythonObject, _ peer: String) throws -> PythonStream {
    do { return try PythonStream(socket, peer: peer, state: state) } catch {
      PythonError.closing { try socket.callMethod(state.names[.close]) }
      throw error
    }
  }

  private func canPipe() throws(PythonError) -> Bool {
    guard object.type.isSubclass(of: state.ftpTLSType), try attribute(._prot_p).isTrue(),
      let connection = try connection(), connection.session == nil,
      try isOwn(.transfercmd, FTPType.transfercmd), try isOwn(.ntransfercmd, FTPTLSType.ntransfercmd),
      try replacement(above: .ntransfercmd, FTPType.ntransfercmd) == nil
    else { return false }
    return try TLSPipe.suits(attribute(.context), state)
  }

  /// Wraps a data connection in TLS; hands it out in the place of the plain one.
  private func wrapData(_ plain: PythonObject) throws -> PythonObject {
    let connection = try connection()
    let announced = connection?.announcedSize(of: plain)
    let socket = try securing(plain) { session, handshake in
      let socket = try wrap(plain, session: session, leaving: { handshake.socket = $0 }) { socket in
        try asTransfer(PythonStream(socket, peer: "the data connection", state: state)) {
          _ = try socket.callMethod(state.names[.do_handshake])
        }
      }
      handshake.socket = socket
      return (socket, try session != nil && socket.optionalAttribute("session_reused")?.isTrue() ?? false)
    }
    connection?.handOut(socket, announced: announced)
    return socket
  }

  /// Secures a data connection: `body` gets the session to resume, and says whether it was. Closes the connection when that fails.
  private func securing<Result>(
    _ plain: PythonObject,
    _ body: (_ session: PythonObject?, _ handshake: TLSHandshake) throws -> (Result, isResumed: Bool)
  ) throws -> Result {
    let connection = try connection()
    let handshake = TLSHandshake(plain, state)
    do {
      let session = try reusableSession()
      let (result, isResumed) = try body(session, handshake)
      if session != nil { noteResumption(isResumed, connection) }
      return result
    } catch {
      breakOff(handshake, after: error)
      let failure = refusal(insteadOf: error, connection)
      PythonError.preserving { connection?.control.abandonReplies() }
      throw failure ?? reworded(error) { "secure the data connection of \(try name())" }
    }
  }

  /// Closes a data connection on which the command has been sent, `error` having come before it was handed out or secured.
  func breakOffData(_ plain: PythonObject, after error: any Error) {
    breakOff(TLSHandshake(plain, state), after: error)
  }

  private func breakOff(_ handshake: TLSHandshake, after error: any Error) {
    let isBrokenOff = TLSHandshake.isBrokenOff(by: error, state)
    var control: ControlConnection?
    PythonError.preserving {
      guard isBrokenOff, object.type.isSubclass(of: state.ftpTLSType), try attribute(._prot_p).isTrue() else { return }
      control = try connection()?.control
    }
    let isExpected = control?.mayShakeHands ?? false
    let isWhole = handshake.breakOff(isExpected: isExpected) { plain in
      try TLSPipe(
        plain, attribute(.context), host: attribute(.host), session: reusableSession(), peer: "the data connection",
        state: state)
    }
    if isExpected, !isWhole { control?.noteBrokenHandshake() }
  }

  /// Does a data connection's handshake as a part of the transfer: `close` from another thread ends it.
  private func asTransfer(_ stream: PythonStream, _ shakeHands: () throws -> Void) throws {
    guard let connection = try connection() else { return try shakeHands() }
    let running = Connection.RunningTransfer(stream)
    let outer = connection.transfer
    connection.transfer = running
    defer { connection.transfer = outer }
    do { try connection.use(shakeHands) } catch {
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
  /// It is kept as long as servers accept it: in CPython (3.11 to 3.13) each look at a socket's `session` leaks 5.6 KB. Nor is there
  /// another look when a server has declined `declinedSessions` in a row: Pure-FTPd takes none in TLS 1.3.
  private func reusableSession() throws -> PythonObject? {
    guard try attribute(.reuse_session).isTrue() else { return nil }
    let control = try socketInPlace()
    guard try state.isTLS(control), try control.attribute("context") === attribute(.context) else { return nil }
    let connection = try connection()
    if let connection, connection.declinedSessions >= Self.declinedSessions { return nil }
    if let kept = connection?.tlsSession { return kept }
    let session = try control.attribute("session")
    if session.isNone { return nil }
    connection?.tlsSession = session
    return session
  }

  /// Sessions that a server may decline in a row. One is spent where tickets serve once; the next look brings the renewed one.
  private static let declinedSessions = 3

  /// Looks at a new data connection that offered a session: where the server declined it, the next one offers what the control
  /// connection has then, for TLS 1.3 servers send it new ones.
  private func noteResumption(_ isResumed: Bool, _ connection: Connection?) {
    guard let connection, connection.stream.tls != nil else { return }
    if isResumed {
      connection.declinedSessions = 0
    } else {
      connection.declinedSessions += 1
      connection.tlsSession = nil
    }
  }

  /// Judges a download that TLS did not end (RFC 8446 section 6.1): somebody on the way may have cut it short, which the server's 226
  /// does not rule out. A size does: the announced one, or that of `SIZE`. Without one `verify=True` raises `EOFError`, and otherwise the
  /// 226 counts, as in CPython and curl: some servers never end TLS.
  func requireWhole(_ transfer: DataTransfer, _ stream: PythonStream, _ command: PythonObject, isBinary: Bool) throws {
    guard stream.endedWithoutNotice else { return }
    if isBinary {
      if transfer.hasAllAnnounced { return }
      if let size = try sizeOnServer(command) { return try transfer.verify(sizeOfDoubtful: size) }
    }
    let isRequired =
      try connection()?.session?.configuration.requiresCloseNotify
      ?? object.optionalAttribute(state.names[._ftplib_verify])?.isTrue() ?? false
    if isRequired { throw FTPError(withoutCloseNotify: try name()) }
  }

  /// The size of the file that a `RETR` names; nil when the server does not say.
  func sizeOnServer(_ command: PythonObject) throws -> UInt64? {
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
