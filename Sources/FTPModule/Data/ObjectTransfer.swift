import CPython
import FTPClient
import PythonBridge

/// One transfer of an `FTP` object, from the reply that begins it to the final one. Made, ended and broken off attached.
final class ObjectTransfer: ClientTransfer {
  private let ftp: FTPObject
  private let channel: TransferChannel
  private let command: PythonObject
  private let checksSize: Bool
  private let watch: (any TransferWatch)?
  private let outer: Connection.RunningTransfer?
  private var isClosed = false
  private var isOver = false
  /// What ends it from elsewhere.
  let running: Connection.RunningTransfer
  let data: DataTransfer

  private var stream: PythonStream { channel.stream }
  private var connection: Connection? { channel.connection }

  /// Begins on an open data connection, on which `command` has been sent; closes that when it fails.
  ///
  /// `source` is the file that a binary upload reads. With `checksSize` the end makes sure that all has come of what was announced.
  init(
    _ ftp: FTPObject, _ command: PythonObject, on channel: TransferChannel, from offset: UInt64,
    keptAliveEvery interval: Duration?, isBinary: Bool, checksSize: Bool, source: PythonObject? = nil
  ) throws {
    (self.ftp, self.channel, self.command, self.checksSize) = (ftp, channel, command, checksSize)
    let (stream, control) = (channel.stream, channel.connection?.control)
    data = DataTransfer(
      stream, announced: channel.announced, offset: offset, idleTimeout: channel.idleTimeout, control: control)
    do {
      try stream.tls?.hold()
      watch = try ftp.observe(data, command, isBinary: isBinary, source: source)
    } catch {
      channel.breakOff(ftp.state)
      throw error
    }
    control?.keepAlive(every: interval)
    running = Connection.RunningTransfer(stream)
    // Until the final reply has come: a signal's handler must send no command of its own before, but for an `ABOR`.
    outer = channel.connection?.transfer
    channel.connection?.transfer = running
  }

  /// Opens the data connection through the object's own methods, and sends the command: for the engine of transfers that finish.
  convenience init(_ ftp: FTPObject, _ command: PythonObject, from offset: UInt64, isDownload: Bool) throws {
    let interval = try ftp.keepAliveInterval
    var channel = try ftp.openChannel(command, offset > 0 ? .integer(offset) : PythonObject.none)
    if !isDownload { channel.announced = nil }
    try self.init(
      ftp, command, on: channel, from: offset, keptAliveEvery: interval, isBinary: true, checksSize: true)
  }

  // MARK: The data

  /// Runs the data phase, detached.
  func run(_ body: (DataTransfer) throws -> Void) throws { try run(isDetached: true) { try body(data) } }

  /// Runs the data phase, detached or not.
  func run(isDetached: Bool, _ body: () throws -> Void) throws {
    try use {
      do { if isDetached { try Attachment.detach(body) } else { try body() } } catch let error as FTPError {
        if case .interrupted(let cause) = error.kind, !(cause is TLSFailure) { throw error }
        try running.requireWhole()
        throw explanation(of: error)
      }
      try running.requireWhole()
    }
  }

  /// Attaches for a call to Python in the midst of the data phase, which that may end.
  func attach(_ call: () throws -> Void) throws {
    try Attachment.attach {
      try check(PyErr_CheckSignals())
      try call()
      stream.revalidate()
    }
    try running.requireWhole()
  }

  /// After Python code has run in the middle: its socket may be another by now.
  func revalidate() throws {
    stream.revalidate()
    try running.requireWhole()
  }

  private func use(_ body: () throws -> Void) throws { try connection.map { try $0.use(body) } ?? body() }

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

  // MARK: The end

  /// Closes the data connection behind the last byte.
  func close() throws {
    if let shared = stream.shared {
      try use {
        try Attachment.detach { try shared.end() }
        try running.requireWhole()
      }
    } else if stream.tls != nil {
      try use {
        try TLSClosing.end(
          stream, connection, idleTimeout: channel.idleTimeout,
          throughProxy: !ftp.attribute(._ftplib_proxied_host).isNone,
          state: ftp.state)
        try running.requireWhole()
      }
    }
    try channel.close(ftp.state)
    isClosed = true
  }

  /// Reads the final reply, by `voidresp`, and checks that the data was all.
  func complete() throws -> PythonObject {
    let (reply, late) = try ftp.finalReply(data)
    if checksSize { try verify(late) }
    connection?.transfer = outer
    try ftp.requireWhole(data, stream, command, isBinary: checksSize)
    finish(isWhole: true)
    return reply
  }

  /// Checks that all has come. A size that is announced for anything but a file, such as a listing, is an estimate.
  private func verify(_ late: UInt64?) throws {
    do {
      try data.verify()
      if let late { try data.verify(announced: late) }
    } catch {
      guard try ftp.lookingAt(command).uppercased().hasPrefix("RETR") else { return }
      throw error
    }
    guard data.isDoubtful else { return }
    connection?.transfer = outer
    if let size = try ftp.sizeOnServer(command) { try data.verify(sizeOfDoubtful: size) }
  }

  func end() throws -> Reply? {
    try close()
    let reply = try complete()
    // A method that somebody has replaced may return anything.
    return reply.isString ? try ftp.parsed(reply) : nil
  }

  var endedWithoutNotice: Bool { stream.endedWithoutNotice }

  func breakOff(after error: any Error) -> any Error {
    guard !isOver else { return error }
    if isClosed {
      connection?.control.abandonReplies()
    } else {
      stream.tls?.awaitServer(data, brokenOffBy: error, ftp.state)
      channel.breakOff(ftp.state)
    }
    finish(isWhole: false)
    return error
  }

  /// Gives the connection back, whatever has become of the transfer. Later calls do nothing.
  func finish(isWhole: Bool) {
    guard !isOver else { return }
    isOver = true
    connection?.control.keepAlive(every: nil)
    connection?.transfer = outer
    watch?.ended(isWhole: isWhole)
  }
}
