/// TLS on the control connection and on data connections (RFC 4217).
extension FTPSession {
  /// Whether commands and replies travel inside TLS.
  public var isSecure: Bool { control.stream is any SecureStream }

  /// Secures the control connection (`AUTH TLS`), as the first command of the session: a server that refuses that gets nothing else,
  /// neither a user's name nor a password (CVE-2021-22946).
  func startSecurity(_ security: any TransportSecurity) throws(FTPError) {
    let reply = try control.execute(Command("AUTH", "TLS"))
    guard reply.category == .completion else {
      throw FTPError(.reply(reply), "\(control.host) refuses TLS: \(reply.text)")
    }
    try requireSilence()
    let stream = try Self.secure(socket, host: host, security, until: .after(configuration.connectTimeout))
    secured = stream
    speak(over: stream)
  }

  /// Throws when something came between the reply to `AUTH` and the handshake: it is not the server's, or not only (CVE-2021-22947).
  private func requireSilence() throws(FTPError) {
    guard try control.hasInput() else { return }
    do { _ = try control.readReply(until: .after(.zero)) } catch {
      if case .closed = error.kind { throw error }
    }
    throw FTPError(
      .security,
      "\(control.host) sent something between its reply to AUTH and the TLS handshake, where nothing may come")
  }

  /// The control connection's handshake.
  static func secure(
    _ socket: Socket, host: String, _ security: any TransportSecurity, until deadline: Deadline
  ) throws(FTPError) -> any SecureStream {
    do throws(FTPError) { return try security.secure(socket, host: host, control: nil, until: deadline) } catch {
      throw Self.reworded(error, "secure the connection to \(host) (\(socket.peer))")
    }
  }

  /// Puts what was tried before the cause.
  private static func reworded(_ error: FTPError, _ action: String) -> FTPError {
    if case .interrupted = error.kind { return error }
    return FTPError(error.kind, "cannot \(action): \(error.message)")
  }

  /// Goes on over another stream of the same connection. None of the bytes that the old one brought is left.
  private func speak(over stream: any ByteStream) {
    let (limit, trail, changes) = (control.lineLimit, control.trail, control.representationChanges)
    control = ControlConnection(stream, host: control.host, replyTimeout: control.replyTimeout)
    (control.lineLimit, control.trail, control.representationChanges) = (limit, trail, changes)
    control.doubtRepresentation()
  }

  /// Ends TLS on the control connection (`CCC`), for gateways that must read `PORT` and `PASV`; data connections stay as they are.
  ///
  /// Throws `.state` when there is no TLS, `.reply` when the server refuses. When the server does not end TLS properly, `.security` or what the
  /// stream throws, and the session is closed: nobody knows whether the next byte is TLS's.
  @discardableResult
  public func clearCommandChannel() throws(FTPError) -> Reply {
    guard let stream = control.stream as? any SecureStream else {
      throw FTPError(.state, "the connection to \(control.host) is not secured by TLS")
    }
    // Servers take neither PBSZ nor PROT in the clear.
    try agreeOnProtection()
    let reply = try control.complete(Command("CCC"))
    do throws(FTPError) {
      try stream.endWriting(idleTimeout: configuration.timeout)
      try withUnsafeTemporaryBuffer(of: 1) { (buffer) throws(FTPError) in
        let count = try stream.read(into: buffer, until: .after(configuration.connectTimeout))
        guard count == 0, stream.ending == .announced else {
          throw FTPError(.security, "no close_notify followed the reply '\(reply.text)'")
        }
      }
    } catch {
      close()
      throw Self.reworded(error, "end TLS on the connection to \(control.host)")
    }
    speak(over: socket)
    return reply
  }

  // MARK: Data connections

