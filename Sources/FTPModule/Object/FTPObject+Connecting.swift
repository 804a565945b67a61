import CPython
import FTPClient
import Glibc
import PythonBridge

/// The constructor, `connect`, `quit`, `close`, `__exit__`.
extension FTPObject {
  /// The documentation's order of the constructor's parameters.
  private static let documented = Signature(
    "FTP",
    ["host", "port", "user", "passwd", "acct", "timeout", "source_address", "ipvtype"] + named, keywordOnly: named.count
  )
  /// CPython's order: see `isInCPythonsOrder`.
  private static let cpython = Signature(
    "FTP",
    ["host", "user", "passwd", "acct", "timeout", "source_address", "port", "ipvtype"] + named,
    keywordOnly: 2 + named.count)
  /// The parameters that are given by name alone.
  static let named = ["encoding", "errors", "proxy"]

  /// `FTP(...)`: connects when `host` is given, then logs in when `user` is given.
  func initialize(tuple: ObjectPointer?, dictionary: ObjectPointer?) throws {
    guard Arguments.areGiven(tuple: tuple, dictionary: dictionary) else { return try prepare() }
    let isCPython = try isInCPythonsOrder(Arguments(positionalOf: tuple).rest, dictionary)
    let arguments = try Arguments(isCPython ? Self.cpython : Self.documented, tuple: tuple, dictionary: dictionary)
    try start(arguments, port: arguments.value("port"))
  }

  /// Whether positional arguments are in CPython's order: the second is a `str`, which is no port, or `None`, and then the others tell. `FTP(host, None, 'x')`
  /// is, for 'x' may be the password of nobody: in the other order it would be sent as the user's name.
  private func isInCPythonsOrder(_ given: [PythonObject], _ named: ObjectPointer?) throws -> Bool {
    guard given.count > 1 else { return false }
    guard given[1].isNone else { return given[1].isString }
    func isNamed(_ name: String) throws(PythonError) -> Bool {
      guard let named else { return false }
      return try PythonObject(borrowed: named).value(for: .string(name)) != nil
    }
    // In the other order the second is the port.
    if try isNamed("port") { return true }
    // There the fifth is an account, a `str`, and the sixth a timeout.
    if given.count > 4, !given[4].isNone, !given[4].isString { return true }
    if given.count > 5, try given[5].isInstance(of: PythonObject.tuple().type) { return true }
    guard given.count > 2, given[2].isString else { return false }
    let isAlone = given.dropFirst(3).first?.isNone ?? true
    return try isAlone && !isNamed("passwd")
  }

  /// Sets the attributes that the constructor's arguments give, connects when there is a host, logs in when there is a user.
  func start(_ arguments: Arguments, port: PythonObject?) throws {
    try prepare(
      encoding: arguments["encoding"], sourceAddress: arguments["source_address"], timeout: arguments["timeout"])
    if let errors = arguments.value("errors"), !errors.isString {
      throw PythonError.type("errors must be a str, not '\(errors.typeName)'")
    }
    if let proxy = arguments.value("proxy") { try Self.requireProxy(proxy) }
    for (name, attribute) in [("errors", Name.errors), ("proxy", .proxy), ("ipvtype", .ipvtype)] {
      if let value = arguments.value(name) { try set(attribute, value) }
    }
    guard let host = arguments["host"], try host.isTrue() else {
      if let port { try setPort(port) }
      return
    }
    do {
      let empty = try PythonObject.string("")
      try call(.connect, host, port)
      if let user = arguments["user"], try user.isTrue() {
        try call(.login, user, arguments["passwd"] ?? empty, arguments["acct"] ?? empty)
      }
    } catch {
      PythonError.closing { try call(.close) }
      throw error
    }
  }

  /// Sets the attributes that each object has of its own.
  private func prepare(
    encoding: PythonObject? = nil, sourceAddress: PythonObject? = nil, timeout: PythonObject? = nil
  ) throws {
    let unset = try notGiven()
    if let timeout, timeout !== unset { try Self.checkTimeout(timeout) }
    let (ftp, names) = (object.glance, state.names)
    try ftp.set(names[glance: .encoding], encoding ?? state.utf8)
    if let sourceAddress {
      try ftp.set(names[glance: .source_address], sourceAddress)
    } else {
      try ftp.setNone(names[glance: .source_address])
    }
    try ftp.set(names[glance: .timeout], timeout ?? unset)
  }

