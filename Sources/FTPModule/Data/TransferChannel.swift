import CPython
import FTPClient
import PythonBridge

/// The data connection of one of the object's own transfers, and what is known of it.
struct TransferChannel {
  let stream: PythonStream
  /// The size that the reply to the command announced; nil when it named none.
  var announced: UInt64?
  /// How long it may be silent; nil is for ever.
  let idleTimeout: Duration?
  /// The control connection; nil where somebody else's object is in `file`.
  let connection: Connection?

  /// Closes in the middle of the transfer, whose replies nobody awaits any more. Attached.
  func breakOff(_ state: ModuleState) {
    stream.shared?.breakOff()
    PythonError.preserving { try stream.tls?.resetOnClose() }
    connection?.control.abandonReplies()
    PythonError.closing { try close(state) }
  }

  /// Closes. Attached.
  func close(_ state: ModuleState) throws(PythonError) {
    if stream.isOwn { return stream.close() }
    try stream.socket.callMethod(state.names[.close])
  }
}

extension FTPObject {
  /// Has data represented as text or as bytes, by `voidcmd` or `sendcmd`, for a transfer of the object's own by `command`. Returns the data
  /// connection that is then to be opened, where nobody sees it.
  func prepareTransfer(
    _ command: PythonObject, _ rest: PythonObject?, as type: FTPSession.Representation, by method: Name
  ) throws -> PlainData? {
    let plain = try asPython { try PlainData(command, rest, of: self) }
    if let plain, plain.connection.isRepresented(as: type) { return plain }
    if plain == nil { try requireSendable(command, rest) }
    try represent(as: type, by: method)
    return try asPython { try PlainData(command, rest, of: self) }
  }

  /// Opens a data connection and sends the command that uses it.
  func openChannel(_ plain: PlainData?, _ command: PythonObject, _ rest: PythonObject?) throws -> TransferChannel {
    if let plain {
      let opened = try asPython(plain.open)
      return TransferChannel(
        stream: opened.stream, announced: opened.announced, idleTimeout: opened.idleTimeout,
        connection: plain.connection)
    }
    let before = try connection()
    before?.takesDataFirst = true
    defer { before?.takesDataFirst = false }
    return try openChannel(command, rest)
  }

  /// The same through the object's own methods.
  func openChannel(_ command: PythonObject, _ rest: PythonObject?) throws -> TransferChannel {
    let stream = try openTransfer(command, rest)
    do {
      // A connection of our own kind keeps count; a stranger's object in `file` gets what CPython does.
      let connection = try connectionInPlace()
      return TransferChannel(
        stream: stream, announced: connection?.announcedSize(of: stream.socket),
        idleTimeout: try idleTimeout(of: stream.socket), connection: connection)
    } catch {
      PythonError.preserving { try stream.tls?.resetOnClose() }
      PythonError.closing { try stream.socket.callMethod(state.names[.close]) }
      PythonError.preserving { try connection()?.control.abandonReplies() }
      throw error
    }
  }
}
