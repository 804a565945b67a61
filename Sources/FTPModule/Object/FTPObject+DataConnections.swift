import CPython
import FTPClient
import Glibc
import PythonBridge

/// How data connections come about: `makepasv`, `makeport`, `ntransfercmd` and what they call.
extension FTPObject {
  /// `sendport(host, port)`: `PORT`.
  func sendport(_ host: PythonObject, _ port: PythonObject) throws -> PythonObject {
    let command = try ActiveAddress.port(host: host.utf8Text(), port: portNumber(port))
    return try voidcmd(command.description)
  }

  /// `sendeprt(host, port)`: `EPRT`.
  func sendeprt(_ host: PythonObject, _ port: PythonObject) throws -> PythonObject {
    let command = try ActiveAddress.extendedPort(
      host: host.utf8Text(), port: portNumber(port), isIPv6: usesIPv6())
    return try voidcmd(command.description)
  }

  func portNumber(_ port: PythonObject) throws -> UInt16 {
    guard let number = UInt16(exactly: try port.integer()) else { throw PythonError.value("port must be 0 to 65535") }
    return number
  }

  /// Whether `af` is `AF_INET6`.
  func usesIPv6() throws -> Bool {
    let family = try attribute(.af)
    return try !family.isNone && family.integer() == Int(AF_INET6)
  }

  /// `makeport()`: a socket that listens, its address told to the server.
  func makeport() throws -> PythonObject {
    try requireNoProxy()
    let control = try control()
    let socket = try state.socket()
    let keywords = try PythonObject.dictionary()
    try keywords.set(attribute(.af), for: "family")
    try keywords.set(PythonObject.integer(1), for: "backlog")
    let listener = try socket.attribute(state.names[.create_server]).call(
      arguments: .tuple(.tuple(.string(""), .integer(0))), keywords: keywords)
    do {
      let port = try listener.callMethod(state.names[.getsockname]).item(1)
      let host = try control.callMethod(state.names[.getsockname]).item(0)
      try call(usesIPv6() ? .sendeprt : .sendport, host, port)
      let timeout = try attribute(.timeout)
      if try timeout !== notGiven() {
        try listener.callMethod(state.names[.settimeout], timeout)
      }
      return listener
    } catch {
      PythonError.closing { try listener.callMethod(state.names[.close]) }
      throw error
    }
  }

  /// `makepasv()`: `(host, port)` where the server listens.
  func makepasv() throws -> PythonObject {
    if let host = try proxiedHost() { return try passiveAddressBehindProxy(host) }
    let peer = try peerAddress()
    if try usesIPv6() { return try extendedPassive(peer) }
    if let connection = try preferringExtendedPassive() {
      do { return try extendedPassive(peer) } catch {
        try requireUnknownCommand(error)
        connection.refusesExtendedPassive = true
      }
    }
    let reply: PythonObject
    do { reply = try sendcmd("PASV") } catch {
      try requireUnknownCommand(error)
      return try extendedPassive(peer)
    }
    return try passiveAddress(in: reply, orAt: peer)
  }

  /// `(host, port)` of a reply to `PASV`, by `parse227` where a script has replaced that: the host that it names where that is trusted, otherwise `peer`.
  func passiveAddress(in reply: PythonObject, orAt peer: PythonObject) throws -> PythonObject {
    let trusts = try attribute(.trust_server_pasv_ipv4_address).isTrue()
    if let parse227 = try state.hooks.parse227.replacement {
      let address = try parse227.call(reply)
      return try .tuple(trusts ? address.item(0) : peer, address.item(1))
    }
    let address = try PassiveAddress(parsed(reply))
    return try .tuple(
      try address.host.flatMap { trusts ? $0 : nil }.map(PythonObject.string(_:)) ?? peer,
      .integer(Int(address.port)))
  }

  /// The connection, when `EPSV` is to be tried before `PASV` on it: where that is preferred, and behind a proxy.
  private func preferringExtendedPassive() throws -> Connection? {
    let comesFirst =
      try proxiedHost() == nil
      ? attribute(.prefer_epsv).isTrue() && !usesIPv6() : !attribute(.trust_server_pasv_ipv4_address).isTrue()
    guard comesFirst, let connection = try connection(), !connection.refusesExtendedPassive else { return nil }
    return connection
  }

  /// Drops a refusal that says that the server does not know the command, or not for this network; throws any other error.
  func requireUnknownCommand(_ error: any Error) throws {
    guard PythonError.matches(state.errors.permanent), let refusal = PythonError.take() else { throw error }
    guard try parsed(refusal.string()).saysUnknownCommand else { throw PythonError.restore(refusal) }
  }