  /// `connect(host, port, timeout, source_address, ipvtype)`: returns the greeting.
  func connect(_ arguments: Arguments) throws -> PythonObject {
    try setPlace(arguments.value(0), arguments.value(1))
    // CPython's default is -999: subclasses pass it on.
    if let timeout = arguments[2], try timeout.isNone || timeout === notGiven() || timeout.double() != -999 {
      if try timeout !== notGiven() { try Self.checkTimeout(timeout) }
      try set(.timeout, timeout)
    }
    if let source = arguments.value(3) { try set(.source_address, source) }
    if let type = arguments.value(4) { try set(.ipvtype, type) }
    return try connect()
  }

  /// `connect(host, port)`.
  func connect(_ host: PythonObject, _ port: PythonObject) throws -> PythonObject {
    try setPlace(host.isNone ? nil : host, port.isNone ? nil : port)
    return try connect()
  }

  private func setPlace(_ host: PythonObject?, _ port: PythonObject?) throws {
    if let host, try host.isTrue() { try set(.host, host) }
    if let port { try setPort(port) }
  }

  /// Connects to where the attributes say.
  private func connect() throws -> PythonObject {
    let names = state.names
    if try !object.hasNoneAttribute(names[.file]) || !state.socketAttribute.isNone(in: object.glance) { try close() }
    // Who connects anew logs in anew: the password of one server is not for another.
    if try memory() != nil { forget() }
    let (host, port) = (try attribute(.host), try attribute(.port))
    try state.auditing.raise("ftplib.connect", object.glance, host.glance, port.glance)
    let name = host.isNone ? "" : try host.text()
    guard !name.isEmpty else { throw PythonError.value("no host to connect to: give one to FTP() or connect()") }
    let peer = port.isInteger ? PeerName(name, port: try port.integer()) : PeerName("\(name) port \(try port.text())")
    let isAlone = try isAlone()
    let dialled = try dial(host, port, "connect to \(peer)", unseen: isAlone)
    keepAlive(dialled)
    // Before anything is read from it.
    let socket = try speaksTLSFirst() ? secure(dialled.socket, session: nil) : dialled.socket
    do {
      let takings = state.socketAttribute.takings
      try set(.sock, socket)
      // A subclass may wrap the socket when it is set, as recipes for implicit TLS do.
      let effective = try socketInPlace()
      let plain = effective === dialled.socket ? dialled.plain : nil
      try set(.af, plain?.family ?? effective.attribute(state.names[.family]))
      let stream =
        try plain.map { PythonStream(plain: effective, $0, peer: peer, state: state) }
        ?? PythonStream(effective, peer: peer, state: state)
      let connection = Connection(stream, peer, codec: try codec, state: state)
      try set(.file, NativeObject.make(state.connectionType, connection))
      if isAlone, state.socketAttribute.takings == takings, try plain != nil || state.connectsPlainly() {
        try stream.beginSlices()
      } else {
        dialled.waitForWriting()
      }
      let welcome = try greeting()
      try set(.welcome, welcome)
      return welcome
    } catch {
      PythonError.closing { try close() }
      PythonError.closing { try socket.callMethod(state.names[.close]) }
      throw error
    }
  }

  /// Whether the object was made with `implicit=True`.
  private func speaksTLSFirst() throws(PythonError) -> Bool {
    guard !object.isExactly(state.ftpType), object.type.isSubclass(of: state.ftpTLSType) else { return false }
    return try attribute(._ftplib_implicit).isTrue()
  }

  /// Whether nobody gets the socket that `connect` makes without this module's doing.
  private func isAlone() throws(PythonError) -> Bool {
    guard state.socketAttribute.watches(object) else { return false }
    if object.isExactly(state.ftpType) { return true }
    return try !object.isInstance(of: state.ftpTLSType)
  }

  /// Has the system look after a control connection that a long transfer leaves silent.
  private func keepAlive(_ dialled: Dialled) {
    if let plain = dialled.plain { return Socket.keepAlive(plain.descriptor) }
    // What has no descriptor keeps itself alive, or is somebody's mock.
    PythonError.preserving {
      Socket.keepAlive(CInt(clamping: try dialled.socket.glance.callForInteger(state.names[glance: .fileno])))
    }
  }

