internal import Glibc
import Synchronization

/// The server's tree to this computer.
extension TreeWorker {
  func fetchDirectory(_ path: TreeRun.Path, _ ancestors: [[UInt8]]) throws {
    guard path.count <= TreeRun.deepest else {
      throw FTPError(.state, "directories within directories, more than \(TreeRun.deepest): they lead into themselves")
    }
    let directory = try list(path)
    let items = directory.items
    // What failed keeps anything from being deleted.
    let doubt = run.options.deletes ? directory.doubt : nil
    for reason in [directory.truncation, directory.malformation, doubt].compactMap(\.self) { run.failed(reason, path) }
    let place = try LocalFailure.marking { try openPlace(path) }
    let present = Set(items.map(\.name))
    for item in items { consider(item, in: path, ancestors, isPresent: present.contains) }
    let meant = meantNames(items, in: path)
    noteTwins(meant, among: Set(meant.keys), in: path)
    if run.options.deletes, let place {
      let surplus = try LocalFailure.marking { try run.local.entries(of: place) }.filter { !present.contains($0.name) }
      for entry in surplus { noteSurplus(path + [entry.name], isDirectory: entry.kind == .directory) }
      if !surplus.isEmpty {
        run.state.withLock { $0.theirs[path] = present.filter { TreeName.refusal($0) == nil } }
      }
    }
  }

  /// The names of what is to be fetched, each with whether it is a directory.
  private func meantNames(_ items: [RemoteItem], in path: TreeRun.Path) -> [[UInt8]: Bool] {
    let meant = items.filter { item in
      (item.kind == .file || item.kind == .directory) && TreeName.refusal(item.name) == nil
        && !TreeName.isTemporary(item.name)
        && isMeant(path + [item.name], isDirectory: item.kind == .directory)
    }
    return Dictionary(meant.map { ($0.name, $0.kind == .directory) }) { first, _ in first }
  }

  /// Puts what a name of the server's stands for on the list; or notes why it is left out.
  private func consider(
    _ item: RemoteItem, in path: TreeRun.Path, _ ancestors: [[UInt8]], isPresent: ([UInt8]) -> Bool
  ) {
    let inner = path + [item.name]
    if TreeName.isTemporary(item.name) {
      if let reason = TreeName.refusalOfTemporary(item.name, among: isPresent),
        run.options.filter.takes(file: inner.map(\.text))
      {
        run.refuse(inner, reason)
      }
      return
    }
    if let reason = TreeName.refusal(item.name) {
      run.refuse(inner, reason)
      return
    }
    let words = inner.map(\.text)
    let isMeant =
      item.kind == .directory ? run.options.filter.enters(directory: words) : run.options.filter.takes(file: words)
    guard isMeant else { return }
    if let error = tooLong(inner) {
      run.failed(error, inner)
      return
    }
    switch item.kind {
    case .directory:
      // Links that a server shows as directories lead back to what they lie in.
      if let unique = item.unique, ancestors.contains(unique) {
        run.refuse(inner, "the directory is one that it lies in")
        return
      }
      run.add(.directory(inner, isNew: false, ancestors: ancestors + [item.unique].compactMap(\.self)))
    case .file: run.add(.fetch(inner, item))
    case .link: run.refuse(inner, "a symbolic link is not followed")
    case .other: run.refuse(inner, "neither a file nor a directory")
    }
  }

  /// Notes what only the target has. What of it the filter leaves out stays.
  func noteSurplus(_ path: TreeRun.Path, isDirectory: Bool) {
    guard let name = path.last, !TreeName.isTemporary(name) else { return }
    run.state.withLock { $0.surplus.append((path, isDirectory)) }
  }

  /// Opens a directory of the tree here, and makes it where it is missing; nil when it is missing in a dry run.
  private func openPlace(_ path: TreeRun.Path) throws -> LocalTree.Directory? {
    do { return try run.local.directory(path) } catch {
      guard case .system(let code) = error.kind, code == ENOENT else { throw error }
      // With patterns for files a directory is made with the first file in it.
      guard run.options.filter.included.isEmpty else { return nil }
      run.note(.make, path)
      run.state.withLock { $0.summary.made += 1 }
      return run.options.isDryRun ? nil : try run.local.directory(path, creating: true)
    }
  }

