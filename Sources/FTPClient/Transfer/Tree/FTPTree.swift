/// Keeps a directory of a server and a folder of this computer equal: what differs is transferred, each file as
/// `FTPTransfer` does it.
///
///     let tree = FTPTree { try session() }
///     let summary = try tree.download("logs", to: "station/logs")
///
/// No symbolic link is followed on either side. Names of the server's that are no plain file names on every system are
/// not used here (`Summary.refused`). A run goes on behind a file that fails, and stops when the server is gone or this computer
/// takes no more.
public final class FTPTree {
  /// How the next run goes about it.
  public var options: Options
  private let client: SessionClient

  /// Runs over a session that `connect` makes, as `FTPTransfer` does, which says what `identity` is: one at a time. Calls block.
  public init(
    identity: String? = nil, options: Options = Options(), interrupt: Interrupt? = nil,
    connect: @escaping () throws -> FTPSession
  ) {
    self.options = options
    client = SessionClient(interrupt: interrupt, scope: identity, crew: nil, open: connect)
  }

  /// The same with a crew: over as many connections as the options say. `connect`, `progress` and `options.transfer.hashing` are called on its threads.
  public init(
    identity: String? = nil, options: Options = Options(), interrupt: Interrupt? = nil,
    crew: @escaping FTPTransfer.Crew,
    connect: @escaping @Sendable () throws -> FTPSession
  ) {
    self.options = options
    client = SessionClient(interrupt: interrupt, scope: identity, crew: crew, open: connect)
  }

  /// Runs over the sessions of `transfer`.
  package init(over transfer: FTPTransfer, options: Options) {
    self.options = options
    client = transfer.client
  }

  /// Makes a folder what a directory of the server is; "" is the directory that the session begins in, or the folder that
  /// the process works in. What is missing of the folder is made.
  ///
  /// Throws what stopped the run; a file that failed alone is in the summary. `progress` hears of each file under its
  /// path in the tree.
  public func download(
    _ remotePath: String, to path: String, progress: (@Sendable (FTPTransfer.Progress) throws -> Void)? = nil
  ) throws(FTPError) -> Summary {
    try outward {
      let local = try LocalTree(Array(path.utf8), options.isDryRun ? .mayBeMissing : .make)
      return try TreeRun(
        .download, client, Array(remotePath.utf8), local, options, crew: crew,
        settle: { FTPError(outward: $0) }, progress: { report, _ in try progress?(report) }
      ).run()
    }
  }

  /// Makes a directory of the server what a folder is. What is missing of the directory is made.
  public func upload(
    _ path: String, to remotePath: String, progress: (@Sendable (FTPTransfer.Progress) throws -> Void)? = nil
  ) throws(FTPError) -> Summary {
    try outward {
      let local = try LocalTree(Array(path.utf8))
      return try TreeRun(
        .upload, client, Array(remotePath.utf8), local, options, crew: crew,
        settle: { FTPError(outward: $0) }, progress: { report, _ in try progress?(report) }
      ).run()
    }
  }

  /// Takes leave of the server. Another run connects again.
  public func quit() { client.quit() }

  /// Closes the connection without a word. Another run connects again.
  public func close() { client.disconnect() }

  private var crew: TreeRun.Crew {
    { [client] count, run, work in
      guard client.hasCrew else { return work(0) }
      try client.together(count, isStopped: { run.isStopped }, work)
    }
  }

  private func outward(_ body: () throws -> Summary) throws(FTPError) -> Summary {
    do { return try body() } catch { throw FTPError(outward: error) }
  }
}

extension FTPTree {
  /// What counts as different.
  public enum Comparison: String, Sendable, CaseIterable {
    /// Another size, or another time of the last change. Where the server cannot be told a file's time, one that is
    /// older there than here.
    case time
    /// Another size.
    case size
    /// Another size, or another hash where both sides have one in common; otherwise as `time`.
    case hash
  }

  /// How a run goes about it.
  public struct Options {
    /// Which files and directories are meant; what it leaves out is neither transferred nor deleted. Default: all.
    public var filter = TreeFilter()
    /// What counts as different. Default: size and time.
    public var comparison = Comparison.time
    /// Only say what would be done. Default: no.
    public var isDryRun = false
    /// Remove from the target what the source does not have, when all else went well and every listing certainly was whole; of a
    /// directory that holds something which the filter leaves out only the rest. Names here that begin with a dot stay unless the
    /// server has listed one; beside a file that the server does not list under its name nothing is removed there. Default: no.
    public var deletes = false
    /// Over how many connections at most, 1 to 16, where there is a crew with a thread for each. Default: 4.
    public var connections = 4
    /// How each file is transferred. Files below 1 MiB are compared by size alone, with `comparison` `hash` by that too.
    public var transfer = FTPTransfer.Options()

    /// The defaults.
    public init() {}

    /// The most connections that a tree is kept equal over.
    package static let mostConnections = 16
  }

  /// What was done, or with `isDryRun` would be.
  public struct Action: Sendable, Equatable {
    /// What there is to do.
    public enum Kind: String, Sendable {
      /// A directory is made.
      case make
      /// A file is transferred.
      case copy
      /// A file, a link, or a directory with all in it is removed.
      case delete
    }
    /// What is done.
    public let kind: Kind
    /// To which path of the tree, byte for byte, its names separated by `/`.
    public let path: [UInt8]
  }

  /// A path that something is to be said about.
  public struct Note: Sendable {
    /// The path in the tree, byte for byte, its names separated by `/`.
    public let path: [UInt8]
    /// What went wrong, or why it was left out.
    public let error: any Error
  }

  /// What became of a run.
  public struct Summary: Sendable {
    /// What was done, in the order in which it began.
    public internal(set) var actions: [Action] = []
    /// Files that were transferred.
    public internal(set) var transferred = 0
    /// Files that were equal.
    public internal(set) var unchanged = 0
    /// Files, links and directories with all in them that were removed.
    public internal(set) var deleted = 0
    /// Directories that were made.
    public internal(set) var made = 0
    /// Bytes that went over data connections for files.
    public internal(set) var bytes: UInt64 = 0
    /// Bytes of the files that were transferred.
    public internal(set) var size: UInt64 = 0
    /// How often a file was resumed behind what was there.
    public internal(set) var resumes = 0
    /// How often a file was restarted or resumed after a fault.
    public internal(set) var retries = 0
    /// Over how many connections it went, those with them that the server did not let in.
    public internal(set) var connections = 1
    /// How long it took.
    public internal(set) var duration = Duration.zero
    /// What was left out: symbolic links, devices, and names that are not used on this computer.
    public internal(set) var refused: [Note] = []
    /// What could not be transferred, listed, made or removed; in Python `errors`.
    public internal(set) var failures: [Note] = []

    init() {}
  }
}
