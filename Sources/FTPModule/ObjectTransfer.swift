import CPython
import FTPClient
import PythonBridge

/// One transfer of an `FTP` object for the engine of transfers that finish. Made, ended and broken off attached.
final class ObjectTransfer: ClientTransfer {
  private let ftp: FTPObject
  private let socket: PythonObject
  private let connection: Connection?
  private let running: Connection.RunningTransfer
  private let outer: Connection.RunningTransfer?
  private let command: PythonObject
  private let watch: (any TransferWatch)?
  private var isOver = false
  let stream: PythonStream
  let data: DataTransfer

  /// Opens the data connection and sends the command through the object's own methods.
  init(_ ftp: FTPObject, _ command: PythonObject, from offset: UInt64, isDownload: Bool) throws {
    let interval = try ftp.keepAliveInterval
    let rest: PythonObject = if offset > 0 { try .integer(offset) } else { .none }
    let stream = try ftp.openTransfer(command, rest)
    self.stream = stream
    let socket = stream.socket
    self.socket = socket
    self.ftp = ftp
    self.command = command
    do {
      let connection = try ftp.connection()
      if connection == nil, try ftp.attribute(.file).isNone { throw ftp.notConnected }
      let silence = try ftp.silence(of: socket)
      try stream.tls?.hold()
      data = DataTransfer(
        stream, announced: isDownload ? connection?.announcedSize(of: socket) : nil, offset: offset, silence: silence,
        control: connection?.control)
      watch = try ftp.observe(data, command, isBinary: true, source: nil)
      connection?.control.keepAlive(every: interval)
      running = Connection.RunningTransfer(stream)
      outer = connection?.transfer
      connection?.transfer = running
      self.connection = connection
    } catch {
      PythonError.preserving {
        try stream.tls?.resetOnClose()
        try socket.callMethod(ftp.state.names[.close])
        try ftp.connection()?.control.abandonReplies()
      }
      throw error
    }
  }

  /// After Python code has run in the middle: its socket may be another by now.
  func revalidate() throws {
    stream.revalidate()
    try running.requireWhole()
  }

  func run(_ body: (DataTransfer) throws -> Void) throws {
    func go() throws {
      do { try Attachment.detach { try body(data) } } catch let error as FTPError {
        if case .interrupted(let cause) = error.kind, !(cause is TLSFailure) { throw error }
        try running.requireWhole()
        throw explanation(of: error)
      }
      try running.requireWhole()
    }
    if let connection { try connection.use(go) } else { try go() }
  }

  /// The server's own word on a data connection that broke, such as `552 Disk full`, where it has one.
  private func explanation(of error: FTPError) -> FTPError {
    guard let connection else { return error }
    switch error.kind {
    case .system: return Attachment.detach { connection.control.explanation(of: error) }
    case .interrupted:
      let explained = Attachment.detach { connection.control.explanation(of: FTPError(.system(0), error.message)) }
      if case .system = explained.kind { return error }
      return explained
    default: return error
    }
  }

  func end() throws -> Reply? {
    func close() throws {
      try TLSClosing.end(
        stream, connection, silence: data.silence, throughProxy: !ftp.attribute(._proxied_host).isNone, state: ftp.state
      )
      try running.requireWhole()
    }
    if let connection { try connection.use(close) } else { try close() }
    try socket.callMethod(ftp.state.names[.close])
    let reply = try ftp.call(.voidresp)
    try data.verify()
    finish(isWhole: true)
    try ftp.requireWhole(data, stream, command, isBinary: true)
    // A method that somebody has replaced may return anything.
    return reply.isString ? try ftp.parsed(reply) : nil
  }

  func breakOff(after error: any Error) -> any Error {
    guard !isOver else { return error }
    stream.tls?.awaitServer(data, brokenOffBy: error, ftp.state)
    PythonError.preserving { try stream.tls?.resetOnClose() }
    connection?.control.abandonReplies()
    PythonError.closing { try socket.callMethod(ftp.state.names[.close]) }
    finish(isWhole: false)
    return error
  }

  private func finish(isWhole: Bool) {
    isOver = true
    connection?.control.keepAlive(every: nil)
    connection?.transfer = outer
    watch?.ended(isWhole: isWhole)
  }
}
