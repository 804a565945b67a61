/// An `FTPSession` that can be reopened, for transfers that finish.
package final class SessionClient: TransferClient {
  private let open: () throws -> FTPSession
  private var session: FTPSession?
  private var known: ServerFeatures?
  /// Whether there has been a session: then a refusal to log in is one for now, as where the server still counts the one that was lost.
  private var hasConnected = false
  private let interrupt: Interrupt?
  private let crew: FTPTransfer.Crew?
  package private(set) var server: String
  /// The scope that was given.
  private let identity: String?
  /// That of the last session.
  private var ownScope = ""

  /// `open` connects and logs in, each time in the same way. `scope` is the session's user and server where none is given; `server` is for messages
  /// until there is a session.
  package init(
    interrupt: Interrupt?, scope: String?, server: String? = nil, crew: FTPTransfer.Crew? = nil,
    open: @escaping () throws -> FTPSession
  ) {
    self.open = open
    self.interrupt = interrupt
    self.crew = crew
    identity = scope
    self.server = server ?? scope ?? "the server"
  }

  package var scope: String { identity ?? ownScope }

  package func connect() throws {
    guard session == nil else { return }
    known = nil
    let session: FTPSession
    do { session = try open() } catch {
      guard hasConnected, let error = error as? FTPError, case .reply = error.kind else { throw error }
      throw LoginRefusal(error)
    }
    self.session = session
    hasConnected = true
    server = session.control.host
    ownScope = "\(session.user ?? "")@\(server)"
  }

  package func disconnect() {
    session?.close()
    session = nil
  }

  /// Takes leave.
  func quit() {
    _ = try? session?.quit()
    session = nil
  }

  private func current() throws -> FTPSession {
    guard let session else { throw FTPError(.closed, "not connected to \(server)") }
    return session
  }

  package func execute(_ verb: String, _ argument: [UInt8]?) throws -> Reply {
    let session = try current()
    return try session.control.execute(Command(verb, bytes: argument))
  }

  package func features() throws -> ServerFeatures {
    if let known { return known }
    let features = try ServerFeatures(execute("FEAT", nil))
    known = features
    return features
  }

  package var knownFeatures: ServerFeatures? { session == nil ? nil : known }

  package func pipeline(_ commands: [(verb: String, argument: [UInt8]?)]) throws -> Bool {
    let session = try current()
    try session.control.pipeline(commands.map { try Command($0.verb, bytes: $0.argument) })
    return true
  }

  package var allowsPipelining: Bool?

  package func hasReply(within time: Duration) throws -> Bool { try current().control.hasInput(within: time) }

  package func keep(_ reply: Reply, for verb: String) throws { try current().control.keep(reply, for: Command(verb)) }

  package var keepsReply: Bool { session?.control.keepsAnswer ?? false }

  package var passiveCommand: String? {
    guard let session, session.configuration.isPassive, session.configuration.proxy == nil else { return nil }
    return session.peer.isIPv6 ? "EPSV" : "PASV"
  }

  package var welcome: String { session?.welcome.text ?? "" }

  package var protectsData: Bool {
    session.map { $0.configuration.protectsData && $0.configuration.security != nil } ?? false
  }

  package var isBinary: Bool { session?.isRepresented(as: .binary) ?? false }

  package func beBinary() throws { try current().setRepresentation(.binary) }

  package func begin(_ verb: String, _ path: [UInt8], from offset: UInt64) throws -> any ClientTransfer {
    let session = try current()
    if offset == 0 { try session.control.closeRestart() }
    return SessionTransfer(session, try session.beginTransfer(Command(verb, bytes: path), from: offset))
  }

  package func fault(of error: any Error) -> TransferFault {
    if error is LoginRefusal { return .lost }
    return (error as? FTPError).map(TransferFault.init) ?? .permanent
  }

  package func isTimeout(_ error: any Error) -> Bool {
    guard let error = error as? FTPError, case .timedOut = error.kind else { return false }
    return true
  }

  package func sibling() throws -> any TransferClient {
    SessionClient(interrupt: interrupt, scope: identity, server: server, crew: crew, open: open)
  }

  /// Whether there are threads for several connections.
  var hasCrew: Bool { crew != nil }

  package func together(_ count: Int, isStopped: @escaping () -> Bool, _ work: @escaping (Int) -> Void) throws {
    if let crew {
      let shared = Shared(isStopped: isStopped, work: work)
      crew(count, { shared.isStopped() }, { shared.work($0) })
    } else {
      for number in (0..<count).reversed() where number == 0 || !isStopped() { work(number) }
    }
    try checkInterrupt()
  }

  /// What a crew's threads get: the engine sees to it that each touches only its own.
  private struct Shared: @unchecked Sendable {
    let isStopped: () -> Bool
    let work: (Int) -> Void
  }

  package func detached(_ body: () throws -> Void) throws { try body() }

  package func checkInterrupt() throws { try interrupt?.check() }

  package func pause(_ time: Duration) throws { try Deadline.after(time).wait(interrupt) }
}

/// A refusal to log in once more, where it has worked before.
package struct LoginRefusal: Error {
  package let error: any Error
  package init(_ error: any Error) { self.error = error }
}

/// A transfer of a session's.
private final class SessionTransfer: ClientTransfer {
  private let session: FTPSession
  let data: DataTransfer

  init(_ session: FTPSession, _ data: DataTransfer) {
    self.session = session
    self.data = data
  }

  func run(_ body: (DataTransfer) throws -> Void) throws { try body(data) }

  func end() throws -> Reply? { try session.endTransfer(data) }

  var endedWithoutNotice: Bool { data.ending == .unannounced }

  func breakOff(after error: any Error) -> any Error {
    session.breakOff(data, after: error as? FTPError ?? FTPError(interruptedBy: error))
  }
}

extension TransferFault {
  /// What a session's error means.
  package init(_ error: FTPError) {
    switch error.kind {
    case .reply(let reply):
      switch reply.category {
      case .transient: self = reply.code == 421 ? .lost : .refused
      case .permanent: self = .permanent
      default: self = .lost
      }
    // This process has no room for one more: see `FTPError.isShortage`.
    case .system(let code) where FTPError.isShortage(code): self = .permanent
    case .closed, .timedOut, .system, .unresolved, .proxy, .security, .truncated, .malformed, .state: self = .lost
    case .mismatch: self = .refused
    case .tooLong, .untrusted, .invalidArgument, .interrupted: self = .permanent
    }
  }
}

extension Command {
  /// A verb and an argument as it is sent.
  package init(_ verb: String, bytes argument: [UInt8]?) throws(FTPError) {
    try self.init(line: Array(verb.utf8) + (argument.map { $0.isEmpty ? [] : [ASCII.space] + $0 } ?? []))
  }
}
