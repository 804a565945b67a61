import CPython
import FTPClient
import PythonBridge

/// A command and its reply in one go, where `sendcmd`, `putcmd`, `getresp` and what they call are this module's own and nobody watches
/// (`debugging`): the same bytes, exceptions and attributes, without the calls of Python's in between.
extension FTPObject {
  /// The methods through which a command goes otherwise.
  static let commandNames: [Name] = [
    .sendcmd, .voidcmd, .voidresp, .putcmd, .putline, .getresp, .getmultiline, .getline,
  ]

  /// Those of them that read a reply.
  static let replyNames: [Name] = [.voidresp, .getresp, .getmultiline, .getline]

  /// A command's way in: how many of these methods it does not go through.
  enum Entry: Int { case ofObject = 0, voidcmd = 2, sendcmd = 3 }

  /// A reply to a command of an object whose text is strict UTF-8.
  struct Exchanged {
    let reply: Reply
    let connection: Connection
  }

  /// Sends a command and reads its reply, whatever its code; nil, and nothing was sent, when that is for the methods to do.
  func exchange(_ line: PythonObject) throws -> Exchanged? {
    try Self.exchange(object.glance, line.glance, state, .ofObject)
  }

  static func exchange(_ object: Glance, _ line: Glance, _ state: ModuleState, _ entry: Entry) throws -> Exchanged? {
    guard line.isString, let connection = try ownConnection(of: object, state, entry) else { return nil }
    // What cannot be sent is for `putline` to say.
    guard let text = try line.utf8(), let command = Command.Ready(text), connection.isReady(for: command.word) else {
      return nil
    }
    try state.auditing.raise(Self.commandEvent, object, line)
    do {
      return try connection.use {
        try refresh(connection, of: object, state)
        let control = connection.control
        let reply = try Attachment.detach { () throws(FTPError) in try control.exchange(command) }
        return Exchanged(reply: reply, connection: connection)
      }
    } catch let error as FTPError { throw state.exception(for: error) }
  }

  /// The connection of an object whose commands, from there on, are this module's own affair.
  static func ownConnection(of object: Glance, _ state: ModuleState, _ entry: Entry) throws -> Connection? {
    if let connection = try assuredConnection(of: object, state, entry) { return connection }
    let lookups = state.lookups.state(of: object)
    guard state.commandMethods.areAll(of: object, but: entry.rawValue), debugLevel(of: object, state) == 0,
      let connection = try connection(of: object, state),
      try state.socketAttribute.isIn(object, connection.stream.socket), try isStrictUTF8(object, state)
    else { return nil }
    assure(connection, entry, in: lookups, of: object, state)
    return connection
  }

  private static func isStrictUTF8(_ object: Glance, _ state: ModuleState) throws -> Bool {
    // As nearly always.
    if try isPlainUTF8(object, state) { return true }
    return try object.object { object throws(PythonError) in
      try FTPObject(object: object, state: state).codec.isStrictUTF8
    }
  }

  /// Reads a reply, as `exchange` does.
  func awaited() throws -> Exchanged? {
    // Below `voidcmd` are all the methods that read.
    guard let connection = try Self.assuredConnection(of: object.glance, state, .voidcmd) ?? answeringConnection()
    else { return nil }
    return try asPython {
      try connection.use {
        try refresh(connection)
        let reply = try Attachment.detach { try connection.control.readReplyOrDropped() }
        return Exchanged(reply: reply, connection: connection)
      }
    }
  }

  /// The connection of an object the reading of whose replies is this module's own affair.
  private func answeringConnection() throws -> Connection? {
    guard state.replyMethods.areAll(of: object), debugLevel == 0, let connection = try connection(),
      try Self.isStrictUTF8(object.glance, state)
    else { return nil }
    return connection
  }

  /// `getresp`, the object's own or another in its place: a reply's text and its code.
  func awaitReply() throws -> (text: PythonObject, code: Int?) {
    if let exchanged = try awaited() { return (try response(exchanged), exchanged.reply.code) }
    let text = try call(.getresp)
    return (text, try parsed(text).code)
  }

  /// Runs what a method of Python's would do for its callers, who look at the exceptions of Python's: a client's error becomes one.
  func asPython<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as FTPError { throw state.exception(for: error) }
  }

  /// `voidresp`, the object's own or another in its place.
  func awaitCompletion() throws -> PythonObject {
    if let exchanged = try awaited() { return try completion(exchanged) }
    return try call(.voidresp)
  }

  /// Has data represented as text or as bytes (`TYPE`), by `voidcmd` or `sendcmd`.
  ///
  /// It is not said again, where commands are this module's own alone, until something may have changed it: a `TYPE`, `USER`, `REIN` or
  /// `AUTH`, whoever sent it, or any 5yz reply. A new connection knows nothing.
  func represent(as type: FTPSession.Representation, by method: Name) throws {
    let assured = try Self.assuredConnection(of: object.glance, state, .ofObject)
    if let assured, assured.isRepresented(as: type) { return }
    let connection = try assured ?? connection()
    let isOwn = assured != nil || state.commandMethods.areAll(of: object)
    if isOwn, let connection, connection.isRepresented(as: type), try speaks(on: connection) { return }
    let command = "TYPE \(type.rawValue)"
    let reply = try method == .voidcmd ? voidcmd(command) : sendcmd(command)
    guard isOwn, let connection, try code(reply).first == "2" else { return }
    connection.noteRepresentation(as: type)
  }

  /// `getresp` for a reply that has been read: its text, or the exception for it. Sets `lastresp`.
  func response(_ exchanged: Exchanged) throws -> PythonObject {
    PythonObject(owned: try Self.response(exchanged, object.glance, state))
  }

  /// The same for a reply that must be 2yz.
  func completion(_ exchanged: Exchanged) throws -> PythonObject {
    PythonObject(owned: try Self.response(exchanged, object.glance, state, mustComplete: true))
  }

  /// `getresp` or `voidresp` for a reply that has been read: a new reference to its text.
  static func response(
    _ exchanged: Exchanged, _ object: Glance, _ state: ModuleState, mustComplete: Bool = false
  ) throws -> ObjectPointer {
    let (text, code) = try state.replyTexts.texts(of: exchanged.reply)
    do {
      try setLastResponse(code, of: object, on: exchanged.connection, state)
      switch exchanged.reply.category {
      case .completion: return text
      case .preliminary, .intermediate: if !mustComplete { return text }
      case .transient, .permanent, nil: break
      }
    } catch {
      _ = PythonObject(owned: text)
      throw error
    }
    throw object.object { FTPObject(object: $0, state: state).unexpected(text, exchanged.reply.category) }
  }

  private func unexpected(_ text: ObjectPointer, _ category: Reply.Category?) -> PythonError {
    let text = PythonObject(owned: text)
    return switch category {
    case .transient: unexpected(text, state.errors.temporary)
    case .permanent: unexpected(text, state.errors.permanent)
    case nil: unexpected(text, state.errors.protocolError)
    case .preliminary, .completion, .intermediate: unexpected(text)
    }
  }
}