  /// Reads the greeting; after a `120 ready in N minutes` the one that follows (RFC 959 section 5.4).
  private func greeting() throws -> PythonObject {
    for _ in 0..<Limits.delayedGreetings {
      let (text, code) = try awaitReply()
      if code != 120 { return text }
    }
    throw FTPError(.malformed, "\(try text(.host)) keeps saying that it is not ready yet")
  }

  /// `port`: a number from 1 to 65535. 0 and what is below it is CPython's "not given".
  private func setPort(_ port: PythonObject) throws {
    guard port.isInteger else { throw PythonError.type("port must be an int, not '\(port.typeName)'") }
    // An int of any size: one that Swift cannot hold is no port either.
    guard let number = try? port.integer(), number <= 65535 else {
      PythonError.clear()
      throw PythonError.value("port must be 1 to 65535, not \(try port.text())")
    }
    if number > 0 { try set(.port, port) }
  }

  /// What is known of a socket of `PlainSockets`.
  struct Plain {
    let descriptor: CInt
    let questions: PythonStream.Questions
    /// What `socket` calls its family.
    let family: PythonObject
  }

  /// A socket that has been connected.
  struct Dialled {
    let socket: PythonObject
    /// The time that connecting could take, in seconds; nil is for ever.
    let limit: Double?
    /// Where the client has connected a socket of `PlainSockets` by itself.
    var plain: Plain?
    /// Whether a call that writes to it still waits for a slice of time alone, as connecting has left it.
    var isSliced = false

    /// Takes that back.
    func waitForWriting() { if isSliced, let plain { Socket.waitForWriting(plain.descriptor) } }
  }

  /// Connects to the host, as `socket.create_connection` tries its addresses; with `ipvtype=1` to its IPv6 addresses alone, as the
  /// device module has it. `unseen` as for `connectDirectly`.
  private func dial(
    _ host: PythonObject, _ port: PythonObject, _ action: @autoclosure () -> String, unseen: Bool
  ) throws -> Dialled {
    guard try object.hasTrueAttribute(state.names[.ipvtype]) else {
      return try openSocket(host, port, action(), unseen: unseen)
    }
    let socket = try state.socket()
    let entries: [PythonObject]
    let name = try host.text()
    do {
      entries = try socket.attribute("getaddrinfo").call(host, port, socket.attribute("AF_INET6")).items()
    } catch {
      throw state.rewordConnectError("resolve '\(name)' to an IPv6 address")
    }
    let addresses = try entries.map { entry in try entry.item(4).item(0).text() }
    for (index, address) in addresses.enumerated() where addresses.firstIndex(of: address) == index {
      do { return try openSocket(.string(address), port, action(), unseen: unseen) } catch {
        guard addresses[index...].contains(where: { $0 != address }), PythonError.matches(.osError) else { throw error }
        PythonError.clear()
      }
    }
    throw FTPError(.unresolved(EAI_NONAME), "the host name '\(name)' has no IPv6 address")
  }

  /// Opens a socket to a host, through the proxy where there is one. `unseen` as for `connectDirectly`.
  func openSocket(
    _ host: PythonObject, _ port: PythonObject, _ action: @autoclosure () -> String, unseen: Bool = false
  ) throws -> Dialled {
    do {
      if let proxy = try proxy() { return try openThroughProxy(proxy, host, port, action()) }
    } catch let error as FTPError {
      throw state.exception(for: error)
    }
    try forgetProxiedHost()
    return try connectDirectly(host, port, action(), unseen: unseen)
  }

