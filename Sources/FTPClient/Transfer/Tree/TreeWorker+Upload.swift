internal import Glibc
import Synchronization

/// This computer's tree to the server.
extension TreeWorker {
  func storeDirectory(_ path: TreeRun.Path, isNew: Bool) throws {
    guard let items = try prepareRemote(path, isNew: isNew) else { return }
    let entries = try LocalFailure.marking { try run.local.entries(of: run.local.directory(path)) }
    let present = Set(entries.map(\.name))
    var novel: [[UInt8]: Bool] = [:]
    for entry in entries {
      let inner = path + [entry.name]
      let words = inner.map(\.text)
      if TreeName.isTemporary(entry.name) {
        if let reason = TreeName.refusalOfTemporary(entry.name, among: present.contains),
          run.options.filter.takes(file: words)
        {
          run.refuse(inner, reason)
        }
        continue
      }
      let isMeant =
        entry.kind == .directory
        ? run.options.filter.enters(directory: words) : run.options.filter.takes(file: words)
      guard isMeant else { continue }
      if let reason = TreeName.refusalToSend(entry.name) {
        run.refuse(inner, reason)
        continue
      }
      if let error = tooLong(inner) {
        run.failed(error, inner)
        continue
      }
      switch entry.kind {
      case .directory:
        if items[entry.name]?.kind == .link {
          run.failed(FTPError(.state, "the server has a link of this name"), inner)
          continue
        }
        let isNew = items[entry.name]?.kind != .directory
        if isNew { novel[entry.name] = true }
        run.add(.directory(inner, isNew: isNew, ancestors: []))
      case .file:
        if items[entry.name] == nil { novel[entry.name] = false }
        try consider(inner, entry, items[entry.name])
      case .link: run.refuse(inner, "a symbolic link is not followed")
      case .other: run.refuse(inner, "neither a file nor a directory")
      }
    }
    noteTwins(novel, among: present, in: path)
    guard run.options.deletes else { return }
    let surplus = items.values.filter { !present.contains($0.name) }
    if !run.options.isDryRun, !surplus.isEmpty, !novel.isEmpty {
      run.state.withLock { $0.novel[path] = novel }
    }
    for item in surplus {
      if let reason = TreeName.refusal(item.name) {
        run.refuse(path + [item.name], reason)
      } else {
        noteSurplus(path + [item.name], isDirectory: item.kind == .directory)
      }
    }
  }

  /// What the server's directory holds; it is made where it is missing. Nil where the listing cannot be understood, which has been noted.
  private func prepareRemote(_ path: TreeRun.Path, isNew: Bool) throws -> [[UInt8]: RemoteItem]? {
    if !isNew {
      do {
        let directory = try list(path)
        // What it hides may be a link, which an upload would follow.
        if let error = directory.malformation {
          if path.isEmpty { run.stop(error) } else { run.failed(error, path) }
          return nil
        }
        if run.options.deletes, let reason = directory.truncation ?? directory.doubt { run.failed(reason, path) }
        return Dictionary(directory.items.map { ($0.name, $0) }) { first, _ in first }
      } catch let failure as TransferFailure {
        // The top of the tree need not be there.
        guard path.isEmpty, !run.root.isEmpty, let error = failure.cause as? FTPError,
          case .reply(let reply) = error.kind,
          reply.code == 550
        else { throw failure }
      }
    }
    // With patterns for files a directory is made with the first file in it.
    if path.isEmpty || run.options.filter.included.isEmpty { try makeRemote(path) }
    return [:]
  }

  private func makeRemote(_ path: TreeRun.Path) throws {
    run.note(.make, path)
    run.state.withLock { $0.summary.made += 1 }
    guard !run.options.isDryRun else { return }
    try persistently("making the directory '\(remote(path).text)'") {
      let reply = try client.execute("MKD", remote(path))
      if reply.category == .completion { return }
      // It may be there: an earlier attempt's answer was lost, or another worker has made it.
      guard try !listing.changes(into: remote(path)) else { return goHome() }
      if reply.code == 550, try makeAbove(remote(path)) { return }
      throw FTPError(unexpected: reply)
    }
  }

  /// Makes a directory with what is missing above it; whether it is there then.
  private func makeAbove(_ whole: [UInt8]) throws -> Bool {
    var made = false
    var end = whole.startIndex
    while end < whole.endIndex {
      end = whole[(end + 1)...].firstIndex(of: ASCII.slash) ?? whole.endIndex
      made = try client.completes("MKD", Array(whole[..<end])) != nil
    }
    return made
  }

  /// Puts a file on the list, unless both sides have it.
  private func consider(_ path: TreeRun.Path, _ entry: LocalTree.Entry, _ item: RemoteItem?) throws {
    if let item {
      if item.kind == .directory {
        return run.failed(FTPError(.state, "the server has a directory of this name"), path)
      }
      let isEqual = try persistently("comparing '\(remote(path).text)'") {
        try isSame(path, item, entry) { try self.source(path) }
      }
      if isEqual { return run.state.withLock { $0.summary.unchanged += 1 } }
    }
    run.add(.store(path, entry, isLink: item?.kind == .link))
  }

  private func source(_ path: TreeRun.Path) throws -> LocalSource {
    guard !path.isEmpty else { throw FTPError(errno: EISDIR, "read '\(run.local.path)'") }
    return try LocalSource(place: place(path, in: run.local.directory(Array(path.dropLast()))))
  }

  func store(_ path: TreeRun.Path, _ entry: LocalTree.Entry, isLink: Bool) throws {
    run.note(.copy, path)
    if run.options.isDryRun {
      run.state.withLock { state in
        state.summary.transferred += 1
        state.summary.size &+= entry.size
      }
      return
    }
    let source = try LocalFailure.marking { try self.source(path) }
    if !run.options.filter.included.isEmpty, path.count > 1 { try ensureRemote(Array(path.dropLast())) }
    var options = run.options.transfer
    if entry.size < PartFile.worthKeeping {
      if run.options.comparison != .hash, let result = try storeAtOnce(source, path) { return count(result) }
      options.verifies = options.verifies && run.options.comparison == .hash
    }
    let upload = FileUpload(
      client, source, to: remote(path), name: TreeRun.joined(path).text, options: options, mayTakeOwnName: !isLink,
      progress: run.listener(client.plain))
    count(try upload.run())
  }

  /// Makes a directory and those above it, where a file comes that patterns have chosen.
  private func ensureRemote(_ path: TreeRun.Path) throws {
    let known = run.state.withLock { $0.ensured.contains(path) }
    if known { return }
    for depth in 1...path.count {
      let part = Array(path.prefix(depth))
      try persistently("making the directory '\(remote(part).text)'") {
        _ = try client.completes("MKD", remote(part))
      }
    }
    run.state.withLock { _ = $0.ensured.insert(path) }
  }
}

extension LocalSource {
  /// Opens a file of a tree, never through a link.
  convenience init(place: LocalPlace) throws {
    let descriptor = place.open(place.name, O_RDONLY | O_NONBLOCK)
    guard descriptor >= 0 else { throw FTPError(errno: errno, "read '\(place.path)'") }
    try self.init(descriptor: descriptor, path: place.path)
  }
}
