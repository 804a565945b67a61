import CPython
import FTPClient
import Glibc
import PythonBridge

/// A data connection that nobody sees, for one of the object's own transfers.
///
/// Nobody sees the socket of `retrbinary` and its like where `transfercmd` and what it calls are this module's own, `socket` is Python's, and
/// no proxy, TLS or active mode is asked for. Then there is none: the client connects by itself. What has to be so is asked once, before the first
/// command; audit hooks alone run Python code until the transfer has begun.
final class PlainData {
  private let ftp: FTPObject
  let connection: Connection
  private let command: PythonObject
  private let line: Command
  private let rest: PythonObject?
  private let server: SocketAddress
  private let names: HostNames

  /// What has been opened.
  struct Opened {
    let stream: PythonStream
    let announced: UInt64?
    let idleTimeout: Duration?
  }

  /// The methods that a transfer goes through otherwise.
  static let methodNames: [Name] = FTPObject.commandNames + [.transfercmd, .ntransfercmd, .makepasv]

  private var state: ModuleState { ftp.state }
  private var object: PythonObject { ftp.object }

  /// For a transfer by `command`, from `rest` on; nil where somebody may see its socket, or where the command cannot be sent. Attached.
  init?(_ command: PythonObject, _ rest: PythonObject?, of ftp: FTPObject) throws {
    let state = ftp.state
    guard command.isString, state.hooks.openDataConnections, let connection = try Self.hidingConnection(of: ftp),
      try state.connectsPlainly(), let line = try command.withEncodableUTF8({ Command(sendable: $0) }) ?? nil,
      let server = connection.peer, ftp.isAddressed(as: server)
    else { return nil }
    if let rest { try ftp.requireSendable(rest) }
    self.ftp = ftp
    self.connection = connection
    self.command = command
    self.line = line
    self.rest = rest.flatMap { $0.isNone ? nil : $0 }
    self.server = server
    self.names = try state.names(of: server.host)
  }

  /// The connection of an object that shows its data connections to nobody.
  private static func hidingConnection(of ftp: FTPObject) throws -> Connection? {
    let (state, object) = (ftp.state, ftp.object)
    guard let connection = try FTPObject.ownConnection(of: object.glance, state, .ofObject), connection.session == nil,
      connection.transfer == nil, connection.stream.plainDescriptor != nil
    else { return nil }
    if connection.assurance?.hidesData == true { return connection }
    let names = state.names
    guard state.transferMethods.areAll(of: object.glance, but: FTPObject.commandNames.count),
      try object.hasTrueAttribute(names[.passiveserver]),
      try Self.unused.allSatisfy({ name throws(PythonError) in try !object.hasTrueAttribute(names[name]) }),
      try object.hasNoneAttribute(names[._ftplib_proxied_host]), try object.hasNoneAttribute(names[.source_address])
    else { return nil }
    try FTPObject.assureHiding(connection, of: object.glance, state, by: unused + needed)
    return connection
  }

  /// What must be off; and what else is asked. That the answer holds until somebody writes to them needs constants.
  private static let unused: [Name] = [.proxy, .prefer_epsv, .trust_server_pasv_ipv4_address]
  private static let needed: [Name] = [.passiveserver, ._ftplib_proxied_host, .source_address]

  /// Opens the data connection and sends the command that uses it. Throws as `transfercmd` raises.
  func open() throws -> Opened {
    var descriptor: CInt?
    var socket: Socket?
    do {
      let (port, limits) = try (passivePort(&descriptor), ftp.dataLimits())
      let number = try PythonObject.integer(Int(port))
      try state.auditing.raise(FTPObject.connectEvent, object.glance, pair: (names.host.glance, number.glance))
      let taken = descriptor
      descriptor = nil
      let connected = try connect(taken, port, within: limits.connecting)
      socket = connected
      let announced = try begin(connected).flatMap(TransferSize.announced(in:))
      return Opened(
        stream: PythonStream(connected, state: state), announced: announced, idleTimeout: limits.idleTimeout)
    } catch {
      PythonError.preserving {
        if let descriptor { Glibc.close(descriptor) }
        socket?.close()
        connection.control.abandonReplies()
      }
      throw error
    }
  }

  // MARK: Where the server listens

  /// The port of `PASV`, or of `EPSV` over IPv6 and where `PASV` is unknown. Meanwhile makes the descriptor that is to be connected.
  private func passivePort(_ descriptor: inout CInt?) throws -> UInt16 {
    if !server.isIPv6 {
      let reply = try ask(state.pasv, &descriptor)
      if reply.category != .permanent || !reply.saysUnknownCommand {
        try heed(reply)
        return try PassiveAddress(reply).port
      }
      if let code = try state.replyTexts.code(of: reply) {
        try FTPObject.setLastResponse(code, of: object.glance, on: connection, state)
      }
    }
    let reply = try ask(state.epsv, &descriptor)
    try heed(reply)
    return try PassiveAddress(extendedPassive: reply).port
  }