  /// Opens a socket through whatever `socket.create_connection` is now: event loops and proxies of others replace it.
  ///
  /// `unseen` says that nobody gets it before the caller has taken back what connecting leaves: see `Dialled`.
  func connectDirectly(
    _ host: PythonObject, _ port: PythonObject, _ action: @autoclosure () -> String, unseen: Bool = false
  ) throws(PythonError) -> Dialled {
    if let dialled = try connectToDigits(host, port, action, unseen: unseen) { return dialled }
    let limit = try connectSeconds()
    let timeout =
      if let given = limit.given { given } else { try PythonObject.float(limit.seconds ?? Self.defaultConnect) }
    let create = try state.socket().attribute(state.names[.create_connection])
    let keywords = try PythonObject.dictionary()
    try keywords.set(attribute(.source_address), for: "source_address")
    let socket: PythonObject
    do {
      socket = try create.call(arguments: .tuple(.tuple(host, port), timeout), keywords: keywords)
    } catch {
      throw state.rewordConnectError(action())
    }
    if limit.isOurs { try socket.callMethod(state.names[.settimeout], PythonObject.none) }
    return Dialled(socket: socket, limit: limit.seconds)
  }

  /// The same for an address in digits, without the resolver, where `socket` is Python's own; nil for any other.
  private func connectToDigits(
    _ host: PythonObject, _ port: PythonObject, _ action: () -> String, unseen: Bool
  ) throws(PythonError) -> Dialled? {
    guard host.isString, port.isInteger, try object.hasNoneAttribute(state.names[.source_address]),
      let sockets = try state.ownSockets(), let number = UInt16(exactly: try port.integer()),
      let address = SocketAddress(digits: try host.utf8Text(), port: number)
    else { return nil }
    let limit = try connectSeconds()
    try state.auditing.raise(Self.connectEvent, object.glance, pair: (host.glance, port.glance))
    let socket: PythonObject
    do throws(PythonError) { socket = try sockets.make(isIPv6: address.isIPv6) } catch {
      throw state.rewordConnectError(action())
    }
    do throws(PythonError) {
      if let timeout = limit.given { try socket.callMethod(state.names[.settimeout], timeout) }
      let plain = try sockets.describe(socket, isIPv6: address.isIPv6, state.names)
      // A socket with a time limit does not block.
      let isBlocking = limit.given?.isNone ?? limit.isOurs
      do throws(FTPError) {
        let interrupt = Interrupt(Attachment.checkSignals)
        let deadline = Deadline.after(seconds: limit.seconds)
        try Attachment.detach { () throws(FTPError) in
          try Socket.connect(
            plain.descriptor, isBlocking: isBlocking, to: address, action, until: deadline, interrupt: interrupt)
        }
      } catch { throw state.exception(for: error) }
      let dialled = Dialled(
        socket: socket, limit: limit.seconds, plain: plain, isSliced: isBlocking)
      if !unseen { dialled.waitForWriting() }
      return dialled
    } catch {
      PythonError.closing { try socket.callMethod(state.names[.close]) }
      throw error
    }
  }

  /// `quit()`: takes leave and closes.
  func quit() throws -> PythonObject {
    let line = state.names[.QUIT]
    let reply = try exchange(line).map { try completion($0) } ?? call(.voidcmd, line)
    forget()
    try call(.close)
    return reply
  }

  /// `close()`: closes without a word; a call that runs meanwhile ends with an error.
  func close() throws {
    let connection = try connection()
    let file = try connection == nil ? attribute(.file) : nil
    let socket = try connection.map { try speaks(on: $0) } ?? false ? nil : socketInPlace()
    try object.glance.setNone(state.names[glance: .file])
    try object.glance.setNone(state.names[glance: .sock])
    connection?.close()
    do { if let file, !file.isNone { try file.callMethod(state.names[.close]) } } catch {
      PythonError.closing { if let socket, !socket.isNone { try socket.callMethod(state.names[.close]) } }
      throw error
    }
    if let socket, !socket.isNone { try socket.callMethod(state.names[.close]) }
  }

  /// `__exit__`: takes leave, ignoring what a lost connection raises, and closes in any case.
  func exit() throws {
    defer { forget() }
    guard try !socketInPlace().isNone else { return }
    let connection = try connection()
    do {
      try call(.quit)
    } catch {
      // Of a connection that was lost, closed by the script or out of step before, the body has had its error.
      var isGone = false
      PythonError.preserving { isGone = connection.map { !$0.control.isUsable || $0.stream.isClosed } ?? false }
      let isExpected =
        isGone && PythonError.matches(state.errors.error) || PythonError.matches(.osError, .eofError)
      if isExpected { PythonError.clear() }
      PythonError.closing { if try !socketInPlace().isNone { try call(.close) } }
      if !isExpected { throw error }
    }
  }
}
