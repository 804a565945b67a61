import CPython
import FTPClient
import PythonBridge

/// One `FTP` object of Python during a call: its attributes, and its methods in Swift.
///
/// State that Python code can see is plain attributes, read each time. Methods call each other through Python's lookup, so that a
/// subclass, an instance or a patch may replace any of them, as with CPython's class.
struct FTPObject {
  let object: PythonObject
  let state: ModuleState

  /// The auditing event of a command.
  static var commandEvent: StaticString { "ftplib.sendcmd" }
  /// That of a connection that is made.
  static var connectEvent: StaticString { "socket.connect" }

  // MARK: Attributes

  func attribute(_ name: Name) throws(PythonError) -> PythonObject { try object.attribute(state.names[name]) }

  func set(_ name: Name, _ value: PythonObject) throws(PythonError) {
    try object.setAttribute(state.names[name], value)
  }

  /// A text attribute; empty when it is `None`.
  func text(_ name: Name) throws(PythonError) -> String {
    let value = try attribute(name)
    return value.isNone ? "" : try value.text()
  }

  /// `encoding` and `errors`, which is `strict` where that is no `str`.
  var codec: TextCodec {
    get throws(PythonError) {
      if try Self.isPlainUTF8(object.glance, state) { return .utf8 }
      let encoding = try attribute(.encoding)
      guard encoding.isString else { throw .type("encoding must be a str, not '\(encoding.typeName)'") }
      let errors = try attribute(.errors)
      // CPython's class has no such attribute: a subclass may call anything so, such as a list of what went wrong.
      return TextCodec(encoding: try encoding.utf8Text(), errors: errors.isString ? try errors.utf8Text() : "strict")
    }
  }

  /// Whether `encoding` and `errors` are what they nearly always are.
  static func isPlainUTF8(_ object: Glance, _ state: ModuleState) throws(PythonError) -> Bool {
    guard try object.has(state.names[glance: .encoding], text: "utf-8", usually: state.utf8) else { return false }
    return try object.has(state.names[glance: .errors], text: "strict", usually: state.strict)
  }

  /// `debugging` as a number; what is no number counts as off.
  var debugLevel: Int { Self.debugLevel(of: object.glance, state) }

  static func debugLevel(of object: Glance, _ state: ModuleState) -> Int {
    do { return try object.integer(state.names[glance: .debugging]) } catch {
      PythonError.clear()
      return 0
    }
  }

  /// `maxline` as a number that leaves room to count beyond it.
  var maximumLine: Int {
    get throws(PythonError) { try Self.maximumLine(of: object.glance, state) }
  }

  static func maximumLine(of object: Glance, _ state: ModuleState) throws(PythonError) -> Int {
    max(0, min(try object.integer(state.names[glance: .maxline]), 1 << 30))
  }

  // MARK: Calls

  /// `sock`, for a look that no Python code shares: for any other it is `attribute(.sock)`.
  func socketInPlace() throws(PythonError) -> PythonObject { try state.socketAttribute.look(at: object) }

  /// Whether `sock` is still the connection's.
  func speaks(on connection: Connection) throws(PythonError) -> Bool {
    try state.socketAttribute.isIn(object.glance, connection.stream.socket)
  }

  /// Calls one of the object's methods as Python would.
  @discardableResult
  func call(
    _ name: Name, _ first: PythonObject? = nil, _ second: PythonObject? = nil, _ third: PythonObject? = nil
  ) throws(PythonError) -> PythonObject {
    try object.callMethod(state.names[name], first, second, third)
  }

  /// Calls `sendcmd` and returns the reply's text.
  func sendcmd(_ command: String) throws -> PythonObject {
    let line = try PythonObject.string(command)
    if let exchanged = try exchange(line) { return try response(exchanged) }
    return try call(.sendcmd, line)
  }

  /// Calls `voidcmd` and returns the reply's text.
  func voidcmd(_ command: String) throws -> PythonObject {
    let line = try PythonObject.string(command)
    if let exchanged = try exchange(line) { return try completion(exchanged) }
    return try call(.voidcmd, line)
  }

  /// Whether a method is the one that this module defines: not overridden, not patched.
  func isOwn(_ name: Name, _ implementation: MethodImplementation) throws(PythonError) -> Bool {
    try attribute(name).builtinFunction == unsafeBitCast(implementation, to: UnsafeRawPointer?.self)
  }

  /// What `FTP_TLS` finds in the place of a method of `FTP`, where that is not this module's: `FTP` was patched, or the class of the object has another
  /// one between the two. As `super(FTP_TLS, self)` finds it.
  func replacement(above name: Name, _ implementation: MethodImplementation) throws(PythonError) -> PythonObject? {
    let above = try importModule("builtins").attribute("super").call(state.ftpTLSType, object)
    let method = try above.attribute(state.names[name])
    return method.builtinFunction == unsafeBitCast(implementation, to: UnsafeRawPointer?.self) ? nil : method
  }