  func fetch(_ path: TreeRun.Path, _ item: RemoteItem) throws {
    guard let name = path.last else { return }
    let folder = Array(path.dropLast())
    let directory: LocalTree.Directory?
    do { directory = try run.local.directory(folder) } catch {
      guard case .system(ENOENT) = error.kind else { throw LocalFailure(error) }
      directory = nil
    }
    let place = directory.map { self.place(path, in: $0) }
    if let directory, let place, let entry = try LocalFailure.marking({ try run.local.entry(name, in: directory) }) {
      if entry.kind == .directory { throw LocalFailure(FTPError(errno: EISDIR, "write '\(place.path)'")) }
      if entry.kind == .other { throw LocalFailure(PartFile.refusalOfIrregular(place.path)) }
      let isEqual = try persistently("comparing '\(remote(path).text)'") {
        try isSame(path, item, entry) { try LocalSource(place: place) }
      }
      if isEqual {
        noteEnsured(folder)
        return run.state.withLock { $0.summary.unchanged += 1 }
      }
    }
    run.note(.copy, path)
    if run.options.isDryRun {
      run.state.withLock { state in
        state.summary.transferred += 1
        state.summary.size &+= item.size ?? 0
      }
      return
    }
    let target = try directory ?? LocalFailure.marking { try run.local.directory(folder, creating: true) }
    noteEnsured(folder)
    let isSmall = (item.size ?? .max) < PartFile.worthKeeping
    // The listing's word is moments old.
    var moment: TreeMoment?
    if isSmall {
      try persistently("downloading '\(remote(path).text)'") {
        moment = try self.moment(item, at: path, isNext: true)
      }
    }
    do { count(try fetch(path, item, into: target, moment: moment, looksAhead: isSmall)) } catch let failure
      as TransferFailure
    {
      // What this side has broken off, as Ctrl-C does, is no fault of the command's that was under way.
      let hasLost = client.claimLoss() && client.isServers(failure.cause)
      guard hasLost || failure.cause is AheadRefused else { throw failure }
      count(try fetch(path, item, into: target, moment: moment, looksAhead: false))
    }
  }

  /// Notes a folder that a file chosen by patterns is in.
  private func noteEnsured(_ folder: TreeRun.Path) {
    guard !run.options.filter.included.isEmpty else { return }
    run.state.withLock { _ = $0.ensured.insert(folder) }
  }

  private func fetch(
    _ path: TreeRun.Path, _ item: RemoteItem, into target: LocalTree.Directory, moment: TreeMoment?, looksAhead: Bool
  ) throws -> FTPTransfer.Result {
    let sink = TreeSink(PartFile(regular: place(path, in: target)))
    sink.modified = moment
    var options = run.options.transfer
    let isSmall = (item.size ?? .max) < PartFile.worthKeeping
    if isSmall { options.verifies = options.verifies && options.hashing != nil && run.options.comparison == .hash }
    client.looksAhead = looksAhead
    defer { client.looksAhead = false }
    let download = FileDownload(
      client, remote(path), name: TreeRun.joined(path).text, to: sink, options: options,
      known: isSmall ? facts(item, at: path) : nil, progress: run.listener(client.plain))
    return try download.run()
  }

  /// Adds a file that has been transferred.
  func count(_ result: FTPTransfer.Result) {
    run.state.withLock { state in
      state.summary.transferred += 1
      state.summary.bytes &+= result.bytes
      state.summary.size &+= result.size
      state.summary.resumes += result.resumes
      state.summary.retries += max(0, result.attempts - 1)
    }
  }
}

/// A file of the tree, with the time that the listing told.
private final class TreeSink: DownloadSink {
  private let file: PartFile
  /// When the server has changed it, where the download itself does not learn it.
  var modified: TreeMoment?

  init(_ file: PartFile) { self.file = file }

  var name: String { file.name }
  var length: UInt64 { file.length }
  var isReadable: Bool { file.isReadable }
  var isRandom: Bool { file.isRandom }
  var noted: [Range<UInt64>] { file.noted }
  func open(for facts: RemoteFacts, identity: String, resuming: Bool) throws {
    try file.open(for: facts, identity: identity, resuming: resuming)
  }
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws { try file.write(bytes, at: offset) }
  func move(_ stream: any FileReceiving, at offset: UInt64, most: Int, until deadline: Deadline) throws -> Int? {
    try file.move(stream, at: offset, most: most, until: deadline)
  }
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    try file.read(into: buffer, at: offset)
  }
  func restart(for facts: RemoteFacts, identity: String) throws { try file.restart(for: facts, identity: identity) }
  func note(_ parts: [Range<UInt64>]?) throws { try file.note(parts) }
  func complete(modified time: FileStatus.Time?) throws {
    try file.complete(modified: time ?? modified.flatMap { FileStatus.Time(seconds: $0.best) })
  }
  func abandon(keeping: Bool) { file.abandon(keeping: keeping) }
}