  /// Agrees with the server that data connections are secured, or with `protectsData` off that they are not (`PBSZ 0`, `PROT`), once.
  func agreeOnProtection() throws(FTPError) {
    guard configuration.security != nil, !hasAgreedOnProtection else { return }
    // Data travels in the clear after AUTH until something else is agreed on (RFC 4217 section 9), but not on an implicit connection.
    if configuration.protectsData || configuration.isImplicitlySecure {
      for command in [try Command("PBSZ", "0"), try Command("PROT", configuration.protectsData ? "P" : "C")] {
        let reply = try control.execute(command)
        if reply.category == .completion { continue }
        // Servers that know TLS from the first byte alone, as aioftp, secure all connections and know neither command.
        if configuration.isImplicitlySecure, configuration.protectsData, reply.saysNoSuchCommand { continue }
        throw FTPError(
          .reply(reply),
          "\(control.host) refuses to \(configuration.protectsData ? "secure" : "send in the clear") "
            + "what data connections carry: \(reply.text)")
      }
    }
    hasAgreedOnProtection = true
  }

  /// Shakes hands on a data connection, when data is secured.
  ///
  /// A failure is explained by the server's own word, such as `425 Unable to build data connection`, where it has one.
  func secureData(_ socket: Socket) throws(FTPError) -> SecureClosing? {
    guard configuration.protectsData, let security = configuration.security else { return nil }
    let stream: any SecureStream
    let interruption: FTPError?
    do throws(FTPError) {
      (stream, interruption) = try socket.deferringInterrupts(for: TLSPatience.handshake) { () throws(FTPError) in
        try security.secure(socket, host: host, control: secured, until: .after(configuration.connectTimeout))
      }
    } catch {
      if case .interrupted = error.kind { control.noteBrokenHandshake() }
      throw Self.reworded(control.explanation(of: error), "secure the data connection of \(control.host)")
    }
    let closing = SecureClosing(stream: stream, socket: socket, control: control, isProxied: proxied != nil)
    if let interruption {
      closing.reset(awaitingData: !isUploading, until: .after(TLSPatience.firstData))
      throw interruption
    }
    return closing
  }

  /// Shakes hands on a data connection on which the command was interrupted before, and has its close be a reset.
  func secureBeforeClose(_ connection: DataConnection) {
    guard configuration.protectsData, let security = configuration.security, control.mayShakeHands,
      case .open(let socket) = connection
    else { return }
    do throws(FTPError) {
      let deadline = Deadline.after(TLSPatience.handshake)
      let (stream, _) = try socket.deferringInterrupts(for: TLSPatience.handshake) { () throws(FTPError) in
        try security.secure(socket, host: host, control: secured, until: deadline)
      }
      SecureClosing(stream: stream, socket: socket, control: control, isProxied: proxied != nil)
        .reset(awaitingData: !isUploading, until: deadline)
    } catch { control.noteBrokenHandshake() }
  }

  /// Whether the command that was sent last is an upload's.
  private var isUploading: Bool { control.lastWord?.isUpload ?? false }

  /// Judges a download that TLS did not end: somebody on the way may have cut it short, which the server's 226 does not rule out. A size
  /// does: the announced one, or that of `SIZE`.
  func requireWhole(_ transfer: DataTransfer) throws(FTPError) {
    guard transfer.ending == .unannounced, configuration.requiresCloseNotify else { return }
    if representation == .binary {
      if transfer.hasAllAnnounced { return }
      if let size = try sizeOnServer(transfer.command) { return try transfer.verify(sizeOfDoubtful: size) }
    }
    throw FTPError(withoutCloseNotify: control.host)
  }

  /// The size of the file that a `RETR` names; nil when the server does not say.
  func sizeOnServer(_ command: Command?) throws(FTPError) -> UInt64? {
    guard let command, command.verb == "RETR" else { return nil }
    let line = Array("SIZE".utf8) + command.line.dropFirst(4).dropLast(2)
    let reply = try control.execute(Command(line: line))
    return try? FileStatus.size(of: reply)
  }
}
