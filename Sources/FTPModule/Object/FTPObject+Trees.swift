import CPython
import FTPClient
import PythonBridge

/// Folders kept equal: `download_tree`, `upload_tree`, `sync`.
extension FTPObject {
  /// The options that all three take, by name.
  static let treeOptions = [
    "include", "exclude", "compare", "delete", "dry_run", "connections", "resume", "verify", "retries", "progress",
  ]

  /// `download_tree(remote, local, *, ...)`.
  func downloadTree(_ arguments: Arguments) throws -> PythonObject {
    try tree(.download, remote: arguments.required(0), local: arguments.required(1), arguments)
  }

  /// `upload_tree(local, remote, *, ...)`.
  func uploadTree(_ arguments: Arguments) throws -> PythonObject {
    try tree(.upload, remote: arguments.required(1), local: arguments.required(0), arguments)
  }

  /// `sync(remote, local, *, direction, ...)`.
  func sync(_ arguments: Arguments) throws -> PythonObject {
    let direction: TreeRun.Direction
    switch try arguments["direction"]?.text() ?? "down" {
    case "down": direction = .download
    case "up": direction = .upload
    case let other: throw PythonError.value("direction must be 'down' or 'up', not '\(other)'")
    }
    return try tree(direction, remote: arguments.required(0), local: arguments.required(1), arguments)
  }

  private func tree(
    _ direction: TreeRun.Direction, remote: PythonObject, local: PythonObject, _ arguments: Arguments
  ) throws -> PythonObject {
    try requireSendable(command("CWD", remote))
    let root = remote.isBytes ? try remote.withBytes { Array($0) } : try codec.encode(remote)
    let options = try treeOptions(arguments)
    // Names go as the bytes that the server lists: what is no text is a name all the same.
    let client = try ObjectClient(self, isText: false)
    let name = "\(direction == .download ? "download" : "upload")_tree"
    let path = try localPath(local, method: nil, name) ?? []
    let missing: LocalTree.Missing = direction == .upload ? .fail : options.isDryRun ? .mayBeMissing : .make
    let folder = try LocalTree(path, missing)
    let progress = try treeProgress(arguments)
    // Replies repeat names, which need not be text: one of them shall end nothing.
    let (errors, isStrict) = try (attribute(.errors), codec.errors == "strict")
    if isStrict { try set(.errors, .string("surrogateescape")) }
    defer { if isStrict { PythonError.preserving { try set(.errors, errors) } } }
    let run = TreeRun(
      direction, client, root, folder, options, crew: CrewThread.crew(state), settle: { settled($0) },
      progress: progress)
    let summary: FTPTree.Summary
    do { summary = try run.run() } catch let failure as TransferFailure { throw exception(for: failure) } catch {
      let plain = (error as? LocalFailure)?.error ?? error
      if let own = plain as? PythonFailure { throw PythonError.restore(own.exception) }
      throw plain
    }
    let result = try self.summary(summary)
    guard let first = summary.failures.first else { return result }
    throw try treeError(first, summary, result)
  }

  private func treeOptions(_ arguments: Arguments) throws -> FTPTree.Options {
    var options = FTPTree.Options()
    options.filter = TreeFilter(
      including: try patterns(arguments.value("include")), excluding: try patterns(arguments.value("exclude")))
    let word = try arguments["compare"]?.text() ?? "time"
    guard let comparison = FTPTree.Comparison(rawValue: word) else {
      throw PythonError.value("compare must be 'time', 'size' or 'hash', not '\(word)'")
    }
    options.comparison = comparison
    options.deletes = try arguments["delete"]?.isTrue() ?? false
    options.isDryRun = try arguments["dry_run"]?.isTrue() ?? false
    options.connections = try number(
      arguments["connections"], "connections", options.connections, 1...FTPTree.Options.mostConnections)
    options.transfer = try transferOptions(arguments)
    return options
  }

  /// One pattern, or several.
  private func patterns(_ value: PythonObject?) throws -> [TreePattern] {
    guard let value else { return [] }
    if value.isString { return [TreePattern(try value.text())] }
    return try value.items().map { item in
      guard item.isString else { throw PythonError.type("a pattern must be a str, not '\(item.typeName)'") }
      return TreePattern(try item.text())
    }
  }

