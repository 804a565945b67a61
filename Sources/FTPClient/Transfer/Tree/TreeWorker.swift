import Synchronization

/// Does what a run has to be done, with one client.
final class TreeWorker {
  let client: PipeliningClient
  private(set) var isConnected = false
  /// Whether the run knows of its connection.
  var isCounted = false
  let run: TreeRun
  let listing: TreeListing
  /// The directory that the session begins in; nil when the server does not name it as a path with slashes.
  private var home: [UInt8]?
  private var hasHome = false
  /// The file whose very second the server has told last.
  private var asked: (path: TreeRun.Path, time: FileStatus.Time)?

  init(_ run: TreeRun, _ client: any TransferClient) {
    self.run = run
    self.client = PipeliningClient(client, run)
    listing = TreeListing(self.client)
  }

  func connect() throws {
    try client.connect()
    isConnected = true
    guard !hasHome else { return }
    if let path = try client.currentDirectory(), path.first == ASCII.slash { home = path }
    guard home != nil || run.root.first == ASCII.slash else {
      throw FTPError(.state, "the server has no name for the current directory: give the whole path, from the root on")
    }
    hasHome = true
  }

  func perform(_ task: TreeRun.Task) throws {
    switch task {
    case .directory(let path, let isNew, let ancestors):
      switch run.direction {
      case .download: try fetchDirectory(path, ancestors)
      case .upload: try storeDirectory(path, isNew: isNew)
      }
    case .fetch(let path, let item): try fetch(path, item)
    case .store(let path, let entry, let isLink): try store(path, entry, isLink: isLink)
    }
  }

  /// Takes back what was sent ahead for another task than this one.
  func settle(before task: TreeRun.Task?) {
    switch task {
    case .fetch(_, let item) where (item.size ?? .max) < PartFile.worthKeeping: return
    case .store(_, let entry, _) where entry.size < PartFile.worthKeeping: return
    default: client.takeBack()
    }
  }

  /// Leaves the session where it began. Where that has no name a new session does.
  func goHome() {
    guard isConnected else { return }
    guard let home else {
      if listing.hasMoved { client.disconnect() }
      return
    }
    // Whoever goes on with a session that is elsewhere would be at work in the wrong directory.
    if (client.trying { try client.completes("CWD", home) } ?? nil) == nil { client.disconnect() }
  }

  // MARK: The server's side

  /// A path of the tree as the server has it.
  func remote(_ path: TreeRun.Path) -> [UInt8] {
    var whole = run.root
    if whole.first != ASCII.slash, let home {
      whole = whole.isEmpty ? home : (home.last == ASCII.slash ? home : home + [ASCII.slash]) + whole
    }
    for name in path {
      if !whole.isEmpty, whole.last != ASCII.slash { whole.append(ASCII.slash) }
      whole += name
    }
    return whole
  }

  /// A file of the tree here, in the directory that it lies in.
  func place(_ path: TreeRun.Path, in directory: LocalTree.Directory) -> LocalPlace {
    LocalPlace(in: directory, path.last ?? [], path: "\(run.local.path)/\(TreeRun.joined(path).text)")
  }

  /// The error of a path that no command can name, together with what goes with it: a time, the end of a temporary name.
  func tooLong(_ path: TreeRun.Path) -> FTPError? {
    let count = remote(path).count
    guard count > Limits.command - 64 else { return nil }
    return FTPError(.tooLong, "the path has \(count) bytes, more than a command has room for")
  }

  /// Runs `body` until it ends or fails for good, with a connection that is reopened as often as transfers reopen theirs.
  func persistently<Result>(_ title: String, _ body: () throws -> Result) throws -> Result {
    var attempts = Attempts(run.options.transfer)
    while true {
      attempts.begin()
      do {
        try connect()
        return try body()
      } catch {
        let error = TransferFailure.unwrapped(error)
        let fault = TransferFailure.fault(of: error, client)
        if fault == .lost { client.disconnect() }
        guard fault != .permanent, !run.isStopped, let pause = attempts.pauseAfterFailure(at: 0) else {
          throw TransferFailure(
            cause: error, "\(title) on \(client.server)", attempts: attempts.count, done: 0, of: nil)
        }
        try client.pause(pause)
      }
    }
  }

  /// What a directory of the server holds.
  func list(_ path: TreeRun.Path) throws -> RemoteDirectory {
    let directory = try persistently("listing '\(remote(path).text)'") {
      try listing.entries(of: remote(path), home: home, isTop: path.isEmpty)
    }
    if directory.items.contains(where: { $0.name.first == ASCII.dot }) {
      run.state.withLock { $0.showsHidden = true }
    }
    return directory
  }

  // MARK: Times

