import CPython
import FTPClient
import PythonBridge

/// One more connection of an object's for a tree: Python's objects open it and log in; then, where nobody could tell the difference, a Swift
/// session speaks over it, and its thread needs the interpreter only to tell the audit hooks what is sent.
///
/// Where somebody could, as with a subclass, TLS or a proxy, everything goes through the object. Calls come attached or detached; it is made and dropped
/// attached.
final class NativeSibling: TransferClient {
  /// Who opens it, and speaks for Python.
  let object: ObjectClient
  private let native: SessionClient
  /// Whether this connection has turned out to be Python's.
  private var lacksNative = false

  /// Speaks over the connection of `object`.
  init(_ object: ObjectClient) {
    self.object = object
    native = SessionClient(interrupt: Interrupt(Attachment.checkSignals), scope: object.scope) {
      try object.catching {
        try object.connect()
        guard let session = try object.ftp.plainSession() else { throw NotNative() }
        return session
      }
    }
  }

  /// The connection is there, and is the object's.
  private struct NotNative: Error {}

  private var current: any TransferClient { lacksNative ? object : native }

  /// Runs code that does not need the interpreter, without it.
  fileprivate func freely<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try Attachment.isDetached ? body() : Attachment.detach(body) } catch let error as FTPError {
      guard case .interrupted(let cause) = error.kind, cause is PythonError else { throw error }
      throw Attachment.attach { PythonError.take().map(PythonFailure.init) } ?? error
    }
  }

  /// Tells the audit hooks of commands, as `FTP.sendcmd` does.
  private func audit(_ commands: [(verb: String, argument: [UInt8]?)]) throws {
    try object.catching {
      let (ftp, state) = (object.ftp, object.ftp.state)
      for command in commands {
        let line = try object.line(command.verb, command.argument)
        try state.auditing.raise(FTPObject.commandEvent, ftp.object.glance, line.glance)
      }
    }
  }

  // MARK: TransferClient

  var server: String { object.server }
  var scope: String { object.scope }

  func connect() throws {
    if lacksNative { return try object.connect() }
    do { try freely { try native.connect() } } catch is NotNative { lacksNative = true }
  }

  func disconnect() {
    if !lacksNative { native.disconnect() }
    object.disconnect()
  }

  func execute(_ verb: String, _ argument: [UInt8]?) throws -> Reply {
    if lacksNative { return try object.execute(verb, argument) }
    try audit([(verb, argument)])
    return try freely { try native.execute(verb, argument) }
  }

  func currentDirectory() throws -> [UInt8]? {
    if lacksNative { return try object.currentDirectory() }
    try audit([("PWD", nil)])
    return try freely { try native.currentDirectory() }
  }

  func identity(of path: [UInt8]) -> [UInt8] { object.identity(of: path) }

  func features() throws -> ServerFeatures {
    try lacksNative ? object.features() : freely { try native.features() }
  }

  var knownFeatures: ServerFeatures? { current.knownFeatures }

  func beBinary() throws { try lacksNative ? object.beBinary() : freely { try native.beBinary() } }

  func begin(_ verb: String, _ path: [UInt8], from offset: UInt64) throws -> any ClientTransfer {
    if lacksNative { return try object.begin(verb, path, from: offset) }
    let rest: [(verb: String, argument: [UInt8]?)] = offset > 0 ? [("REST", Array("\(offset)".utf8))] : []
    try audit([(native.passiveCommand ?? "PASV", nil)] + rest + [(verb, path)])
    return try freely { NativeTransfer(self, try native.begin(verb, path, from: offset)) }
  }

  func pipeline(_ commands: [(verb: String, argument: [UInt8]?)]) throws -> Bool {
    try lacksNative ? object.pipeline(commands) : freely { try native.pipeline(commands) }
  }

  var allowsPipelining: Bool? {
    get { current.allowsPipelining }
    set { current.allowsPipelining = newValue }
  }

  func hasReply(within time: Duration) throws -> Bool {
    try lacksNative ? object.hasReply(within: time) : freely { try native.hasReply(within: time) }
  }

  func keep(_ reply: Reply, for verb: String) throws { try current.keep(reply, for: verb) }
  var keepsReply: Bool { current.keepsReply }
  var isBinary: Bool { current.isBinary }

  var passiveCommand: String? { current.passiveCommand }
  var welcome: String { current.welcome }
  var protectsData: Bool { current.protectsData }

  func fault(of error: any Error) -> TransferFault {
    if !lacksNative, let error = error as? FTPError { return native.fault(of: error) }
    return object.fault(of: error)
  }

  func isTimeout(_ error: any Error) -> Bool { object.isTimeout(error) }
  func sibling() throws -> any TransferClient { try object.sibling() }

  func together(_ count: Int, isStopped: @escaping () -> Bool, _ work: @escaping (Int) -> Void) throws {
    try object.together(count, isStopped: isStopped, work)
  }

  func detached(_ body: () throws -> Void) throws { try freely(body) }
  func checkInterrupt() throws { try object.checkInterrupt() }
  func cleaningUp(_ body: () -> Void) { object.cleaningUp(body) }
  func pause(_ time: Duration) throws { try object.pause(time) }
  func drop(_ error: any Error) { object.drop(error) }
}

