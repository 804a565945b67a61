/// Transfers that finish: downloads and uploads that connect again, go on where they were, and end with the whole file or with one clear error.
///
///     let transfer = FTPTransfer {
///       let session = try FTPSession(host: "ftp.example.org")
///       try session.logIn(user: "me", password: "secret")
///       return session
///     }
///     let result = try transfer.download("firmware.bin", to: "firmware.bin")
///
/// A file is written beside its place, under a temporary name, and takes its name when it is whole: until then what was there before stays. After a lost
/// connection, a silence, a refusal for now (4yz) or a server's restart the session is reopened, and the transfer goes on with `REST` or `APPE`
/// where the server keeps its word. Calls block; one thread at a time.
public final class FTPTransfer {
  /// How transfers go about faults; read when one begins.
  public var options: Options
  let client: SessionClient

  /// Threads of the host's, for several connections: this client starts none.
  ///
  /// Runs `work` with each number below `count`: 0 on the calling thread, the others at the same time on other threads; all have ended when it
  /// returns. What they wait for is to end when `isStopped` says so, which the interrupt hook may ask on those threads. `FTPTransferConnection` of
  /// `FTPClientAsync` brings one.
  public typealias Crew = (
    _ count: Int, _ isStopped: @escaping @Sendable () -> Bool, _ work: @escaping @Sendable (_ number: Int) -> Void
  ) -> Void

  /// Transfers over sessions that `connect` makes: connected, logged in, in the directory that relative paths begin in, and with the same options each
  /// time. It is called when a session is needed; what it throws counts as a failure to connect. The sessions of several segments log in before the first
  /// one is at work, one after the other.
  ///
  /// `identity` says whose files these are: a part that an earlier run has left is gone on with where that had the same. Without one it is the
  /// session's user, host and port. To be given where that says too little, as when relative paths begin in different directories, or too much, as for
  /// a server of several names. `interrupt` is asked in the pauses.
  public init(
    identity: String? = nil, options: Options = Options(), interrupt: Interrupt? = nil,
    connect: @escaping () throws -> FTPSession
  ) {
    self.options = options
    client = SessionClient(interrupt: interrupt, scope: identity, crew: nil, open: connect)
  }

  /// The same with a crew: the sessions of several segments log in while the first one is at work, and `connect` is called on the crew's threads.
  public init(
    identity: String? = nil, options: Options = Options(), interrupt: Interrupt? = nil, crew: @escaping Crew,
    connect: @escaping @Sendable () throws -> FTPSession
  ) {
    self.options = options
    client = SessionClient(interrupt: interrupt, scope: identity, crew: crew, open: connect)
  }

  /// Transfers over the sessions of `client`.
  package init(over client: SessionClient, options: Options) {
    self.options = options
    self.client = client
  }

  /// Downloads a file (`RETR`) to a path of this computer. `progress` hears of it, on this thread, at most ten times a second but for its first and last.
  ///
  /// Throws the error of the last attempt, with what was tried behind its message: `.reply` for a refusal, `.system` for a file of this computer, at
  /// once; `.truncated`, `.timedOut`, `.closed` and others when all retries have failed; `.mismatch` when the content is not what the
  /// server holds; `.interrupted` with what `progress` or the interrupt hook threw. What was at `path` is as it was then.
  @discardableResult
  public func download(
    _ remotePath: String, to path: String, progress: ((Progress) throws -> Void)? = nil
  ) throws(FTPError) -> Result {
    try outward {
      let sink = PartFile(try LocalPlace(Array(path.utf8)), checkInterrupt: client.checkInterrupt)
      _ = try Command("RETR", remotePath)
      return try FileDownload(
        client, Array(remotePath.utf8), name: remotePath, to: sink, options: options, progress: progress
      ).run()
    }
  }

  /// Uploads a file of this computer (`STOR`). Errors and `progress` are as for `download`; after one the server may hold a part, under a temporary name
  /// beside `remotePath`, and what was there before is as it was. Not so on a server that takes or renames no temporary files: there the file is written
  /// over what was there. One that takes but does not rename them keeps the whole file under the temporary name until it is whole under its own as
  /// well, and the error names it.
  @discardableResult
  public func upload(
    _ path: String, to remotePath: String, progress: ((Progress) throws -> Void)? = nil
  ) throws(FTPError) -> Result {
    try outward {
      let source = try LocalSource(Array(path.utf8), checkInterrupt: client.checkInterrupt)
      _ = try Command("STOR", remotePath)
      return try FileUpload(
        client, source, to: Array(remotePath.utf8), name: remotePath, options: options, progress: progress
      ).run()
    }
  }

  /// Takes leave of the server. Another transfer connects again.
  public func quit() { client.quit() }

  /// Closes the connection without a word. Another transfer connects again.
  public func close() { client.disconnect() }

  private func outward<Result>(_ body: () throws -> Result) throws(FTPError) -> Result {
    do { return try body() } catch { throw FTPError(outward: error) }
  }
}
