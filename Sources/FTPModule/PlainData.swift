import CPython
import FTPClient
import Glibc
import PythonBridge

/// The data connection of one of the object's own transfers: its stream, and the socket where there is one of Python's.
///
/// Nobody sees the socket of `retrbinary` and its like where `transfercmd` and what it calls are this module's own, `socket` is Python's, and
/// no proxy, TLS or active mode is asked for. Then there is none: the client connects by itself.
struct TransferChannel {
  let stream: PythonStream
  /// What the client has made by itself, where it has.
  let own: OwnChannel?

  struct OwnChannel {
    let stream: PythonStream
    let announced: UInt64?
    let silence: Duration?
  }

  /// Closes. Attached.
  func close(_ state: ModuleState) throws(PythonError) {
    if own != nil { return stream.close() }
    try stream.socket.callMethod(state.names[.close])
  }
}

extension FTPObject {
  /// The methods that open data connections.
  static let dataNames: [Name] = [.transfercmd, .ntransfercmd, .makepasv]

  /// Opens a data connection for a transfer of the object's own and sends the command that uses it.
  func openChannel(_ command: PythonObject, _ rest: PythonObject?) throws -> TransferChannel {
    if let own = try asPython({ try openOwnChannel(command, rest) }) {
      return TransferChannel(stream: own.stream, own: own)
    }
    return TransferChannel(stream: try openTransfer(command, rest.flatMap { $0.isNone ? nil : $0 }), own: nil)
  }

  private func openOwnChannel(_ command: PythonObject, _ rest: PythonObject?) throws -> TransferChannel.OwnChannel? {
    guard command.isString, state.commandMethods.areAll(of: object), state.dataMethods.areAll(of: object),
      debugLevel == 0, let connection = try connection(), connection.session == nil, connection.transfer == nil,
      connection.stream.plainDescriptor != nil, try speaks(on: connection),
      try attribute(.passiveserver).isTrue(), try !attribute(.proxy).isTrue(), try !attribute(.prefer_epsv).isTrue(),
      try !attribute(.trust_server_pasv_ipv4_address).isTrue(), try attribute(._proxied_host).isNone,
      try attribute(.source_address).isNone, try state.connectsPlainly(), let codec = try? self.codec,
      codec.isStrictUTF8,
      let line = try command.withEncodableUTF8({ Command(sendable: $0) }) ?? nil, let peer = try connection.peer()
    else { return nil }
    try requireSendable(rest)
    let port = try passivePort(isExtended: peer.isIPv6)
    let socket = try connect(to: peer, port)
    do {
      let reply = try begin(line, command, rest, connection, socket)
      // As on the sockets that `transfercmd` returns.
      let limit = try connectTimeout()
      let isDefault = try limit.isOurs && object.hasAttribute(state.names[.timeout], state.notGiven())
      let silence =
        try isDefault ? Self.defaultSilence : limit.value.isNone || limit.isOurs ? nil : Duration(limit.value.double())
      return TransferChannel.OwnChannel(
        stream: PythonStream(socket, state: state), announced: reply.flatMap(TransferSize.announced(in:)),
        silence: silence)
    } catch {
      PythonError.preserving {
        socket.close()
        connection.control.abandonReplies()
      }
      throw error
    }
  }

  /// The port of `PASV`, or of `EPSV` over IPv6 and where `PASV` is unknown.
  private func passivePort(isExtended: Bool) throws -> UInt16 {
    guard !isExtended else { return try PassiveAddress(extendedPassive: parsed(sendcmd("EPSV"))).port }
    let line = try PythonObject.string("PASV")
    guard let exchanged = try exchange(line) else {
      return try PassiveAddress(parsed(call(.sendcmd, line))).port
    }
    do { _ = try response(exchanged) } catch {
      try requireUnknownCommand(error)
      return try passivePort(isExtended: true)
    }
    return try PassiveAddress(exchanged.reply).port
  }

  /// Connects to a port of the server, as `socket.create_connection` would.
  private func connect(to peer: SocketAddress, _ port: UInt16) throws -> Socket {
    let limit = try connectTimeout()
    let action = "open the data connection to \(peer.host) port \(port)"
    let address = try PythonObject.tuple(.string(peer.host), .integer(Int(port)))
    try state.audit().perform(state.connectEvent, object, address)
    let deadline = Deadline.after(try limit.value.isNone ? nil : Duration(limit.value.double()))
    guard let server = peer.with(port: port) else { throw FTPError(errno: EAFNOSUPPORT, action) }
    return try Attachment.detach { () throws(FTPError) in
      try Socket.connect(
        sharingNothing: server, action, until: deadline, interrupt: Interrupt(Attachment.checkSignals))
    }
  }

  /// Sends `REST` and the command; returns the 1yz reply, or nil when data comes in its place. See the other `begin`.
  private func begin(
    _ line: Command, _ command: PythonObject, _ rest: PythonObject?, _ connection: Connection, _ socket: Socket
  ) throws -> Reply? {
    if let rest, !rest.isNone { _ = try sendcmd("REST \(try rest.text())") }
    try state.audit().perform(state.commandEvent, object, command)
    let reply = try connection.use {
      try refresh(connection)
      return try Attachment.detach { () throws(FTPError) -> Reply? in
        try connection.control.realign()
        try connection.control.send(line)
        if try connection.control.dataComesFirst(on: socket) { return nil }
        return try connection.control.readReply()
      }
    }
    guard let reply else { return nil }
    let exchanged = Exchanged(reply: reply, connection: connection)
    let text = try response(exchanged)
    switch (reply.code, reply.category) {
    case (226, _), (250, _):
      connection.control.unread(reply)
      return reply
    case (_, .preliminary): return reply
    case (_, .completion):
      let next = try call(.getresp)
      guard try code(next).first == "1" else { throw unexpected(next) }
      return try parsed(next)
    default: throw unexpected(text)
    }
  }
}
