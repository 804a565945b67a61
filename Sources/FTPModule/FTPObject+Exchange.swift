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

  /// Sends a command and reads its reply, whatever its code; nil, and nothing was sent, when that is for the methods to do.
  func exchange(_ line: PythonObject) throws -> (reply: Reply, codec: TextCodec)? {
    guard line.isString, state.commandMethods.areAll(of: object), debugLevel == 0, let connection = try connection(),
      try attribute(.sock) === connection.stream.socket
    else { return nil }
    let codec = try codec
    // What cannot be sent is for `putline` to say.
    guard codec.isStrictUTF8, let bytes = try line.withEncodableUTF8({ Array($0) }), let command = try? Command(line: bytes),
      connection.isReady(for: command)
    else { return nil }
    try audit("ftplib.sendcmd", line)
    return try connection.use {
      try refresh(connection)
      let reply = try Attachment.detach { () throws(FTPError) in
        try connection.control.realign()
        try connection.control.send(command)
        return try connection.control.readReply()
      }
      return (reply, codec)
    }
  }

  /// `getresp` for a reply that has been read: its text, or the exception for it. Sets `lastresp`.
  func response(_ reply: Reply, _ codec: TextCodec) throws -> PythonObject {
    let text = try codec.decode(reply.bytes)
    try set(.lastresp, text.prefix(3))
    switch reply.category {
    case .preliminary, .completion, .intermediate: return text
    case .transient: throw unexpected(text, state.errors.temporary)
    case .permanent: throw unexpected(text, state.errors.permanent)
    case nil: throw unexpected(text, state.errors.protocolError)
    }
  }

  /// The same for a reply that must be 2yz.
  func completion(_ reply: Reply, _ codec: TextCodec) throws -> PythonObject {
    let text = try response(reply, codec)
    guard reply.category == .completion else { throw unexpected(text) }
    return text
  }
}
