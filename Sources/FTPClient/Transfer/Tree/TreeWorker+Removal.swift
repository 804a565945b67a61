internal import Glibc
import Synchronization

/// What only the target has, and how it goes.
extension TreeWorker {
  /// What a removal takes: a file, a link, or a directory with those things in it that go.
  struct Removal {
    let path: TreeRun.Path
    let isDirectory: Bool
    /// What goes of a directory.
    var contents: [Removal] = []
    /// Whether something in it stays, and the directory with it.
    var staysBehind = false
    /// Whether it is gone already: a server has taken it for the link that it was.
    var isGone = false

    /// The highest paths that are gone afterwards.
    var gone: [TreeRun.Path] { staysBehind ? contents.flatMap(\.gone) : [path] }
  }

  /// Whether the filter takes a file, or looks into a directory.
  func isMeant(_ path: TreeRun.Path, isDirectory: Bool) -> Bool {
    let words = path.map(\.text)
    return isDirectory ? run.options.filter.enters(directory: words) : run.options.filter.takes(file: words)
  }

  /// The names in a directory of the server that something has been put into under new ones, which `novel` has with
  /// whether each is a directory.
  ///
  /// None where it lacks one of those, which is noted: it may keep that under another name, as servers do that do not
  /// tell upper case from lower, or put other letters in place of some. What seems surplus there may be what has just
  /// been transferred.
  func listAgain(_ path: TreeRun.Path, with novel: [[UInt8]: Bool]) throws -> Set<[UInt8]> {
    let directory = try list(path)
    if run.options.deletes { try directory.requireWhole() }
    let names = Set(directory.items.map(\.name))
    let missing = novel.filter { name, isDirectory in
      !names.contains(name) && (!isDirectory || run.isMade(path + [name]))
    }
    if !missing.isEmpty { try directory.requireWhole() }
    for name in missing.keys {
      run.failed(
        FTPError(
          .state,
          "the server does not list it under this name" + (run.options.deletes ? ": nothing is deleted beside it" : "")),
        path + [name])
    }
    return missing.isEmpty ? names : []
  }

  /// The names in a directory here that stand for what the server has under other ones: what seems surplus is what has just been transferred.
  func otherSpellings(in path: TreeRun.Path) throws -> Set<[UInt8]> {
    let theirs = run.state.withLock { $0.theirs[path] ?? [] }
    return try LocalFailure.marking { try run.local.otherSpellings(of: theirs, in: run.local.directory(path)) }
  }

  /// Notes those of some names in a directory here that stand for what is listed under another one.
  func lookForTwins(_ names: [[UInt8]: Bool], here path: TreeRun.Path) throws {
    let directory: LocalTree.Directory
    do { directory = try run.local.directory(path) } catch {
      // With patterns for files it is made with the first one in it.
      guard case .system(ENOENT) = error.kind else { throw LocalFailure(error) }
      return
    }
    let unlisted = try LocalFailure.marking { try run.local.unlisted(Set(names.keys), in: directory) }
    for name in unlisted {
      run.failed(
        FTPError(.state, "this folder has it and another file as one, under a name in other letters"), path + [name])
    }
  }

  /// Whether the filter takes everything.
  private var takesAll: Bool { run.options.filter.included.isEmpty && run.options.filter.excluded.isEmpty }

  /// Looks what of a thing the filter takes; nil for nothing. Nothing of it is removed yet, but, where the filter takes everything, what a server removes
  /// as the empty directory, or the link, that it was.
  func removal(of path: TreeRun.Path, isDirectory: Bool, ancestors: [[UInt8]] = []) throws -> Removal? {
    try client.checkInterrupt()
    guard isMeant(path, isDirectory: isDirectory) else { return nil }
    guard isDirectory else { return Removal(path: path, isDirectory: false) }
    guard path.count <= TreeRun.deepest else {
      throw FTPError(.state, "the directory is more than \(TreeRun.deepest) below the top")
    }
    var removal = Removal(path: path, isDirectory: true)
    if run.direction == .upload, !run.options.isDryRun, takesAll, try isRemovedAtOnce(path, all: true) {
      removal.isGone = true
      return removal
    }
    for item in try targetContents(path) {
      // A link that leads back to where it lies.
      if let unique = item.unique, ancestors.contains(unique) { continue }
      let above = ancestors + [item.unique].compactMap(\.self)
      if let inner = try self.removal(of: path + [item.name], isDirectory: item.isDirectory, ancestors: above) {
        removal.contents.append(inner)
        removal.staysBehind = removal.staysBehind || inner.staysBehind
      } else {
        removal.staysBehind = true
      }
    }
    return removal.staysBehind && removal.contents.isEmpty ? nil : removal
  }

