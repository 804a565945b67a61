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
    return try connection.use {
      try refresh(connection)
      let reply = try Attachment.detach { () throws(FTPError) in
        try connection.control.realign()
        try connection.control.send(command)
        return try connection.control.readReply()
      }
      return Exchanged(reply: reply, codec: codec, connection: connection)
    }
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
