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

    /// The highest paths that are gone afterwards.
    var gone: [TreeRun.Path] { staysBehind ? contents.flatMap(\.gone) : [path] }
  }

  /// Looks what of a thing the filter takes; nil for nothing. Nothing is removed yet.
  func removal(of path: TreeRun.Path, isDirectory: Bool) throws -> Removal? {
    let words = path.map(\.text)
    let filter = run.options.filter
    guard isDirectory else { return filter.takes(file: words) ? Removal(path: path, isDirectory: false) : nil }
    guard filter.enters(directory: words) else { return nil }
    guard path.count <= TreeRun.deepest else { throw FTPError(.state, "the directory is too deep") }
    var removal = Removal(path: path, isDirectory: true)
    for item in try targetContents(path) {
      if let inner = try self.removal(of: path + [item.name], isDirectory: item.isDirectory) {
        removal.contents.append(inner)
        removal.staysBehind = removal.staysBehind || inner.staysBehind
      } else {
        removal.staysBehind = true
      }
    }
    return removal.staysBehind && removal.contents.isEmpty ? nil : removal
  }

  private func targetContents(_ path: TreeRun.Path) throws -> [(name: [UInt8], isDirectory: Bool)] {
    switch run.direction {
    case .download:
      return try LocalFailure.marking { try run.local.entries(of: run.local.directory(path)) }
        .map { ($0.name, $0.kind == .directory) }
    case .upload:
      return try list(path).map { item in
        if let reason = TreeName.refusal(item.name) {
          throw FTPError(.state, "cannot remove what is in '\(remote(path).text)': \(reason)")
        }
        return (item.name, item.kind == .directory)
      }
    }
  }

  /// Removes what was looked at, and nothing that has come since.
  func remove(_ removal: Removal) throws {
    for inner in removal.contents { try remove(inner) }
    guard !removal.staysBehind, let name = removal.path.last else { return }
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