/// A transfer of a session's, for who may be attached.
private final class NativeTransfer: ClientTransfer {
  private let client: NativeSibling
  private let transfer: any ClientTransfer

  init(_ client: NativeSibling, _ transfer: any ClientTransfer) { (self.client, self.transfer) = (client, transfer) }

  var data: DataTransfer { transfer.data }
  var endedWithoutNotice: Bool { transfer.endedWithoutNotice }
  func run(_ body: (DataTransfer) throws -> Void) throws { try client.freely { try transfer.run(body) } }
  func end() throws -> Reply? { try client.freely { try transfer.end() } }
  func breakOff(after error: any Error) -> any Error {
    Attachment.isDetached
      ? transfer.breakOff(after: error) : Attachment.detach { transfer.breakOff(after: error) }
  }
}

extension FTPObject {
  /// A session over this object's connection, which only waits for commands; nil where somebody could tell the difference: another class, methods
  /// or sockets that are not this module's, a proxy, TLS, the active mode, a debug level, a meter. Attached.
  fileprivate func plainSession() throws -> FTPSession? {
    guard object.isExactly(state.ftpType), debugLevel == 0, TransferObservation.observer == nil,
      try attribute(.passiveserver).isTrue(), try !attribute(.prefer_epsv).isTrue(),
      try attribute(.source_address).isNone, try proxy() == nil, try attribute(._ftplib_proxied_host).isNone,
      state.transferMethods.areAll(of: object), state.hooks.openDataConnections,
      try state.connectsPlainly(), let connection = try connection(), connection.session == nil,
      connection.peer.map(isAddressed(as:)) ?? false, try speaks(on: connection),
      let descriptor = connection.stream.plainDescriptor
    else { return nil }
    try Attachment.detach { try connection.control.realign() }
    let (host, port) = (try text(.host), UInt16(clamping: try attribute(.port).integer()))
    var configuration = FTPSession.Configuration()
    configuration.connectTimeout = try dataLimits().connecting
    configuration.timeout = try idleTimeout(of: connection.stream.socket)
    configuration.keepAlive = try keepAliveInterval
    configuration.trustsPassiveAddress = try attribute(.trust_server_pasv_ipv4_address).isTrue()
    let interrupt = Interrupt(Attachment.checkSignals)
    configuration.interrupt = interrupt
    let session = try FTPSession(
      over: Socket(descriptor: descriptor, owned: false, peer: "\(host) port \(port)", interrupt: interrupt),
      host: host, port: port, welcome: Reply(bytes: Array(text(.welcome).utf8)), configuration: configuration)
    session.control.lineLimit = try maximumLine
    return session
  }
}