  /// `(host, port)` by `EPSV`, and `parse229` where a script has replaced that: the host is `peer`.
  func extendedPassive(_ peer: PythonObject) throws -> PythonObject {
    let reply = try sendcmd("EPSV")
    if let parse229 = try state.hooks.parse229.replacement {
      return try parse229.call(reply, .tuple(peer, attribute(.port)))
    }
    let address = try PassiveAddress(extendedPassive: parsed(reply))
    return try .tuple(peer, .integer(Int(address.port)))
  }

  /// `ntransfercmd(cmd, rest)`: sends a command that uses a data connection; returns `(socket, size or None)`.
  ///
  /// The data connection comes first, `REST` last before the command: servers that forget it append a whole file otherwise.
  func ntransfercmd(_ command: PythonObject, _ rest: PythonObject?) throws -> PythonObject {
    try requireSendable(command, rest)
    if let session = try connection()?.session, session.isSecure || session.configuration.security != nil {
      return try sharedTransfer(session, command, rest)
    }
    let isPassive = try attribute(.passiveserver).isTrue()
    let (socket, reply) =
      try isPassive ? passiveTransfer(command, rest) : activeTransfer(command, rest)
    if let reply, try code(reply) == "150", let parse150 = try state.hooks.parse150.replacement {
      do {
        let size = try parse150.call(reply)
        try connection()?.handOut(socket, announced: announcedSize(size))
        return try .tuple(socket, size)
      } catch {
        PythonError.closing { try socket.callMethod(state.names[.close]) }
        PythonError.preserving { try connection()?.control.abandonReplies() }
        throw error
      }
    }
    let announced = try reply.flatMap { try TransferSize.announced(in: parsed($0)) }
    try connection()?.handOut(socket, announced: announced)
    return try .tuple(socket, announced.map { size throws(PythonError) in try PythonObject.integer(size) } ?? .none)
  }

  /// The second item of what `ntransfercmd` returns, which a subclass's may fill with anything, as a size; nil for what is none.
  private func announcedSize(_ size: PythonObject) throws(PythonError) -> UInt64? {
    size.isInteger ? UInt64(clamping: try size.integer()) : nil
  }

  /// The same on a session's connection in TLS of Swift's: the session opens and secures the data connection, as its configuration says.
  private func sharedTransfer(
    _ session: FTPSession, _ command: PythonObject, _ rest: PythonObject?
  ) throws -> PythonObject {
    let offset = try rest.flatMap { $0.isNone ? nil : try $0.text() } ?? "0"
    guard let offset = UInt64(offset) else { throw PythonError.value("rest must be a number of bytes, not \(offset)") }
    let line = try Command(line: encoded(command))
    let transfer: DataTransfer = try use(
      { connection in
        try connection.prepare(for: line.verb)
        return try Attachment.detach { try session.lendTransfer(line, from: offset) }
      }, otherwise: { _ in throw notConnected })
    let stream = try NativeObject.make(state.streamType, SharedStream(transfer, of: session))
    try connection()?.handOut(stream, announced: transfer.announced)
    let size = transfer.announced
    return try .tuple(stream, size.map { size throws(PythonError) in try PythonObject.integer(size) } ?? .none)
  }

  /// `transfercmd(cmd, rest)`: the socket alone.
  ///
  /// A subclass may wrap the socket in its `ntransfercmd`: then that is the one in the caller's hands.
  func transfercmd(_ command: PythonObject, _ rest: PythonObject?) throws -> PythonObject {
    // With both, as CPython does: an override may have no default for `rest`.
    let result = try call(.ntransfercmd, command, rest ?? PythonObject.none)
    let socket = try result.item(0)
    if let connection = try connection(), !connection.hasHandedOut(socket) {
      connection.handOut(socket, announced: try announcedSize(result.item(1)))
    }
    return socket
  }

  private func passiveTransfer(
    _ command: PythonObject, _ rest: PythonObject?
  ) throws -> (socket: PythonObject, reply: PythonObject?) {
    let socket: PythonObject
    let preferring = try preferringExtendedPassive()
    do { socket = try openPassive() } catch {
      // A gateway may pass PASV's ports and not EPSV's, of which it knows nothing.
      guard let preferring, !preferring.refusesExtendedPassive, PythonError.matches(.osError),
        let failure = PythonError.take()
      else { throw error }
      preferring.refusesExtendedPassive = true
      do { socket = try openPassive() } catch {
        try requireUnknownCommand(error)
        // There is no other way than the one that failed.
        preferring.refusesExtendedPassive = false
        throw PythonError.restore(failure)
      }
    }
    do {
      return (socket, try begin(command, rest, on: socket))
    } catch {
      breakOffData(socket, after: error)
      PythonError.preserving { try connection()?.control.abandonReplies() }
      throw error
    }
  }

  private func openPassive() throws -> PythonObject {
    let address = try call(.makepasv)
    let host = try address.item(0)
    let port = try address.item(1)
    let (text, number) = try (host.text(), port.text())
    return try openSocket(
      host, port, "open the data connection to \(text) port \(number)"
    ).socket
  }

