import Synchronization

/// A worker's client, which asks for the next file's data connection while the one before is under way.
///
/// Only among small files, each of which can be transferred again: a server that does not take it loses one of them, is told no
/// command ahead any more in this run, and the file is transferred once more. Those that are known not to, are known by their greetings.
final class PipeliningClient: TransferClient {
  private let client: any TransferClient
  private let run: TreeRun
  /// Whether the transfer to come is one of many small ones.
  var looksAhead = false
  /// Whether a data connection has been asked for that no transfer has used.
  private(set) var hasAsked = false
  private var hasLost = false

  init(_ client: any TransferClient, _ run: TreeRun) { (self.client, self.run) = (client, run) }

  /// The client itself.
  var plain: any TransferClient { client }

  var server: String { client.server }
  var scope: String { client.scope }
  var passiveCommand: String? { client.passiveCommand }
  var welcome: String { client.welcome }
  var protectsData: Bool { client.protectsData }
  func connect() throws { try client.connect() }
  func currentDirectory() throws -> [UInt8]? {
    takeBack()
    return try client.currentDirectory()
  }
  func identity(of path: [UInt8]) -> [UInt8] { client.identity(of: path) }
  func features() throws -> ServerFeatures {
    if let knownFeatures { return knownFeatures }
    takeBack()
    return try client.features()
  }
  var knownFeatures: ServerFeatures? { client.knownFeatures }
  func beBinary() throws { try client.beBinary() }
  func fault(of error: any Error) -> TransferFault { error is AheadRefused ? .permanent : client.fault(of: error) }
  func sibling() throws -> any TransferClient { try client.sibling() }
  func detached(_ body: () throws -> Void) throws { try client.detached(body) }
  func together(_ count: Int, isStopped: @escaping () -> Bool, _ work: @escaping (Int) -> Void) throws {
    try client.together(count, isStopped: isStopped, work)
  }
  func checkInterrupt() throws { try client.checkInterrupt() }
  func cleaningUp(_ body: () -> Void) { client.cleaningUp(body) }
  func pause(_ time: Duration) throws { try client.pause(time) }
  func drop(_ error: any Error) { client.drop(error) }
  var isClosedByCaller: Bool { client.isClosedByCaller }
  func isTimeout(_ error: any Error) -> Bool { client.isTimeout(error) }
  func pipeline(_ commands: [(verb: String, argument: [UInt8]?)]) throws -> Bool {
    takeBack()
    return try client.pipeline(commands.map { ($0.verb, told($0.argument)) })
  }
  var allowsPipelining: Bool? {
    get { client.allowsPipelining }
    set { client.allowsPipelining = newValue }
  }
  func hasReply(within time: Duration) throws -> Bool { try client.hasReply(within: time) }
  func keep(_ reply: Reply, for verb: String) throws { try client.keep(reply, for: verb) }
  var keepsReply: Bool { client.keepsReply }
  var isBinary: Bool { client.isBinary }

  func disconnect() {
    // A connection that is dropped with a command under way: the link's fault, or that command's.
    if hasAsked {
      hasAsked = false
      hasLost = true
      run.state.withLock { $0.allowsPipeliningInTransfers = false }
    }
    client.disconnect()
  }

  /// Whether a transfer has failed that had a command under way behind it. Asked once.
  func claimLoss() -> Bool {
    defer { hasLost = false }
    return hasLost
  }

  func execute(_ verb: String, _ argument: [UInt8]?) throws -> Reply {
    takeBack()
    return try client.execute(verb, told(argument))
  }

  func begin(_ verb: String, _ path: [UInt8], from offset: UInt64) throws -> any ClientTransfer {
    hasAsked = false
    let transfer = try client.begin(verb, told(path) ?? path, from: offset)
    guard verb == "RETR", looksAhead, offset == 0, mayAsk(), let passive = client.passiveCommand else {
      return transfer
    }
    do { hasAsked = try client.pipeline([(passive, nil)]) } catch { throw transfer.breakOff(after: error) }
    return hasAsked ? WatchedTransfer(transfer, self) : transfer
  }

  /// Sends a command that has no data connection, and asks for the next file's together with it where that can be done.
  func executeAskingForPort(_ verb: String, _ argument: [UInt8]?) throws -> Reply {
    takeBack()
    let argument = told(argument)
    guard let passive = client.passiveCommand, run.state.withLock({ $0.allowsPipeliningInTransfers != false }) else {
      return try client.execute(verb, argument)
    }
    // Behind RNFR comes RNTO, and nothing else: what has sent the file has said it.
    if verb != "RNTO" { try client.beBinary() }
    guard try client.pipeline([(verb, argument), (passive, nil)]) else { return try client.execute(verb, argument) }
    let reply = try client.execute(verb, argument)
    hasAsked = true
    return reply
  }

