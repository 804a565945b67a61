public import FTPClient

/// Transfers that finish, for `async` code: see `FTPTransfer`, whose contracts these calls have.
///
///     let transfers = try FTPTransferConnection(host: "ftp.example.org") { session in
///       try session.logIn(user: "me", password: "secret")
///     }
///     let result = try await transfers.download("firmware.bin", to: "firmware.bin")
///
/// A call blocks a thread of the connection's own and suspends the caller. Cancelling the task ends its waiting within a tenth of a second, by
/// `CancellationError`, but for the resolving of a host's name. A part of the file is kept for the next call then; what nobody would go on with is
/// removed first, which a server that does not answer puts off for 5 seconds at most.
public actor FTPTransferConnection {
  private let thread: ConnectionThread
  private let transfer: FTPTransfer

  /// The thread that does the waiting.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Transfers over sessions with a server. None is opened yet: that is done, on the connection's thread, when one is needed, and again after each loss.
  ///
  /// `prepare` logs in and changes the directory, each time in the same way; for several connections it is called on several threads at the same time.
  ///
  /// Throws `.system` when the system has no thread more.
  public init(
    host: String, port: UInt16? = nil, configuration: FTPSession.Configuration = FTPSession.Configuration(),
    options: sending FTPTransfer.Options = FTPTransfer.Options(),
    prepare: @escaping @Sendable (FTPSession) throws -> Void
  ) throws {
    thread = try ConnectionThread()
    var configuration = configuration
    let own = configuration.interrupt
    let interrupt = Interrupt {
      // A crew's threads belong to no task: the connection's own stops them.
      guard withUnsafeCurrentTask(body: { $0 != nil }) else { return try ThreadCrew.check() }
      try Task.checkCancellation()
      try own?.check()
    }
    configuration.interrupt = interrupt
    let fixed = configuration
    let server = "\(host)\(port.map { " port \($0)" } ?? "")"
    let client = SessionClient(interrupt: interrupt, scope: nil, server: server, crew: { ThreadCrew.run($0, $1, $2) }) {
      let session = try FTPSession(host: host, port: port, configuration: fixed)
      do { try prepare(session) } catch {
        session.close()
        throw error
      }
      return session
    }
    transfer = FTPTransfer(over: client, options: options)
  }

  /// Downloads a file. See `FTPTransfer.download`; `progress` is called on the connection's thread.
  @discardableResult
  public func download(
    _ remotePath: String, to path: String, progress: (@Sendable (FTPTransfer.Progress) -> Void)? = nil
  ) throws -> FTPTransfer.Result {
    try outward { () throws(FTPError) in try transfer.download(remotePath, to: path, progress: asking(progress)) }
  }

  /// Uploads a file. See `FTPTransfer.upload`; `progress` is called on the connection's thread.
  @discardableResult
  public func upload(
    _ path: String, to remotePath: String, progress: (@Sendable (FTPTransfer.Progress) -> Void)? = nil
  ) throws -> FTPTransfer.Result {
    try outward { () throws(FTPError) in try transfer.upload(path, to: remotePath, progress: asking(progress)) }
  }

  /// Makes a folder what a directory of the server is, over `options.connections` connections. See `FTPTree.download`.
  ///
  /// `progress` is called on the threads of the connections, and so is `options.transfer.hashing`. Cancelling the task ends all of them within a
  /// tenth of a second; what is in place by then stays.
  public func downloadTree(
    _ remotePath: String, to path: String, options: sending FTPTree.Options = FTPTree.Options(),
    progress: (@Sendable (FTPTransfer.Progress) -> Void)? = nil
  ) throws -> FTPTree.Summary {
    let tree = FTPTree(over: transfer, options: options)
    return try outward { () throws(FTPError) in try tree.download(remotePath, to: path, progress: progress) }
  }

  /// Makes a directory of the server what a folder is, over `options.connections` connections. See `FTPTree.upload`, and `downloadTree` for the
  /// rest.
  public func uploadTree(
    _ path: String, to remotePath: String, options: sending FTPTree.Options = FTPTree.Options(),
    progress: (@Sendable (FTPTransfer.Progress) -> Void)? = nil
  ) throws -> FTPTree.Summary {
    let tree = FTPTree(over: transfer, options: options)
    return try outward { () throws(FTPError) in try tree.upload(path, to: remotePath, progress: progress) }
  }

  /// Which side of a tree is made what the other one is.
  public enum Direction: Sendable {
    /// The folder of this computer.
    case down
    /// The directory of the server.
    case up
  }

  /// Makes one side what the other one is: `downloadTree` or `uploadTree`.
  public func sync(
    _ remotePath: String, _ path: String, direction: Direction = .down,
    options: sending FTPTree.Options = FTPTree.Options(), progress: (@Sendable (FTPTransfer.Progress) -> Void)? = nil
  ) throws -> FTPTree.Summary {
    switch direction {
    case .down: try downloadTree(remotePath, to: path, options: options, progress: progress)
    case .up: try uploadTree(path, to: remotePath, options: options, progress: progress)
    }
  }

  /// Takes leave of the server. Another transfer connects again.
  public func quit() { transfer.quit() }

  /// Closes without a word to the server, behind the calls before it: cancelling their tasks ends those. Another transfer connects again.
  public func close() { transfer.close() }

  /// A listener that may cancel: what it has heard last is the end, whatever is at hand already.
  private func asking(
    _ progress: (@Sendable (FTPTransfer.Progress) -> Void)?
  ) -> ((FTPTransfer.Progress) throws -> Void)? {
    guard let progress else { return nil }
    return { report in
      progress(report)
      try Task.checkCancellation()
    }
  }

  /// What was thrown into a call comes out as it is: a cancellation is `CancellationError`.
  private func outward<Result>(_ body: () throws(FTPError) -> Result) throws -> Result {
    try Task.checkCancellation()
    do throws(FTPError) { return try body() } catch {
      if case .interrupted(let cause) = error.kind { throw cause }
      throw error
    }
  }
}