  /// Prints through Python's `print`, looked up as a script would.
  func print(_ items: PythonObject...) throws(PythonError) {
    let print = try importModule("builtins").attribute("print")
    _ = try print.call(arguments: .tuple(items), keywords: nil)
  }

  // MARK: Connection

  /// The connection in `file`; nil when there is none, or when `file` is somebody else's object.
  func connection() throws(PythonError) -> Connection? { try Self.connection(of: object.glance, state) }

  static func connection(of object: Glance, _ state: ModuleState) throws(PythonError) -> Connection? {
    try object.content(of: state.names[glance: .file], state.connectionType, as: Connection.self)
  }

  /// The same; raises `Error` when there is none.
  func connectionInPlace() throws -> Connection? {
    if let connection = try connection() { return connection }
    guard try !attribute(.file).isNone else { throw notConnected }
    return nil
  }

  /// Runs a call on the connection with the time limits of this moment; `other` runs when `file` is somebody else's object.
  func use<Result>(_ body: (Connection) throws -> Result, otherwise other: (PythonObject) throws -> Result) throws
    -> Result
  {
    guard let connection = try connectionInPlace() else { return try other(attribute(.file)) }
    return try connection.use {
      try refresh(connection)
      return try body(connection)
    }
  }

  /// Gives a connection the limits of this moment.
  func refresh(_ connection: Connection) throws(PythonError) { try Self.refresh(connection, of: object.glance, state) }

  static func refresh(_ connection: Connection, of object: Glance, _ state: ModuleState) throws(PythonError) {
    // Python code may have closed the socket, and its descriptor be another file's by now.
    connection.stream.revalidate()
    let limit = try connection.stream.timeLimit()
    let assurance = connection.assurance.flatMap { $0.lookups == state.lookups.state(of: object) ? $0 : nil }
    if connection.openedWithLimit == nil { connection.openedWithLimit = limit != nil }
    if let limit {
      connection.stream.endSlices()
      // Who has given the socket a limit of its own looks for the socket's own words (ftputil).
      connection.limit(replies: .seconds(limit)) { isOwn(limit, of: object, state) ? nil : "timed out" }
    } else {
      // Who has taken from the socket the limit that it was opened with wants none.
      let isTaken = connection.openedWithLimit ?? false
      connection.limit(replies: isTaken ? .none : try replyLimit(of: object, state, assurance))
    }
    connection.control.lineLimit = if let assurance { assurance.lineLimit } else { try maximumLine(of: object, state) }
  }

  /// What the attribute `timeout` says of replies where the socket has no limit of its own: a script may have set it since.
  private static func replyLimit(
    of object: Glance, _ state: ModuleState, _ assurance: Assurance?
  ) throws(PythonError) -> Connection.ReplyLimit {
    if let limit = assurance?.replyLimit { return limit }
    // As nearly always.
    if try object.has(state.names[glance: .timeout], state.notGiven()) { return .default }
    return try object.object { ftp throws(PythonError) in
      try FTPObject(object: ftp, state: state).givenSeconds().map { .seconds($0) } ?? .none
    }
  }

  /// Whether a socket's time limit in seconds is that of the attribute `timeout`: otherwise a script has set it.
  private static func isOwn(_ limit: Double, of object: Glance, _ state: ModuleState) -> Bool {
    do {
      let own = try object.object { ftp throws(PythonError) in try ftp.attribute(state.names[.timeout]).double() }
      // A socket counts nanoseconds.
      return abs(own - limit) < 1e-6
    } catch {
      PythonError.clear()
      return false
    }
  }

  /// What a call raises that needs a connection when there is none.
  var notConnected: PythonError {
    .raise(state.errors.error, "not connected to an FTP server: call connect() first")
  }

  // MARK: Replies

  /// A line as Swift text, for a look at it alone: what does not fit is replaced. Throws `TypeError` for what is neither `str`
  /// nor `bytes`.
  func lookingAt(_ line: PythonObject) throws(PythonError) -> String {
    do {
      if line.isBytes { return try line.withBytes { String(decoding: $0, as: UTF8.self) } }
      return try line.encoded("utf-8", errors: "replace").withBytes { String(decoding: $0, as: UTF8.self) }
    } catch { throw error as? PythonError ?? PythonError() }
  }

  /// Sets the exception for a reply that the call does not expect.
  func unexpected(_ reply: PythonObject, _ type: PythonObject? = nil) -> PythonError {
    let type = type ?? state.errors.reply
    return (try? code(reply))?.isEmpty == true ? .raise(type, FTPError.emptyReply) : .raise(type, reply)
  }

  /// The first three characters of a reply as text, without trusting that there are three.
  func code(_ reply: PythonObject) throws(PythonError) -> String {
    try lookingAt(reply.prefix(3))
  }

  /// A reply's text for the client's parsers.
  func parsed(_ reply: PythonObject) throws -> Reply {
    Reply(bytes: try TextCodec.lossless.encode(reply))
  }
}
