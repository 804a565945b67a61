import CPython
import FTPClient
import PythonBridge

/// `ftpcp`: a file from one server to another, which open the data connection between them (RFC 959 section 5.2).
enum ServerToServer {
  static let function = PyMethodDef.function(
    "ftpcp",
    """
    ftpcp($module, source, sourcename, target, targetname='', type='I')
    --

    Copy a file from one server to another, without its data passing through here (RFC 959
    section 5.2, "FXP").

    source and target are FTP objects, logged in; targetname is sourcename when not given; type
    is 'I' for bytes as they are, 'A' for text. The target connects to the host that source is
    connected to, not to any that its reply names, unless source.trust_server_pasv_ipv4_address
    is set. Many servers refuse to connect to another host. Raises error_perm, error_temp,
    error_proto.
    """
  ) {
    ModuleFunctions.call(
      $0, $1, $2, $3,
      Signature("ftpcp", ["source", "sourcename", "target", "targetname", "type"], required: 3)
    ) { state, arguments in
      try copy(
        from: arguments.required(0), arguments.required(1), to: arguments.required(2), arguments.value(3),
        type: arguments.value(4) ?? .string("I"), state)
      return .none
    }
  }

  /// By the methods' names alone: either side may be anything that has them.
  private static func copy(
    from source: PythonObject, _ sourceName: PythonObject, to target: PythonObject, _ targetName: PythonObject?,
    type: PythonObject, _ state: ModuleState
  ) throws {
    func command(_ verb: String, _ argument: PythonObject) throws -> PythonObject {
      try PythonObject.string("\(verb) ").appending(argument)
    }
    let targetName = try targetName.flatMap { try $0.isTrue() ? $0 : nil } ?? sourceName
    let commands = (
      type: try command("TYPE", type), store: try command("STOR", targetName), retrieve: try command("RETR", sourceName)
    )
    // What cannot be sent is found before the first of them is.
    for command in [commands.type, commands.store, commands.retrieve] {
      _ = try Command(line: command.isBytes ? command.withBytes { Array($0) } : TextCodec.lossless.encode(command))
    }
    for side in [source, target] { try side.callMethod(state.names[.voidcmd], commands.type) }

    let reply = try source.callMethod(state.names[.sendcmd], .string("PASV"))
    let peer = try FTPObject(object: source, state: state).socketInPlace().callMethod(state.names[.getpeername]).item(0)
    let address = try FTPObject(object: source, state: state).passiveAddress(in: reply, orAt: peer)
    try target.callMethod(state.names[.sendport], address.item(0), address.item(1))

    // The target first: it is the one that connects, and the source listens already.
    try begin(target, commands.store, state)
    do {
      try begin(source, commands.retrieve, state)
      try source.callMethod(state.names[.voidresp])
      try target.callMethod(state.names[.voidresp])
    } catch {
      // The target waits for data that will not come, and the source may hold their connection open: until it is closed neither has
      // said its last word about this transfer, and that would be taken for one about the next.
      for side in [source, target] {
        PythonError.preserving {
          let ftp = FTPObject(object: side, state: state)
          guard let connection = try ftp.connection() else { return }
          try ftp.call(.putcmd, .string("ABOR"))
          connection.control.abandonReplies()
        }
      }
      throw error
    }
  }

  private static func begin(_ side: PythonObject, _ command: PythonObject, _ state: ModuleState) throws {
    let reply = try side.callMethod(state.names[.sendcmd], command)
    guard try ["125", "150"].contains(reply.prefix(3).text()) else {
      throw PythonError.raise(state.errors.protocolError, reply)
    }
  }
}