  /// A command that asks for a port, and its reply, whatever its code.
  private func ask(_ query: PassiveQuery, _ descriptor: inout CInt?) throws -> Reply {
    let isReady = connection.isReady(for: query.command.word)
    if !isReady {
      // It says why not, or does what is left to do.
      try connection.use {
        try ftp.refresh(connection)
        try connection.prepare(for: query.command.verb)
      }
    }
    try state.auditing.raise(FTPObject.commandEvent, object.glance, query.line.glance)
    return try connection.use {
      try ftp.refresh(connection)
      return try Attachment.detach { () throws(FTPError) in
        if isReady { try connection.control.realign() }
        try connection.control.send(query.command)
        // The server takes its time to listen.
        if descriptor == nil { descriptor = Socket.unconnected(like: server) }
        return try connection.control.readReply()
      }
    }
  }

  // MARK: The connection

  /// Connects to a port of the server, as `socket.create_connection` would. Takes over `descriptor`.
  private func connect(_ descriptor: CInt?, _ port: UInt16, within limit: Duration?) throws -> Socket {
    let deadline = Deadline.after(limit)
    return try Attachment.detach { () throws(FTPError) in
      try Socket.connect(
        descriptor, sharingNothing: server.with(port: port),
        "open the data connection to \(server.host) port \(port)",
        peer: PeerName(names.peer, port: Int(port)), until: deadline, interrupt: Interrupt(Attachment.checkSignals))
    }
  }

  // MARK: The command

  /// Sends `REST` and the command; returns the 1yz reply, or nil when data comes in its place. See `FTPObject.begin`.
  private func begin(_ socket: Socket) throws -> Reply? {
    if let rest { _ = try ftp.sendcmd("REST \(try rest.text())") }
    try state.auditing.raise(FTPObject.commandEvent, object.glance, command.glance)
    let reply = try connection.use {
      // A hook may have closed the socket, and its descriptor be another file's by now.
      connection.stream.revalidate()
      return try Attachment.detach { () throws(FTPError) -> Reply? in
        try connection.control.realign()
        try connection.control.send(line)
        if try connection.control.dataComesFirst(on: socket) { return nil }
        return try connection.control.readReply()
      }
    }
    guard let reply else { return nil }
    try heed(reply)
    switch (reply.code, reply.category) {
    case (226, _), (250, _):
      connection.control.unread(reply)
      return reply
    case (_, .preliminary): return reply
    case (_, .completion):
      let next = try ftp.call(.getresp)
      guard try ftp.code(next).first == "1" else { throw ftp.unexpected(next) }
      return try ftp.parsed(next)
    default: throw ftp.unexpected(try text(of: reply))
    }
  }

  // MARK: Replies

  /// `getresp` for a reply whose text nobody reads: sets `lastresp`, raises the exception for 4yz and 5yz.
  private func heed(_ reply: Reply) throws {
    let isGood = reply.category.map { $0 != .transient && $0 != .permanent } ?? false
    guard isGood, reply.bytes.allSatisfy({ $0 < 0x80 }), let code = try state.replyTexts.code(of: reply) else {
      _ = try text(of: reply)
      return
    }
    try FTPObject.setLastResponse(code, of: object.glance, on: connection, state)
  }

  /// `getresp` for a reply that has been read.
  private func text(of reply: Reply) throws -> PythonObject {
    try ftp.response(FTPObject.Exchanged(reply: reply, connection: connection))
  }
}

extension FTPObject {
  /// Whether `af` says of the server's address what it is: scripts set it to have the port asked for by `EPSV` over IPv4 as well, through a
  /// gateway that does not pass `PASV`. What is no number is for `makepasv` to judge.
  func isAddressed(as server: SocketAddress) -> Bool {
    do {
      let family = try object.glance.integer(state.names[glance: .af])
      return (family == Int(AF_INET6)) == server.isIPv6
    } catch {
      PythonError.clear()
      return false
    }
  }
}

/// A command that asks where the server listens.
struct PassiveQuery {
  let command: Command
  /// The same for audit hooks.
  let line: PythonObject

  init(_ word: String) throws {
    command = try Command(word)
    line = try .string(word)
  }
}

/// What data connections to a host are called.
struct HostNames {
  private let text: String
  let host: PythonObject
  /// In messages, with the port.
  let peer: String

  init(_ host: String) throws(PythonError) {
    text = host
    self.host = try .string(host)
    peer = "the data connection of \(host)"
  }

  func areThose(of host: String) -> Bool { text == host }
}
