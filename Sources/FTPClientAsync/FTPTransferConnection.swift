public import FTPClient

/// Transfers that finish, for `async` code: see `FTPTransfer`, whose contracts these calls have.
///
///     let transfers = try FTPTransferConnection(host: "ftp.example.org") { session in
///       try session.logIn(user: "me", password: "secret")
///     }
///     let result = try await transfers.download("firmware.bin", to: "firmware.bin")
///
/// A call blocks a thread of the connection's own and suspends the caller. Cancelling the task ends it within a tenth of a second, by `CancellationError`, but
/// for the resolving of a host's name; a part of the file is kept for the next call then.
public actor FTPTransferConnection {
  private let thread: ConnectionThread
  private let transfer: FTPTransfer

  /// The thread that does the waiting.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Transfers over sessions with a server. None is opened yet: that is done, on the connection's thread, when one is needed, and again after each loss.
  ///
  /// `prepare` logs in and changes the directory, each time in the same way. Throws `.system` when the system has no thread more.
  public init(
    host: String, port: UInt16? = nil, configuration: sending FTPSession.Configuration = FTPSession.Configuration(),
    options: sending FTPTransfer.Options = FTPTransfer.Options(),
    prepare: @escaping @Sendable (FTPSession) throws -> Void
  ) throws {
    thread = try ConnectionThread()
    var configuration = configuration
    let own = configuration.interrupt
    let interrupt = Interrupt {
      try Task.checkCancellation()
      try own?.check()
    }
    configuration.interrupt = interrupt
    let fixed = configuration
    transfer = FTPTransfer(identity: "\(host)\(port.map { " \($0)" } ?? "")", options: options, interrupt: interrupt) {
      let session = try FTPSession(host: host, port: port, configuration: fixed)
      do { try prepare(session) } catch {
        session.close()
        throw error
      }
      return session
    }
  }

  /// Downloads a file. See `FTPTransfer.download`; `progress` is called on the connection's thread.
  @discardableResult
  public func download(
    _ remotePath: String, to path: String, progress: (@Sendable (FTPTransfer.Progress) -> Void)? = nil
  ) throws -> FTPTransfer.Result {
    try outward { () throws(FTPError) in try transfer.download(remotePath, to: path, progress: progress) }
  }

  /// Uploads a file. See `FTPTransfer.upload`; `progress` is called on the connection's thread.
  @discardableResult
  public func upload(
    _ path: String, to remotePath: String, progress: (@Sendable (FTPTransfer.Progress) -> Void)? = nil
  ) throws -> FTPTransfer.Result {
    try outward { () throws(FTPError) in try transfer.upload(path, to: remotePath, progress: progress) }
  }

  /// Takes leave of the server. Another transfer connects again.
  public func quit() { transfer.quit() }

  /// Closes without a word to the server. Another transfer connects again.
  public func close() { transfer.close() }

  /// What was thrown into a call comes out as it is: a cancellation is `CancellationError`.
  private func outward<Result>(_ body: () throws(FTPError) -> Result) throws -> Result {
    try Task.checkCancellation()
    do throws(FTPError) { return try body() } catch {
      if case .interrupted(let cause) = error.kind { throw cause }
      throw error
    }
  }
}
