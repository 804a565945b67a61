internal import Glibc
import Synchronization

/// One run over a tree: directories are listed and files transferred by as many workers as there are connections, from
/// one list of what there is to do.
///
/// A worker belongs to one thread and one client. Here is one; who has threads runs more of them (`Crew`).
package final class TreeRun: @unchecked Sendable {
  package enum Direction: Sendable { case download, upload }

  /// Runs `work` with each number below `count`, at the same time where it can: 0 on the calling thread, which it
  /// returns to last. What `work` does on another thread is to be stopped when `isStopped` says so.
  package typealias Crew = (_ count: Int, _ run: TreeRun, _ work: @escaping (Int) -> Void) throws -> Void

  /// A path of the tree: its names from the top on.
  typealias Path = [[UInt8]]

  enum Task {
    /// A directory whose contents are to be looked at; `isNew` when the target does not have it.
    case directory(Path, isNew: Bool, ancestors: [[UInt8]])
    case fetch(Path, RemoteItem)
    /// `isLink` is whether the server has a link of its name.
    case store(Path, LocalTree.Entry, isLink: Bool)
  }

  struct State {
    /// The next directory is the last one, the next file the first one.
    var directories: [Task] = []
    var files: [Task] = []
    var nextFile = 0
    var active = 0
    var clients = 0
    var failure: (any Error)?
    var isStopped = false
    var summary = FTPTree.Summary()
    /// What the target has and the source has not, each with whether it is a directory.
    var surplus: [(path: Path, isDirectory: Bool)] = []
    /// What the server has in those directories that have surplus here.
    var theirs: [Path: Set<[UInt8]>] = [:]
    /// What goes into the server's directories that have surplus, under names that they did not have, each with whether
    /// it is a directory.
    var novel: [Path: [[UInt8]: Bool]] = [:]
    /// Names that came into a directory beside others like them but for the case of letters, each with whether it is a directory: the target may take
    /// them for one.
    var twins: [Path: [[UInt8]: Bool]] = [:]
    /// Whether the server has listed a name that begins with a dot: otherwise it may be told to show none, as
    /// ProFTPD by HideFiles and vsftpd by hide_file.
    var showsHidden = false
    /// How far the server's clock is ahead of UTC, once a file has told.
    var zone: Int?
    /// Whether the server has taken a time for a file by `MDTM`; nil while nobody knows.
    var setsTimes: Bool?
    /// Whether the server takes a command while a transfer runs; nil while nobody knows.
    var allowsPipeliningInTransfers: Bool?
    /// Whether it takes commands between an upload's data and its own word that it has it; nil while nobody knows.
    var allowsPipeliningAfterData: Bool?
    /// Whether small files go under a temporary name and are renamed in few steps; no longer when the server has
    /// refused a part of it.
    var storesAtOnce = true
    /// Directories of the target that files chosen by patterns have been put into.
    var ensured: Set<Path> = []

    /// Whether what comes next for each worker is one more small file, of which nothing is to be asked before.
    var hasMoreSmallFiles: Bool {
      guard directories.isEmpty else { return false }
      let next = nextFile + max(clients, 1)
      guard next < files.count else { return false }
      switch files[next] {
      case .fetch(_, let item):
        guard let size = item.size, size < PartFile.worthKeeping else { return false }
        return !hidesTime(of: item)
      case .store(_, let entry, _): return entry.size < PartFile.worthKeeping
      case .directory: return false
      }
    }

    /// Whether the listing leaves open when a file was changed: the server's zone is not known, or the minute that the
    /// line tells is not over yet and may see another change. One more is for clocks that differ.
    func hidesTime(of item: RemoteItem) -> Bool {
      guard case .listed(let time) = item.modified, !time.isUTC else { return false }
      guard let zone else { return true }
      return Int(clamping: time.seconds) - zone >= Int(Glibc.time(nil)) - 120
    }

    var waiting: Int { directories.count + files.count - nextFile }
  }

  let direction: Direction
  let root: [UInt8]
  let local: LocalTree
  let options: FTPTree.Options
  let state = Mutex(State())
  private let first: any TransferClient
  private let crew: Crew
  private let settle: (any Error) -> any Error
  private let progress: ((FTPTransfer.Progress, any TransferClient) throws -> Void)?
  private let watch = Stopwatch()

  /// How deep a tree may be: one that is deeper leads into itself.
  static let deepest = 100

  /// A run between the directory `root` of `client`'s server and `local`.
  ///
  /// `settle` gets each error on the thread where it came up and returns it as it can be shown on another one.
  /// `progress` is called on the threads of the workers.
  package init(
    _ direction: Direction, _ client: any TransferClient, _ root: [UInt8], _ local: LocalTree,
    _ options: FTPTree.Options,
    crew: @escaping Crew = { _, _, work in work(0) }, settle: @escaping (any Error) -> any Error = { $0 },
    progress: ((FTPTransfer.Progress, any TransferClient) throws -> Void)? = nil
  ) {
    self.direction = direction
    self.root = root
    self.local = local
    self.options = options
    self.crew = crew
    self.settle = settle
    self.progress = progress
    first = client
  }

  /// Runs it to its end. Throws what stopped it; `summary` says how far it came.
  package func run() throws -> FTPTree.Summary {
    state.withLock { $0.directories = [.directory([], isNew: false, ancestors: [])] }
    let count = max(1, min(options.connections, FTPTree.Options.mostConnections))
    let siblings = try (1..<count).map { _ in try first.sibling() }
    let workers = [TreeWorker(self, first)] + siblings.map { TreeWorker(self, $0) }
    do {
      try crew(count, self) { number in
        guard workers.indices.contains(number) else { return }
        self.work(workers[number], isFirst: number == 0)
      }
    } catch { stop(error) }
    siblings.forEach { $0.disconnect() }
    lookForTwins(workers[0])
    let isWhole = state.withLock { $0.failure == nil && $0.summary.failures.isEmpty }
    if options.deletes, isWhole { removeSurplus(workers[0]) }
    workers[0].goHome()
    let failure = state.withLock { state in
      state.summary.duration = watch.elapsed
      return state.failure
    }
    if let failure { throw failure }
    return summary
  }

  /// What has been done until now.
  package var summary: FTPTree.Summary { state.withLock { $0.summary } }

  /// Whether the workers are to end: something went wrong that concerns all of them.
  package var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Ends the run. The first reason is the one that is thrown.
  package func stop(_ reason: any Error) {
    let reason = settle(reason)
    let isFirst = state.withLock { state in
      defer { state.isStopped = true }
      guard state.failure == nil else { return false }
      state.failure = reason
      return true
    }
    if !isFirst { first.drop(reason) }
  }

  // MARK: The workers

  private func work(_ worker: TreeWorker, isFirst: Bool) {
    var isConnected = isFirst
    while true {
      let task: Task?
      do { task = try next(worker, isFirst: isFirst) } catch { return stop(error) }
      worker.settle(before: task)
      guard let task else { return }
      defer { state.withLock { $0.active -= 1 } }
      if !isConnected {
        // A server that lets nobody else in: the others go on.
        do { try worker.connect() } catch {
          _ = settle(error)
          add(task)
          return
        }
      }
      isConnected = true
      do { try worker.perform(task) } catch { failed(error, task, worker) }
    }
  }

  /// The next thing to do; nil when there is none and will be none.
  private func next(_ worker: TreeWorker, isFirst: Bool) throws -> Task? {
    while true {
      let (task, isOver) = state.withLock { state -> (Task?, Bool) in
        guard !state.isStopped else { return (nil, true) }
        // Another login for a single file is none gained.
        guard isFirst || worker.isConnected || state.waiting > 1 else {
          return (nil, state.waiting + state.active == 0)
        }
        var task: Task?
        let hasFiles = state.nextFile < state.files.count
        if let directory = state.directories.last, !hasFiles || state.files.count - state.nextFile < 1000 {
          task = directory
          state.directories.removeLast()
        } else if hasFiles {
          task = state.files[state.nextFile]
          state.nextFile += 1
        }
        guard task != nil else { return (nil, state.active == 0) }
        state.active += 1
        if !worker.isCounted {
          worker.isCounted = true
          state.clients += 1
          state.summary.connections = max(state.summary.connections, state.clients)
        }
        return (task, false)
      }
      if task != nil || isOver { return task }
      try worker.client.pause(.milliseconds(3))
    }
  }

  func add(_ task: Task) {
    state.withLock { state in
      if case .directory = task { state.directories.append(task) } else { state.files.append(task) }
    }
  }

  func note(_ kind: FTPTree.Action.Kind, _ path: Path) {
    state.withLock { $0.summary.actions.append(FTPTree.Action(kind: kind, path: Self.joined(path))) }
  }

  func refuse(_ path: Path, _ reason: String) {
    let note = FTPTree.Note(path: Self.joined(path), error: FTPError(.state, reason))
    state.withLock { $0.summary.refused.append(note) }
  }

  /// Something failed: the rest goes on where it can.
  func failed(_ error: any Error, _ task: Task, _ worker: TreeWorker) {
    let path: Path
    switch task {
    case .directory(let directory, _, _): path = directory
    case .fetch(let file, _), .store(let file, _, _): path = file
    }
    if stops(error, worker), !mayBeTelnet(path, error, worker) { return stop(error) }
    // Without its top there is no tree.
    if path.isEmpty { return stop(error) }
    failed(error, path)
  }

  func failed(_ error: any Error, _ path: Path) {
    let note = FTPTree.Note(path: Self.joined(path), error: settle(error))
    state.withLock { $0.summary.failures.append(note) }
  }

  /// Whether the connection may have been lost to a name alone, which the server takes for Telnet's: what comes next will tell.
  private func mayBeTelnet(_ path: Path, _ error: any Error, _ worker: TreeWorker) -> Bool {
    guard path.contains(where: { $0.contains(Telnet.interpretAsCommand) }) else { return false }
    return !worker.client.isClosedByCaller
      && TransferFailure.fault(of: (error as? TransferFailure)?.cause ?? error, worker.client) == .lost
  }

  /// Whether nothing else can go better.
  private func stops(_ error: any Error, _ worker: TreeWorker) -> Bool {
    let cause = (error as? TransferFailure)?.cause ?? error
    let isLocal = cause is LocalFailure
    if worker.client.isClosedByCaller { return true }
    guard let failure = ((cause as? LocalFailure)?.error ?? cause) as? FTPError else {
      // What a callback raised, or Ctrl-C; or the login is refused.
      return isLocal || worker.client.fault(of: cause) != .refused
    }
    switch failure.kind {
    case .interrupted: return true
    // It may be that file alone.
    case .truncated: return false
    case .system(let code) where isLocal: return [ENOSPC, EDQUOT, EROFS, EMFILE, ENFILE, EIO].contains(code)
    // What is wrong with the connection has been tried again; another error is the tree's own word on this path.
    default: return error is TransferFailure && !isLocal && worker.client.fault(of: failure) == .lost
    }
  }

  /// A transfer that this run shows and can stop.
  func listener(_ client: any TransferClient) -> (FTPTransfer.Progress) throws -> Void {
    { [self] progress in
      if isStopped { throw FTPError(.state, "another part of the tree has failed") }
      try self.progress?(progress, client)
    }
  }

  // MARK: The end

  /// Whether the target has been given a directory: with patterns for files only with the first one in it.
  func isMade(_ path: Path) -> Bool {
    options.filter.included.isEmpty
      || state.withLock { $0.ensured.contains { $0.starts(with: path) } }
  }

  /// Looks whether names that differ in the case of letters alone are two on the target: otherwise one has replaced the other.
  private func lookForTwins(_ worker: TreeWorker) {
    let failed = Set(summary.failures.map(\.path))
    for (path, names) in state.withLock({ $0.twins }) {
      if isStopped { return }
      let names = names.filter { name, isDirectory in
        !failed.contains(Self.joined(path + [name])) && (!isDirectory || isMade(path + [name]))
      }
      if names.isEmpty { continue }
      do {
        switch direction {
        case .download: try worker.lookForTwins(names, here: path)
        case .upload: _ = try worker.listAgain(path, with: names)
        }
      } catch {
        if stops(error, worker) { return stop(error) }
        self.failed(error, path)
      }
    }
  }

  private func removeSurplus(_ worker: TreeWorker) {
    let (surplus, novel, showsHidden) = state.withLock { ($0.surplus, $0.novel, $0.showsHidden) }
    var listed: [Path: Set<[UInt8]>] = [:]
    var others: [Path: Set<[UInt8]>] = [:]
    for (path, isDirectory) in surplus {
      if isStopped { return }
      // What the server would not show may be there.
      if direction == .download, !showsHidden, path.last?.first == ASCII.dot { continue }
      do {
        try worker.client.checkInterrupt()
        let directory = Array(path.dropLast())
        if direction == .download, let name = path.last {
          if others[directory] == nil { others[directory] = try worker.otherSpellings(in: directory) }
          if others[directory]?.contains(name) ?? false { continue }
        }
        if let name = path.last, let novel = novel[directory], worker.isMeant(path, isDirectory: isDirectory) {
          if listed[directory] == nil {
            listed[directory] = []
            listed[directory] = try worker.listAgain(directory, with: novel)
          }
          guard listed[directory]?.contains(name) ?? false else { continue }
        }
        guard let removal = try worker.removal(of: path, isDirectory: isDirectory) else { continue }
        let gone = removal.gone
        for path in gone { note(.delete, path) }
        if !options.isDryRun { try worker.remove(removal) }
        state.withLock { $0.summary.deleted += gone.count }
      } catch {
        if stops(error, worker) { return stop(error) }
        failed(error, path)
      }
    }
  }

  static func joined(_ path: Path) -> [UInt8] { Array(path.joined(separator: [ASCII.slash])) }
}
