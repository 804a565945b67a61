/// How the data connection comes about (RFC 959 section 3.2, RFC 2428).
extension FTPSession {
  /// A data connection that is open, or that the server is yet to open.
  enum DataConnection {
    case open(Socket)
    case awaited(Listener)

    func close() { if case .open(let socket) = self { socket.close() } }
  }

  /// Opens a data connection and sends the command that uses it; returns when the server says that it begins, and when the connection
  /// is secured. `endTransfer` or `breakOff` is for the caller to call; a transfer that is dropped is broken off.
  ///
  /// The connection is made before the command: vsftpd, ProFTPD, Pure-FTPd and inetutils answer only when it is there.
  /// `REST` is the last command before: inetutils and aioftp forget it when another comes between.
  public func beginTransfer(_ command: Command, from offset: UInt64 = 0) throws(FTPError) -> DataTransfer {
    try control.requireNobodyWaits(for: "begin \(command.verb)")
    try control.realign()
    try agreeOnProtection()
    let connection = try configuration.isPassive ? openPassive() : openActive()
    var isBegun = false
    do throws(FTPError) {
      if offset > 0 {
        let reply = try control.execute(Command("REST", String(offset)))
        guard reply.category == .intermediate else { throw FTPError(unexpected: reply) }
      }
      let reply = try begin(command, connection)
      isBegun = true
      let socket: Socket
      switch connection {
      case .open(let opened): socket = opened
      case .awaited(let listener): socket = try accept(from: listener)
      }
      let transfer = DataTransfer(
        of: command, socket, try secureData(socket), announced: reply.flatMap(TransferSize.announced), offset: offset,
        idleTimeout: configuration.timeout, control: control)
      control.keepAlive(every: configuration.keepAlive)
      running = transfer
      return transfer
    } catch {
      if case .interrupted = error.kind, !isBegun { secureBeforeClose(connection) }
      connection.close()
      control.abandonReplies()
      throw error
    }
  }

  /// Begins a transfer that an object of a script's runs: not one that this session's `abort` ends.
  package func lendTransfer(_ command: Command, from offset: UInt64) throws(FTPError) -> DataTransfer {
    let transfer = try beginTransfer(command, from: offset)
    transfer.lend()
    running = nil
    return transfer
  }

  /// Sends the command; returns the 1yz reply, or nil when data comes in its place: some servers send none.
  ///
  /// A 226 or 250 in its place is the final reply come early.
  private func begin(_ command: Command, _ connection: DataConnection) throws(FTPError) -> Reply? {
    try control.realign()
    try control.send(command)
    if case .open(let data) = connection, try control.dataComesFirst(on: data) { return nil }
    let reply = try control.readReply()
    switch (reply.category, reply.code) {
    case (.preliminary, _): return reply
    case (_, 226), (_, 250):
      control.unread(reply)
      return reply
    default: throw FTPError(unexpected: reply)
    }
  }

  /// Waits for the server's data connection, or for its refusal.
  private func accept(from listener: Listener) throws(FTPError) -> Socket {
    let deadline = Deadline.after(configuration.timeout)
    while !deadline.hasPassed, try !listener.isReady(until: .earlier(deadline, .after(Self.glance))) {
      if let refusal = try control.refusal() { throw FTPError(unexpected: refusal) }
    }
    return try listener.accept(from: peer.host, until: deadline)
  }

  /// How long to look at the listener before the control connection.
  private static let glance = Duration.milliseconds(250)

  private func openPassive() throws(FTPError) -> DataConnection {
    if let proxy = configuration.proxy, let proxied { return try openPassive(through: proxy, proxied) }
    let address = try passiveAddress()
    let host = configuration.trustsPassiveAddress ? address.host ?? peer.host : peer.host
    // The peer's own address keeps what its digits do not say: the interface of a link-local one.
    let addresses =
      host == peer.host
      ? [peer.with(port: address.port)] : try SocketAddress.resolve(host, port: address.port)
    return .open(
      try Socket.connect(
        to: host, addresses, until: .after(configuration.connectTimeout), interrupt: configuration.interrupt))
  }

  /// The host is the one that the proxy reached for the control connection: the socket's peer is the proxy.
  private func openPassive(
    _ address: PassiveAddress, through proxy: Proxy, _ control: ProxyTarget
  ) throws(FTPError) -> DataConnection {
    var target = control.with(port: address.port)
    if configuration.trustsPassiveAddress, let host = address.host {
      target = try ProxyTarget(host: host, port: address.port)
    }
    let opened = try ProxyTunnel.connect(
      to: [target], through: proxy, action: "open the data connection to \(target.host) port \(target.port)",
      until: .after(configuration.connectTimeout), interrupt: configuration.interrupt)
    return .open(opened.socket)
  }

  /// `PASV` over IPv4, `EPSV` over IPv6, and over IPv4 where `PASV` is unknown.
  private func passiveAddress() throws(FTPError) -> PassiveAddress {
    if proxied == nil, peer.isIPv6 { return try PassiveAddress(extendedPassive: control.complete(Command("EPSV"))) }
    let reply = try control.execute(Command("PASV"))
    if reply.category == .completion { return try PassiveAddress(reply) }
    guard reply.category == .permanent, reply.code != 530 else { throw FTPError(unexpected: reply) }
    return try PassiveAddress(extendedPassive: control.complete(Command("EPSV")))
  }

  /// `EPSV`, and `PASV` where that is unknown or its port cannot be reached: nobody here knows whether the proxy reached the server over
  /// IPv4, which `PASV` is for, and a gateway may pass `PASV`'s ports and not `EPSV`'s, of which it knows nothing.
  private func openPassive(through proxy: Proxy, _ host: ProxyTarget) throws(FTPError) -> DataConnection {
    guard !configuration.trustsPassiveAddress, !refusesExtendedPassive else {
      return try openPassive(passiveAddress(), through: proxy, host)
    }
    let reply = try control.execute(Command("EPSV"))
    guard reply.category == .completion else {
      guard reply.category == .permanent, reply.code != 530 else { throw FTPError(unexpected: reply) }
      refusesExtendedPassive = true
      return try openPassive(PassiveAddress(control.complete(Command("PASV"))), through: proxy, host)
    }
    let address = try PassiveAddress(extendedPassive: reply)
    do throws(FTPError) { return try openPassive(address, through: proxy, host) } catch {
      switch error.kind {
      case .proxy, .system, .timedOut: break
      default: throw error
      }
      let other = try control.execute(Command("PASV"))
      guard other.category == .completion else { throw error }
      let connection = try openPassive(PassiveAddress(other), through: proxy, host)
      refusesExtendedPassive = true
      return connection
    }
  }

  private func openActive() throws(FTPError) -> DataConnection {
    let listener = try Listener(on: local, interrupt: configuration.interrupt)
    let address = listener.address
    try control.complete(
      address.isIPv6
        ? ActiveAddress.extendedPort(host: address.host, port: address.port, isIPv6: true)
        : ActiveAddress.port(host: address.host, port: address.port))
    return .awaited(listener)
  }
}
