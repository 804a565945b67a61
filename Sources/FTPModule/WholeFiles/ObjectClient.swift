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
  /// The directory that the session was in when the call began: relative paths mean those in it. Nil inside where that is not known for
  /// certain, and outside where nobody has looked yet.
  private var meant: DirectoryPlace??
  /// That, where it is certain.
  private var certainPlace: DirectoryPlace? { meant ?? nil }
  private let unknownPlace = DirectoryPlace.unknown()
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
      if try !ftp.socketInPlace().isNone {
        let connection = try ftp.connection()
        let isAsked = connection != nil && connection === current && meant != nil
        current = connection
        try requireIdle()
        // Of a call it is asked once: nobody else speaks on the connection meanwhile.
        if isAsked, connection?.isShared ?? false { return }
        return try rememberPlace()
      }
      current = nil
      guard let memory = try ftp.memory() else { throw ftp.notConnected }
      mean(memory.place)
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
    guard let memory = try ftp.memory() else {
      mean(try ftp.connection()?.control.trail.placeSinceLogin)
      return
    }
    let connection = try ftp.connection()
    memory.isTLS = try ftp.state.isTLS(ftp.socketInPlace()) || connection?.tlsSession != nil
    // Behind `ccc` it is still a socket of `ssl`'s.
    memory.isCleared = memory.isTLS && connection.map { $0.stream.tls == nil } ?? false
    let trail = connection?.control.trail
    // Where the connection turns out to be lost it is this way that leads back.
    defer { mean(memory.place) }
    guard connection?.isShared ?? false || !memory.isSettled(on: trail) else { return }
    guard let path = try namedDirectory(), DirectoryPlace.leadsBack(path) else {
      return memory.arriveNameless(on: trail)
    }
    memory.arrive(at: DirectoryPlace(path: path), trail)
    mean(DirectoryPlace(path: path))
  }

  /// Says which directory is meant, once.
  private func mean(_ place: DirectoryPlace?) { if meant == nil { meant = .some(place) } }

  func currentDirectory() throws -> [UInt8]? {
    try catching {
      guard let path = try namedDirectory() else { return nil }
      guard isText else { return path }
      let text = try argument(path)
      return text.isString ? try TextCodec.lossless.encode(text) : nil
    }
  }

  /// What the server calls the directory; nil when it does not say, or it cannot be told what the bytes are.
  private func namedDirectory() throws -> [UInt8]? {
    let path = try answeredDirectory()
    return path?.isEmpty ?? true ? nil : path
  }

  private func answeredDirectory() throws -> [UInt8]? {
    let (state, codec) = (ftp.state, try ftp.codec)
    if state.commandMethods.areAll(of: ftp.object.glance), ftp.debugLevel == 0, let connection = try ftp.connection(),
      try ftp.speaks(on: connection), try ftp.isOwn(.pwd, FTPType.pwd), try state.hooks.parse257.replacement == nil
    {
      let line = state.names[.PWD]
      try state.auditing.raise(FTPObject.commandEvent, ftp.object.glance, line.glance)
      let command = try Command("PWD")
      let reply: Reply = try ftp.use(
        { connection in
          try connection.prepare(for: "PWD")
          return try Attachment.detach { try connection.control.execute(command) }
        }, otherwise: { _ in throw ftp.notConnected })
      switch reply.category {
      case .completion: return PathReply.path(of: reply)
      case .transient where reply.code != 421, .permanent: return nil
      default: throw FTPError(unexpected: reply)
      }
    }
    do {
      let path = try ftp.call(.pwd)
      let bytes = try codec.encode(path)
      // Which of its encodings that was nobody knows.
      return codec.isAutomatic && bytes.contains { $0 >= 0x80 } ? nil : bytes
    } catch {
      if PythonError.matches(state.errors.temporary), let refusal = PythonError.take() {
        guard try ftp.code(refusal.string()) != "421" else { throw PythonError.restore(refusal) }
        return nil
      }
      guard PythonError.matches(state.errors.permanent, .unicodeError) else { throw error }
      PythonError.clear()
      return nil
    }
  }

  func identity(of path: [UInt8]) -> [UInt8] {
    (certainPlace ?? unknownPlace).whole(path)
  }

  /// The error of a connection that is lost and cannot be had again.
  private var lostPlace: PythonError {
    .raise(
      ftp.state.errors.error,
      "the connection to \(server) was lost, and in which directory it was is not known for certain: "
        + "call connect(), login() and cwd() again")
  }

  /// Has a session that has just logged in go where it is meant to be.
  private func go(to place: DirectoryPlace) throws {
    var steps = place.steps
    if let path = place.path {
      try ftp.call(.cwd, argument(path))
    } else if steps.first.map(DirectoryPlace.isAbsolute) != true, let trail = try ftp.connection()?.control.trail {
      // A login may have methods that go somewhere by themselves: these steps have been gone.
      guard let gone = trail.placeSinceLogin?.steps, steps.starts(with: gone) else { throw lostPlace }
      steps.removeFirst(gone.count)
    }
    for step in steps { try ftp.call(.voidcmd, argument(step)) }
  }

  /// Bytes for a method of the object's: as text where it sends these very bytes for that.
  private func argument(_ bytes: [UInt8]) throws -> PythonObject {
    if bytes.allSatisfy({ $0 < 0x80 }) { return try .string(String(decoding: bytes, as: UTF8.self)) }
    let codec = try ftp.codec
    if !codec.isAutomatic {
      do {
        let text = try codec.decode(bytes)
        if try codec.encode(text) == bytes { return text }
      } catch {
        guard PythonError.matches(.unicodeError) else { throw error }
        PythonError.clear()
      }
    }
    return try bytes.withUnsafeBytes { try .bytes($0) }
  }

  private func connect(_ memory: SessionMemory) throws {
    guard let place = certainPlace else { throw lostPlace }
    // It forgets how the object logged in, for a script that connects to another server.
    defer { PythonError.preserving { if try ftp.memory() == nil { try ftp.remember(memory) } } }
    try ftp.call(.connect)
    try ftp.remember(memory)
    if memory.isTLS, !memory.isSecuredByLogin, try !ftp.state.isTLS(ftp.socketInPlace()) { try ftp.call(.auth) }
    // `login` makes a new one.
    let (isTLS, isCleared, isSecured) = (memory.isTLS, memory.isCleared, memory.isSecuredByLogin)
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
    // Whatever ends this before it is there: it has not arrived.
    let now = try ftp.memory()
    now?.hold(place)
    if let now {
      now.allowsPipelining = memory.allowsPipelining
      (now.isTLS, now.isCleared, now.isSecuredByLogin) = (isTLS, isCleared, isSecured)
    }
    // What was protected stays protected.
    if isTLS, try !ftp.state.isTLS(ftp.socketInPlace()) {
      throw FTPError(.security, "\(server) is not secured by TLS any more")
    }
    if try ftp.object.optionalAttribute("_prot_p")?.isTrue() ?? false { try ftp.object.callMethod("prot_p") }
    if isCleared { try ftp.object.callMethod("ccc") }
    do { try go(to: place) } catch {
      now?.hold(place)
      throw error
    }
    now?.arrive(at: place, try ftp.connection()?.control.trail)
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
    // It comes back, or else another connection goes where this one is meant to be.
    defer { if verb == "CWD" { holdPlace() } }
    do { return try catching { try ftp.parsed(ftp.call(.sendcmd, line(verb, argument))) } } catch let error as FTPError
    {
      guard case .reply(let reply) = error.kind else { throw error }
      return reply
    }
  }

  private func holdPlace() {
    guard let place = certainPlace else { return }
    Attachment.attach { PythonError.preserving { try ftp.memory()?.hold(place) } }
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
      // Who looks at each command gets it in its turn; an audit hook cannot forbid one that has gone ahead.
      guard let connection = try ftp.connection(), try ftp.speaks(on: connection),
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
      // It goes where this one is; what prevents that is told in this one's turn.
      if meant == nil { do { try connect() } catch { drop(error) } }
      let sibling = try ObjectClient(other, isText: isText, isSibling: true)
      sibling.meant = meant
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
    case let failure as PythonFailure: Attachment.attach { PythonError.postpone(ifStop: failure.exception) }
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
