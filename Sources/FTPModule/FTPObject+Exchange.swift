import CPython
import FTPClient
import PythonBridge

/// A command and its reply in one go, where `sendcmd`, `putcmd`, `getresp` and what they call are this module's own and nobody watches
/// (`debugging`): the same bytes, exceptions and attributes, without the calls of Python's in between.
extension FTPObject {
  /// The methods through which a command goes otherwise.
  static let commandNames: [Name] = [
    .sendcmd, .voidcmd, .putcmd, .putline, .getresp, .voidresp, .getmultiline, .getline,
  ]

  /// A reply, and what makes Python's objects of it.
  struct Exchanged {
    let reply: Reply
    let codec: TextCodec
    let connection: Connection
  }

  /// Sends a command and reads its reply, whatever its code; nil, and nothing was sent, when that is for the methods to do.
  func exchange(_ line: PythonObject) throws -> Exchanged? {
    guard line.isString, state.commandMethods.areAll(of: object), debugLevel == 0, let connection = try connection(),
      try object.hasAttribute(state.names[.sock], connection.stream.socket)
    else { return nil }
    let codec = try codec
    // What cannot be sent is for `putline` to say.
    guard codec.isStrictUTF8, let command = try line.withEncodableUTF8({ Command(sendable: $0) }) ?? nil,
      connection.isReady(for: command)
    else { return nil }
    try state.audit().perform(state.commandEvent, object, line)
    return try asPython {
      try connection.use {
        try refresh(connection)
        let reply = try Attachment.detach { () throws(FTPError) in
          try connection.control.realign()
          try connection.control.send(command)
          return try connection.control.readReply()
        }
        return Exchanged(reply: reply, codec: codec, connection: connection)
      }
    }
  }

  /// Reads a reply, as `exchange` does.
  private func awaited() throws -> Exchanged? {
    guard state.commandMethods.areAll(of: object), debugLevel == 0, let connection = try connection() else {
      return nil
    }
    let codec = try codec
    guard codec.isStrictUTF8 else { return nil }
    return try asPython {
      try connection.use {
        try refresh(connection)
        let reply = try Attachment.detach { try connection.control.readReply() }
        return Exchanged(reply: reply, codec: codec, connection: connection)
      }
    }
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
  func represent(as type: Connection.Representation, by method: Name) throws {
    let connection = try connection()
    let isOwn = state.commandMethods.areAll(of: object)
    if isOwn, let connection, let known = connection.representation, known.type == type,
      known.at == connection.control.representationChanges,
      try object.hasAttribute(state.names[.sock], connection.stream.socket)
    {
      return
    }
    let reply = try method == .voidcmd ? voidcmd(type.rawValue) : sendcmd(type.rawValue)
    guard isOwn, let connection, try code(reply).first == "2" else { return }
    connection.representation = (type, connection.control.representationChanges)
  }

  /// `getresp` for a reply that has been read: its text, or the exception for it. Sets `lastresp`.
  func response(_ exchanged: Exchanged) throws -> PythonObject {
    let text = try exchanged.codec.decode(exchanged.reply.bytes)
    try set(.lastresp, exchanged.connection.code(of: exchanged.reply) ?? text.prefix(3))
    switch exchanged.reply.category {
    case .preliminary, .completion, .intermediate: return text
    case .transient: throw unexpected(text, state.errors.temporary)
    case .permanent: throw unexpected(text, state.errors.permanent)
    case nil: throw unexpected(text, state.errors.protocolError)
    }
  }

  /// The same for a reply that must be 2yz.
  func completion(_ exchanged: Exchanged) throws -> PythonObject {
    let text = try response(exchanged)
    guard exchanged.reply.category == .completion else { throw unexpected(text) }
    return text
  }
}
