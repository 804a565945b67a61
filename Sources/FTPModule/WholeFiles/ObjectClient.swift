import CPython
import FTPClient
import PythonBridge

/// An `FTP` object of Python that can be reopened, for transfers that finish.
///
/// Everything goes through the object's own methods, which a subclass may replace: `sendcmd`, `transfercmd`, `connect`, `login`, `prot_p`, `cwd`,
/// `close`. Calls come attached or detached; it is made and dropped attached.
final class ObjectClient: TransferClient {
  let ftp: FTPObject
  /// Whether paths are text, and not bytes as they are.
  private let isText: Bool
  private var known: ServerFeatures?
  private weak var featuresConnection: Connection?
  private var hasConnected: Bool
  /// The connection that this client is at work on; nil when it has closed that itself.
  private var current: Connection?
  /// The transfer that is running.
  private(set) weak var transfer: ObjectTransfer?
  let server: String
  let scope: String

  /// `isText` says whether paths are `str` or `bytes`. A sibling has not connected yet.
  init(_ ftp: FTPObject, isText: Bool, isSibling: Bool = false) throws {
    self.ftp = ftp
    self.isText = isText
    hasConnected = !isSibling
    server = try ftp.name()
    let user = try ftp.memory()?.user?.text() ?? ""
    scope = "\(user)@\(server)".split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  // MARK: The session

  func connect() throws {
    try catching {
      // Who calls close() while a transfer runs wants no other connection.
      try current?.requireOpen()
      if try !ftp.attribute(.sock).isNone {
        current = try ftp.connection()
        try requireIdle()
        return try rememberPlace()
      }
      current = nil
      guard let memory = try ftp.memory() else { throw ftp.notConnected }
      do { try connect(memory) } catch {
        PythonError.closing { try ftp.call(.close) }
        throw error
      }
      current = try ftp.connection()
    }
  }

  var isClosedByCaller: Bool { current?.isClosed ?? false }

  /// A transfer in the caller's hands, or one that runs already, must end first.
  private func requireIdle() throws {
    guard let connection = try ftp.connection() else { return }
    try connection.requireNoTransfer()
  }

  /// Notes what it takes to come back to this place with these options.
  private func rememberPlace() throws {
    guard let memory = try ftp.memory() else { return }
    let connection = try ftp.connection()
    memory.isTLS = try ftp.state.isTLS(ftp.attribute(.sock)) || connection?.tlsSession != nil
    memory.isCleared = try memory.isTLS && !ftp.state.isTLS(ftp.attribute(.sock))
    let changes = connection?.control.directoryChanges
    guard changes != memory.directoryChanges || changes == nil else { return }
    do { memory.directory = try ftp.call(.pwd) } catch {
      // Without a name the directory cannot be returned to; absolute paths need none.
      guard PythonError.matches(ftp.state.errors.error, .unicodeError) else { throw error }
      PythonError.clear()
      memory.directory = nil
    }
    if let changes = connection?.control.directoryChanges { memory.directoryChanges = changes }
  }

  private func connect(_ memory: SessionMemory) throws {
    // It forgets how the object logged in, for a script that connects to another server.
    defer { PythonError.preserving { if try ftp.memory() == nil { try ftp.remember(memory) } } }
    try ftp.call(.connect)
    try ftp.remember(memory)
    if memory.isTLS, !memory.isSecuredByLogin, try !ftp.state.isTLS(ftp.attribute(.sock)) { try ftp.call(.auth) }
    // `login` makes a new one.
    let (directory, isTLS, isCleared, isSecured) = (
      memory.directory, memory.isTLS, memory.isCleared, memory.isSecuredByLogin
    )
    do {
      if isSecured {
        try ftp.call(.login, memory.user, memory.password, memory.account)
      } else {
        let keywords = try PythonObject.dictionary()
        try keywords.set(.bool(false), for: "secure")
        let names = [memory.user, memory.password, memory.account].compactMap(\.self)
        _ = try ftp.attribute(.login).call(arguments: .tuple(names), keywords: keywords)
      }
    } catch {
      guard hasConnected, PythonError.matches(ftp.state.errors.permanent), let refusal = PythonError.take() else {
        throw error
      }
      throw LoginRefusal(PythonFailure(refusal))
    }
    // What was protected stays protected.
    if isTLS, try !ftp.state.isTLS(ftp.attribute(.sock)) {
      throw FTPError(.security, "\(server) is not secured by TLS any more")
    }
    if try ftp.object.optionalAttribute("_prot_p")?.isTrue() ?? false { try ftp.object.callMethod("prot_p") }
    if isCleared { try ftp.object.callMethod("ccc") }
    if let directory { try ftp.call(.cwd, directory) }
    if let now = try ftp.memory() {
      now.allowsPipelining = memory.allowsPipelining
      (now.directory, now.isTLS, now.isCleared, now.isSecuredByLogin) = (directory, isTLS, isCleared, isSecured)
      now.directoryChanges = try ftp.connection()?.control.directoryChanges ?? DirectoryChanges()
    }
    hasConnected = true
  }

  func disconnect() {
    Attachment.attach {
      current = nil
      PythonError.closing { try ftp.call(.close) }
    }
  }

  // MARK: Commands

  /// A path, or another argument, as the object's methods take it.
  func line(_ verb: String, _ argument: [UInt8]?) throws -> PythonObject {
    guard let argument, !argument.isEmpty else { return try .string(verb) }
    let whole = Array("\(verb) ".utf8) + argument
    return try whole.withUnsafeBytes { try isText ? TextCodec.lossless.decode($0) : .bytes($0) }
  }

  func execute(_ verb: String, _ argument: [UInt8]?) throws -> Reply {
    do { return try catching { try ftp.parsed(ftp.call(.sendcmd, line(verb, argument))) } } catch let error as FTPError
    {
      guard case .reply(let reply) = error.kind else { throw error }
      return reply
    }
  }

  func features() throws -> ServerFeatures {
    if let knownFeatures { return knownFeatures }
    return try catching {
      let connection = try ftp.connection()
      let features = try ServerFeatures(execute("FEAT", nil))
      (known, featuresConnection) = (features, connection)
      connection?.features = features
      return features
    }
  }

  var knownFeatures: ServerFeatures? {
    Attachment.attach {
      do {
        guard let connection = try ftp.connection() else { return nil }
        return featuresConnection === connection ? known : connection.features
      } catch {
        PythonError.clear()
        return nil
      }
    }
  }

  func pipeline(_ commands: [(verb: String, argument: [UInt8]?)]) throws -> Bool {
    try catching {
      // Who looks at each command gets it in its turn.
      guard let connection = try ftp.connection(), try connection.stream.socket === ftp.attribute(.sock),
        ftp.debugLevel == 0, isOwnClass
      else { return false }
      let lines = try commands.map { try Command($0.verb, bytes: $0.argument) }
      try ftp.use(
        { connection in
          _ = connection.abandonHandedOut()
          try Attachment.detach { try connection.control.pipeline(lines) }
        }, otherwise: { _ in })
      return true
    }
  }

  var allowsPipelining: Bool? {
    get {
      Attachment.attach {
        do {
          // Who cannot connect again tries nothing.
          guard let memory = try ftp.memory() else { return false }
          return memory.allowsPipelining
        } catch {
          PythonError.clear()
          return false
        }
      }
    }
    set { Attachment.attach { PythonError.preserving { try ftp.memory()?.allowsPipelining = newValue } } }
  }

  func hasReply(within time: Duration) throws -> Bool {
    try catching {
      try ftp.use(
        { connection in try Attachment.detach { try connection.control.hasInput(within: time) } },
        otherwise: { _ in true })
    }
  }

  func keep(_ reply: Reply, for verb: String) throws {
    try catching { try ftp.connection()?.control.keep(reply, for: Command(verb)) }
  }

  var keepsReply: Bool {
    Attachment.attach {
      do { return try ftp.connection()?.control.keepsAnswer ?? false } catch {
        PythonError.clear()
        return false
      }
    }
  }

  /// Whether the object's methods are this module's: a subclass may send something else.
  private var isOwnClass: Bool { ftp.object.isExactly(ftp.state.ftpType) || ftp.object.isExactly(ftp.state.ftpTLSType) }

  var passiveCommand: String? {
    Attachment.attach {
      do {
        guard try ftp.attribute(.passiveserver).isTrue(), try !ftp.attribute(.prefer_epsv).isTrue(),
          try ftp.attribute(._ftplib_proxied_host).isNone, isOwnClass
        else { return nil }
        return try ftp.usesIPv6() ? "EPSV" : "PASV"
      } catch {
        PythonError.clear()
        return nil
      }
    }
  }

  var protectsData: Bool {
    Attachment.attach {
      do { return try ftp.object.optionalAttribute("_prot_p")?.isTrue() ?? false } catch {
        PythonError.clear()
        return false
      }
    }
  }

  var welcome: String {
    Attachment.attach {
      do { return try ftp.text(.welcome) } catch {
        PythonError.clear()
        return ""
      }
    }
  }

  var isBinary: Bool {
    Attachment.attach {
      do { return try ftp.connection()?.isRepresented(as: .binary) ?? false } catch {
        PythonError.clear()
        return false
      }
    }
  }

  func beBinary() throws {
    try catching {
      let connection = try ftp.connection()
      if let connection, connection.isRepresented(as: .binary) { return }
      _ = try ftp.voidcmd("TYPE \(FTPSession.Representation.binary.rawValue)")
      connection?.noteRepresentation(as: .binary)
    }
  }

  func begin(_ verb: String, _ path: [UInt8], from offset: UInt64) throws -> any ClientTransfer {
    try catching {
      if offset == 0 {
        try ftp.use(
          { connection in try Attachment.detach { try connection.control.closeRestart() } }, otherwise: { _ in })
      }
      let transfer = try ObjectTransfer(ftp, line(verb, path), from: offset, isDownload: verb == "RETR")
      self.transfer = transfer
      return ObjectClientTransfer(self, transfer)
    }
  }

  /// Runs Python code in the middle of a transfer, attached.
  func attached<Result>(_ body: () throws -> Result) throws -> Result {
    try Attachment.attach {
      do {
        try check(PyErr_CheckSignals())
        let result = try body()
        try transfer?.revalidate()
        return result
      } catch { throw taken(error) }
    }
  }

  // MARK: Others

  func isTimeout(_ error: any Error) -> Bool {
    if let error = error as? FTPError, case .timedOut = error.kind { return true }
    return Attachment.attach { (error as? PythonFailure)?.exception.type.isSubclass(of: .timeoutError) ?? false }
  }

  func sibling() throws -> any TransferClient {
    try catching {
      let type = ftp.object.type
      let other = FTPObject(object: try type.callMethod("__new__", type), state: ftp.state)
      try other.object.attribute("__dict__").callMethod("update", ftp.object.attribute("__dict__"))
      for name in [Name.sock, .file, ._ftplib_proxied_host] { try other.set(name, .none) }
      let sibling = try ObjectClient(other, isText: isText, isSibling: true)
      // What is text goes by the object's own encoding.
      return isText ? sibling : NativeSibling(sibling)
    }
  }

  func together(_ count: Int, isStopped: @escaping () -> Bool, _ work: @escaping (Int) -> Void) throws {
    try catching {
      if let interruption = CrewThread.together(ftp.state, count, isStopped: isStopped, work) { throw interruption }
    }
  }

  func drop(_ error: any Error) {
    switch error {
    case let local as LocalFailure: drop(local.error)
    case let failure as TransferFailure: drop(failure.cause)
    case let error as FTPError: if case .interrupted(let cause) = error.kind { drop(cause) }
    case is PythonError: Attachment.attach { PythonError.clear() }
    case let failure as PythonFailure: Attachment.attach { PythonError.renewInterrupt(failure.exception) }
    default: break
    }
  }

  func detached(_ body: () throws -> Void) throws { try freely(body) }

  func checkInterrupt() throws { try attached {} }

  func cleaningUp(_ body: () -> Void) {
    let deadline = Deadline.after(.seconds(5))
    Attachment.asking(only: { deadline.hasPassed }, body)
  }

  func pause(_ time: Duration) throws {
    try freely { try Deadline.after(time).wait(Interrupt(Attachment.checkSignals)) }
  }
}