  private func activeTransfer(
    _ command: PythonObject, _ rest: PythonObject?
  ) throws -> (socket: PythonObject, reply: PythonObject?) {
    let listener = try call(.makeport)
    defer { PythonError.closing { try listener.callMethod(state.names[.close]) } }
    var pending: PythonObject?
    do {
      let reply = try begin(command, rest)
      let socket = try accept(from: listener)
      let timeout = try attribute(.timeout)
      if try timeout !== notGiven() {
        try socket.callMethod(state.names[.settimeout], timeout)
      }
      return (socket, reply)
    } catch {
      let isBrokenOff = TLSHandshake.isBrokenOff(by: error, state)
      PythonError.preserving {
        guard isBrokenOff else { return }
        // The server may have connected already.
        try listener.callMethod(state.names[.settimeout], .integer(0))
        pending = try listener.callMethod(state.names[.accept]).item(0)
      }
      if let pending { breakOffData(pending, after: error) }
      PythonError.preserving { try connection()?.control.abandonReplies() }
      throw error
    }
  }

  /// Sends `REST` and the command; returns the 1yz reply, or nil when data comes in its place and the caller is ready for that.
  ///
  /// A 226 or 250 in its place is the final reply come early, and is kept for `voidresp`; after any other 2yz the 1yz is awaited
  /// (some servers confirm `PORT` twice).
  private func begin(
    _ command: PythonObject, _ rest: PythonObject?, on data: PythonObject? = nil
  ) throws -> PythonObject? {
    if let rest, !rest.isNone { _ = try sendcmd("REST \(try rest.text())") }
    var reply: PythonObject
    if let data, let connection = try connection(), connection.takesDataFirst, try isOwn(.sendcmd, FTPType.sendcmd) {
      try prepare(command)
      try call(.putcmd, command)
      if try dataComesFirst(on: data) { return nil }
      reply = try call(.getresp)
    } else {
      reply = try call(.sendcmd, command)
    }
    let first = try code(reply)
    if first == "226" || first == "250", let connection = try connection() {
      connection.control.unread(try parsed(reply))
      return reply
    }
    if first.first == "2" { reply = try call(.getresp) }
    guard try code(reply).first == "1" else { throw unexpected(reply) }
    return reply
  }

  /// Waits until the server says something, or has sent data and then said nothing for a moment: a server that says its 150 behind
  /// more data than the sockets hold would wait for this side, and this side for the 150.
  private func dataComesFirst(on data: PythonObject) throws -> Bool {
    let stream = try PythonStream(data, peer: "the data connection", state: state)
    return try use(
      { connection in
        try Attachment.detach { try connection.control.dataComesFirst(on: stream) }
      }, otherwise: { _ in false })
  }

  /// Waits for the server's data connection, and takes no other host's: anyone may connect to an open port.
  private func accept(from listener: PythonObject) throws -> PythonObject {
    let server = try peerAddress().text()
    let limit = try idleTimeout(of: listener)
    let deadline = Deadline.after(limit)
    // Another thread's close() may have come since the command: nobody would wake the waiting.
    // The hook is asked on this thread alone, while it waits here.
    nonisolated(unsafe) let connection = try connectionInPlace()
    let waiting = Socket(
      descriptor: CInt(clamping: try listener.callMethod(state.names[.fileno]).integer()),
      owned: false, peer: "the data connection",
      interrupt: Interrupt {
        try Attachment.checkSignals()
        try connection?.requireOpen()
      })
    func waitForConnection() throws -> Bool {
      try Attachment.detach {
        while true {
          if try waiting.isReadable(until: .earlier(deadline, .after(.milliseconds(250)))) { return true }
          if let refusal = try connection?.control.refusal() { throw FTPError(unexpected: refusal) }
          if deadline.hasPassed { return false }
        }
      }
    }
    while true {
      let isReady = try connection.map { try $0.use(waitForConnection) } ?? waitForConnection()
      guard isReady else {
        throw FTPError(.timedOut, "\(server) did not open the data connection: timed out")
      }
      let accepted = try listener.callMethod(state.names[.accept])
      let socket = try accepted.item(0)
      if try accepted.item(1).item(0).text() == server { return socket }
      try socket.callMethod(state.names[.close])
    }
  }

  /// The server's address, from the control connection.
  private func peerAddress() throws -> PythonObject {
    let control = try control()
    let name = "\(try text(.host)) port \(try text(.port))"
    do { return try control.callMethod(state.names[.getpeername]).item(0) } catch {
      // A socket that was reset has no peer any more.
      guard PythonError.matches(.osError) else { throw error }
      PythonError.clear()
      throw FTPError(errno: ECONNRESET, "use the connection to \(name)")
    }
  }

  /// The control connection's socket.
  private func control() throws -> PythonObject {
    let socket = try socketInPlace()
    guard !socket.isNone else { throw notConnected }
    return socket
  }
}