  /// Servers that list a link to a directory as one, and refuse to delete it as a file.
  private static let hidingLinks = ["aioftp", "twisted"]

  /// Removes what a server calls a directory, if it goes before anything in it: an empty one, or a link, which some
  /// servers (pyftpdlib, aioftp, Twisted's) list as what it leads to. What is behind a link is never touched.
  ///
  /// `RMD` shows whether it is a link, and on some servers (SwiFTP's kind, Liquesce) takes with it all that is in it: so it is not tried where something
  /// there is to stay, but on servers that are known to need it, and not to do so; `all` is whether nothing is.
  private func isRemovedAtOnce(_ path: TreeRun.Path, all: Bool) throws -> Bool {
    let whole = remote(path)
    let isKnown = Self.hidingLinks.contains(where: client.welcome.lowercased().contains)
    return try persistently("removing '\(whole.text)'") {
      // `unlink` takes the link, and refuses a directory.
      let deleted = try client.execute("DELE", whole)
      if deleted.code == 421 { throw FTPError(unexpected: deleted) }
      if deleted.category == .completion { return true }
      // aioftp's greeting does not say who it is.
      guard all || isKnown || deleted.bytes.map(\.lowercased).text.contains("is not a file") else { return false }
      let removed = try client.execute("RMD", whole)
      if removed.code == 421 { throw FTPError(unexpected: removed) }
      if removed.category == .completion { return true }
      // Twisted's looks where a link leads before DELE, not before RMD; aioftp never says what it is.
      let words = [deleted, removed].map { $0.bytes.map(\.lowercased).text }
      guard !words[1].contains("not a directory"), !words[0].contains("is not a file") else {
        throw LocalFailure(
          FTPError(.state, "'\(whole.text)' may be a link to a directory: what is behind it is not removed"))
      }
      return false
    }
  }

  private func targetContents(_ path: TreeRun.Path) throws -> [(name: [UInt8], isDirectory: Bool, unique: [UInt8]?)] {
    switch run.direction {
    case .download:
      return try LocalFailure.marking { try run.local.entries(of: run.local.directory(path)) }
        .map { ($0.name, $0.kind == .directory, nil) }
    case .upload:
      let directory = try list(path)
      try directory.requireWhole()
      return try directory.items.map { item in
        if let reason = TreeName.refusal(item.name) {
          throw FTPError(.state, "cannot remove what is in '\(remote(path).text)': \(reason)")
        }
        return (item.name, item.kind == .directory, item.unique)
      }
    }
  }

  /// Removes what was looked at, and nothing that has come since, unless the server removes directories with all in them.
  func remove(_ removal: Removal) throws {
    try client.checkInterrupt()
    if run.direction == .upload, removal.isDirectory, !removal.isGone, !takesAll,
      try isRemovedAtOnce(removal.path, all: !removal.staysBehind)
    {
      return
    }
    for inner in removal.contents { try remove(inner) }
    guard !removal.staysBehind, !removal.isGone, let name = removal.path.last else { return }
    switch run.direction {
    case .download:
      try LocalFailure.marking {
        try run.local.remove(
          name, isDirectory: removal.isDirectory, in: run.local.directory(Array(removal.path.dropLast())))
      }
    case .upload:
      try persistently("removing '\(remote(removal.path).text)'") {
        let reply = try client.execute(removal.isDirectory ? "RMD" : "DELE", remote(removal.path))
        guard reply.category == .completion else { throw FTPError(unexpected: reply) }
      }
    }
  }
}