  private func treeProgress(
    _ arguments: Arguments
  ) throws -> ((FTPTransfer.Progress, any TransferClient) throws -> Void)? {
    guard let callback = arguments.value("progress") else { return nil }
    guard callback.isCallable else { throw PythonError.type("progress must be callable, not '\(callback.typeName)'") }
    let state = state
    return { progress, client in
      guard let client = (client as? NativeSibling)?.object ?? client as? ObjectClient else { return }
      try client.attached {
        _ = try callback.call(state.transferTypes.makeProgress(progress, name: .string(progress.name)))
      }
    }
  }

  /// An error of a worker's as it can be shown on another thread: a Python exception that is set nowhere. Attached.
  private func settled(_ error: any Error) -> any Error {
    Attachment.attach {
      switch error {
      case is PythonFailure: return error
      case let local as LocalFailure: return settled(local.error)
      case let failure as TransferFailure:
        _ = exception(for: failure)
      case is PythonError: break
      case let error as FTPError:
        _ = state.exception(for: error)
      default: return error
      }
      return PythonError.take().map(PythonFailure.init) ?? error
    }
  }

  // MARK: The summary

  private func summary(_ summary: FTPTree.Summary) throws -> PythonObject {
    let actions = try PythonObject.list()
    for action in summary.actions {
      try actions.append(.tuple(.string(action.kind.rawValue), path(action.path)))
    }
    let refused = try PythonObject.list()
    for note in summary.refused { try refused.append(.tuple(path(note.path), .string("\(note.error)"))) }
    let errors = try PythonObject.list()
    for note in summary.failures { try errors.append(.tuple(path(note.path), exception(of: note))) }
    return try state.treeTypes.summary.makeStruct([
      .integer(summary.transferred), .integer(summary.unchanged), .integer(summary.deleted), .integer(summary.made),
      .integer(summary.size), .integer(summary.bytes), .integer(summary.resumes), .integer(summary.retries),
      .integer(summary.connections), .float(summary.duration.inSeconds), actions, refused, errors,
    ])
  }

  /// A path of the tree as text; what is not UTF-8 as Python has it in file names.
  private func path(_ bytes: [UInt8]) throws -> PythonObject { try TextCodec.escaping.decode(bytes) }

  private func exception(of note: FTPTree.Note) throws -> PythonObject {
    if let own = note.error as? PythonFailure { return own.exception }
    return try state.errors.error.call(.string("\(note.error)"))
  }

  /// What an exception says; bytes that are no text, as U+FFFD.
  private func words(of exception: PythonObject) throws -> String {
    try exception.string().encoded("utf-8", errors: "surrogateescape").withBytes { String(decoding: $0, as: UTF8.self) }
  }

  private func treeError(
    _ first: FTPTree.Note, _ summary: FTPTree.Summary, _ result: PythonObject
  ) throws -> PythonError {
    let count = summary.failures.count
    let cause = try exception(of: first)
    let place = first.path.isEmpty ? "the directory itself" : String(decoding: first.path, as: UTF8.self)
    let error = try state.treeTypes.error.call(
      .string("\(count == 1 ? "1 path" : "\(count) paths") of the tree failed, first '\(place)': \(words(of: cause))"))
    try error.setAttribute(.string("summary"), result)
    try error.setAttribute(.string("__cause__"), cause)
    return .restore(error)
  }
}

/// What trees return and raise.
struct TreeTypes {
  let summary: PythonObject
  let error: PythonObject

  var all: [PythonObject] { [summary, error] }

  init(_ module: String, base: PythonObject) throws(PythonError) {
    error = try .exceptionClass(
      "\(module).TreeError",
      "Some paths of a tree could not be transferred; the rest was. The attribute summary is the TreeSummary, its errors say which.",
      base: base)
    summary = try .structSequence(
      "ftplib.TreeSummary", "What became of a download_tree(), upload_tree() or sync(); with dry_run, what would.",
      [
        ("transferred", "files that were transferred"),
        ("unchanged", "files that were equal"),
        ("deleted", "files, links, and directories with all in them that were removed"),
        ("made", "directories that were made"),
        ("size", "bytes of the files that were transferred"),
        ("bytes", "bytes that went over data connections for them"),
        ("resumes", "how often a file was resumed behind what was there"),
        ("retries", "how often a file was restarted or resumed after a fault"),
        ("connections", "over how many connections it went"),
        ("seconds", "the time that it took"),
        ("actions", "list of (what, path): 'make', 'copy' or 'delete', and the path in the tree"),
        ("refused", "list of (path, reason): links, devices, and names that are not used on this side"),
        ("errors", "list of (path, exception): what failed"),
      ])
  }
}