  /// When a file of the server's was changed, in UTC as exactly as it is known.
  ///
  /// Of the first line that does not say its zone the server is asked for the file's time (`MDTM`): the difference is
  /// that of all others. `isNext` is whether the file is fetched next.
  func moment(_ item: RemoteItem, at path: TreeRun.Path, isNext: Bool = false) throws -> TreeMoment? {
    switch item.modified {
    case nil: return nil
    case .exact(let time): return TreeMoment(time)
    case .listed(let time):
      if time.isUTC { return TreeMoment(time, zone: 0) }
      if let asked, asked.path == path { return TreeMoment(asked.time) }
      let (zone, isHidden) = run.state.withLock { ($0.zone ?? 0, $0.hidesTime(of: item)) }
      guard isHidden else { return TreeMoment(time, zone: zone) }
      guard let known = try modificationTime(of: path, isNext: isNext) else { return TreeMoment(time, zone: zone) }
      if let zone = TreeMoment.zone(time, known) { run.state.withLock { $0.zone = zone } }
      return TreeMoment(time, known: known)
    }
  }

  /// The very second of a file's time, asked for once; nil when the server does not tell.
  private func modificationTime(of path: TreeRun.Path, isNext: Bool = false) throws -> FileStatus.Time? {
    if let asked, asked.path == path { return asked.time }
    let reply = try isNext ? client.executeAskingForPort("MDTM", remote(path)) : client.execute("MDTM", remote(path))
    guard let known = try client.completion(reply).flatMap({ FileStatus.modificationTime(of: $0) }) else { return nil }
    asked = (path, known)
    return known
  }

  /// What is known of a file before it is transferred: nothing that is not exact.
  func facts(_ item: RemoteItem, at path: TreeRun.Path) -> RemoteFacts? {
    var facts = item.facts
    if facts?.modified == nil, let asked, asked.path == path { facts?.modified = asked.time }
    return facts
  }

  /// Whether the server gives files the times that uploads ask for (`UploadSource.timing`): by `MFMT`, or by `MDTM` with a time, which no feature
  /// tells. That is tried once in a run, with a file's own time.
  private func setsTimes(_ path: TreeRun.Path) throws -> Bool {
    if try client.features().has("MFMT") { return true }
    if let known = run.state.withLock({ $0.setsTimes }) { return known }
    guard try client.features().has("MDTM"), let time = try modificationTime(of: path) else { return false }
    let reply = try client.execute("MDTM", Array("\(time.digits) ".utf8) + remote(path))
    // Who knows no time there takes all of it for a name.
    let isSet = try client.completion(reply).map { FileStatus.modificationTime(of: $0) == nil } ?? false
    run.state.withLock { $0.setsTimes = isSet }
    return isSet
  }

  /// Whether the content is the same by a hash that both sides have; nil when there is none.
  func hasSameHash(_ path: TreeRun.Path, _ source: any UploadSource, size: UInt64) throws -> Bool? {
    guard let hashing = run.options.transfer.hashing else { return nil }
    let check = HashCheck(hashing)
    try check.choose(client.features())
    try check.catchUp(to: size, client) { try source.read(into: $0, at: $1) }
    do { return try check.verify(client, remote(path)).map { _ in true } } catch let error as FTPError {
      if case .mismatch = error.kind { return false }
      throw error
    }
  }

  /// Whether both sides have the same file, as the options compare.
  func isSame(
    _ path: TreeRun.Path, _ item: RemoteItem, _ entry: LocalTree.Entry, _ source: () throws -> any UploadSource
  ) throws -> Bool {
    guard entry.kind == .file, item.kind == .file, let size = item.size, size == entry.size else { return false }
    switch run.options.comparison {
    case .size: return true
    case .hash: if let same = try hasSameHash(path, source(), size: size) { return same }
    case .time: break
    }
    guard let moment = try moment(item, at: path) else { return false }
    func agrees(_ moment: TreeMoment) throws -> Bool {
      // File systems that count every other second round down.
      if moment.may(be: entry.modified) || run.local.countsEveryOtherSecond && moment.may(be: entry.modified + 1) {
        return true
      }
      // Where a file cannot be given its time it has that of its upload.
      return try run.direction == .upload && moment.mayBe(notBefore: entry.modified) && !setsTimes(path)
    }
    guard !moment.isExact, moment.may(be: entry.modified) else { return try agrees(moment) }
    if run.direction == .download, moment.isThat(ofCopy: entry.modified) { return true }
    // Within the minute that the line has, the server knows better.
    guard let known = try modificationTime(of: path) else { return true }
    return try agrees(TreeMoment(known))
  }

  /// Notes those of some names that differ from another one of those present in the case of their letters alone, each with whether it is a directory: a
  /// target that does not tell that takes both for one.
  func noteTwins(_ names: [[UInt8]: Bool], among present: Set<[UInt8]>, in path: TreeRun.Path) {
    guard !run.options.isDryRun, !names.isEmpty else { return }
    let groups = Dictionary(grouping: present) { $0.map(\.lowercased) }
    let twins = names.filter { (groups[$0.key.map(\.lowercased)]?.count ?? 0) > 1 }
    if !twins.isEmpty { run.state.withLock { $0.twins[path] = twins } }
  }
}