  /// Reads the answer to what was asked for and is not needed.
  func takeBack() {
    guard hasAsked, let passive = client.passiveCommand else { return }
    hasAsked = false
    do { _ = try client.execute(passive, nil) } catch {
      client.disconnect()
      client.drop(error)
    }
  }

  /// The transfer under way was broken off by this side: the connection reads what is owed before its next command.
  fileprivate func leaveAnswer() { hasAsked = false }

  /// An argument as the server is to get it.
  ///
  /// ProFTPD and inetutils take the byte 255, a letter in single-byte encodings, for Telnet's "interpret as command": before a byte that would be one
  /// it is doubled, which stands for the byte itself (RFC 854). ProFTPD knows few commands, and need not be told of Telnet for any other byte; inetutils
  /// knows no byte that is none. Other servers take two for two.
  private func told(_ argument: [UInt8]?) -> [UInt8]? {
    guard let argument, argument.contains(Telnet.interpretAsCommand) else { return argument }
    let welcome = client.welcome.lowercased()
    let isProFTPD = welcome.contains("proftpd")
    guard isProFTPD || welcome.contains("inetutils") else { return argument }
    var told: [UInt8] = []
    for (byte, next) in zip(argument, argument.dropFirst().map(Optional.some) + [nil]) {
      told.append(byte)
      guard byte == Telnet.interpretAsCommand else { continue }
      let isCommand = next.map { [0xF2, 0xF4].contains($0) || $0 >= 0xFB } ?? false
      if isCommand || !isProFTPD { told.append(byte) }
    }
    return told
  }

  /// What the server's greeting says of how it takes commands during a transfer.
  private var kind: (isDisturbed: Bool, isProFTPD: Bool) {
    let welcome = client.welcome.lowercased()
    // pyftpdlib ends the transfer, Pure-FTPd answers 500.
    return (["pyftpdlib", "pure-ftpd"].contains(where: welcome.contains), welcome.contains("proftpd"))
  }

  /// Whether commands that need no data connection may go behind the data of an upload, before the server says that it has it.
  ///
  /// ProFTPD may look at them before the data's end, and answers SIZE then for what it has. In TLS the end of the data is a matter of its own.
  var maySendBehindData: Bool {
    guard !client.protectsData, client.allowsPipelining != false, kind == (false, false) else { return false }
    return run.state.withLock { $0.allowsPipeliningAfterData != false }
  }

  /// Whether that went well.
  func noteBehindData(_ isWell: Bool) {
    run.state.withLock { state in
      if !isWell || state.allowsPipeliningAfterData == nil { state.allowsPipeliningAfterData = isWell }
    }
  }

  private func mayAsk() -> Bool {
    let kind = kind
    if kind.isDisturbed { return false }
    // While it shakes hands it answers "450 PASV: data transfer in progress".
    if client.protectsData, kind.isProFTPD { return false }
    return run.state.withLock { $0.allowsPipeliningInTransfers != false && $0.hasMoreSmallFiles }
  }

  /// Whether an error is the server's or the link's, and not this side's own, as Ctrl-C.
  func isServers(_ error: any Error) -> Bool {
    if let error = error as? FTPError, case .reply = error.kind { return true }
    return TransferFailure.fault(of: TransferFailure.unwrapped(error), client) != .permanent
  }

  /// The transfer under way has ended well, or not.
  fileprivate func answered(_ isWell: Bool) {
    run.state.withLock { state in
      if !isWell {
        state.allowsPipeliningInTransfers = false
      } else if state.allowsPipeliningInTransfers == nil {
        state.allowsPipeliningInTransfers = true
      }
    }
    if !isWell { disconnect() }
  }
}

/// A transfer with a command under way behind it.
private final class WatchedTransfer: ClientTransfer {
  private let transfer: any ClientTransfer
  private let client: PipeliningClient

  init(_ transfer: any ClientTransfer, _ client: PipeliningClient) { (self.transfer, self.client) = (transfer, client) }

  /// How `PASV` and `EPSV` are answered.
  private static let passiveCodes = [227, 229]

  var data: DataTransfer { transfer.data }
  var endedWithoutNotice: Bool { transfer.endedWithoutNotice }
  func run(_ body: (DataTransfer) throws -> Void) throws { try transfer.run(body) }
  func end() throws -> Reply? {
    let reply = try transfer.end()
    // pyftpdlib says nothing more of a transfer that the command has ended: what comes is that command's answer.
    if let code = reply?.code, Self.passiveCodes.contains(code) {
      throw FTPError(.malformed, "\(client.server) answers a command sent ahead, and says nothing of the transfer")
    }
    client.answered(true)
    return reply
  }
  func breakOff(after error: any Error) -> any Error {
    let error = transfer.breakOff(after: error)
    guard client.isServers(error) else {
      client.leaveAnswer()
      return error
    }
    client.answered(false)
    return AheadRefused()
  }
}

/// A transfer with a command under way behind it has failed, for whatever reason: it is to be tried without one.
struct AheadRefused: Error {}
