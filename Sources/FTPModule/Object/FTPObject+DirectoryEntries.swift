import CPython
import FTPClient
import Glibc
import PythonBridge

/// `listdir`: the entries of a directory by whatever the server has for that.
extension FTPObject {
  /// `listdir(path)`: a list of `(name, facts)` by `MLSD`, by `LIST` where that is unknown, by `NLST` where that is unknown too.
  func listdir(_ path: PythonObject?) throws -> PythonObject {
    if try connection()?.lacksMachineListing != true {
      do { return try machineEntries(path) } catch { try requireUnknownCommand(error) }
    }
    let entries = try inDirectory(path) {
      do { return try listedEntries() } catch {
        try requireUnknownCommand(error)
        return try namedEntries()
      }
    }
    // It was not the path: 501 is also what MLSD says of one that is no directory (RFC 3659 section 7.2.1).
    try connection()?.lacksMachineListing = true
    return entries
  }

  private func machineEntries(_ path: PythonObject?) throws -> PythonObject {
    let entries = try PythonObject.list()
    let type = try PythonObject.string("type")
    for entry in try object.callMethod("mlsd", path ?? .string("")).items() {
      let kind = try entry.item(1).value(for: type)?.text().lowercased()
      if kind == "cdir" || kind == "pdir" { continue }
      if try !isDirectoryItself(entry.item(0)) { try entries.append(entry) }
    }
    return entries
  }

  /// The entries of the current directory by `LIST`. A line in no known format is a name of its own, marked by the fact `raw`.
  private func listedEntries() throws -> PythonObject {
    let codec = TextCodec.lossless
    let entries = try PythonObject.list()
    var parser = ListingParser(now: Int64(time(nil)))
    func append(_ lines: [ListingParser.Line]) throws {
      for line in lines {
        let facts = try PythonObject.dictionary()
        let name: PythonObject
        switch line {
        case .heading: continue
        case .entry(let entry):
          name = try codec.decode(entry.name)
          for (fact, value) in entry.facts { try facts.set(codec.decode(value), for: fact) }
        case .raw(let bytes):
          name = try codec.decode(bytes)
          try facts.set(name, for: "raw")
        }
        if try !isDirectoryItself(name) { try entries.append(.tuple(name, facts)) }
      }
    }
    for line in try lines(of: "LIST") { try append(parser.append(codec.encode(line))) }
    try append(parser.finish())
    return entries
  }

  /// The names in the current directory by `NLST`, without facts.
  private func namedEntries() throws -> PythonObject {
    let entries = try PythonObject.list()
    for name in try lines(of: "NLST") where try !isDirectoryItself(name) {
      try entries.append(.tuple(name, .dictionary()))
    }
    return entries
  }

  /// The lines of a listing of the current directory, which exists: none when the server says of an empty one that there are no files.
  private func lines(of command: String) throws -> [PythonObject] {
    do {
      return try listing(
        .string(command),
        ended: { reply in if reply.isString, let refusal = try parsed(reply).refusalOfListing { throw refusal } },
        each: { _, _ in }
      ).items()
    } catch {
      guard PythonError.matches(state.errors.temporary, state.errors.permanent), let refusal = PythonError.take() else {
        throw error
      }
      guard try parsed(refusal.string()).saysEmptyDirectory else { throw PythonError.restore(refusal) }
      return []
    }
  }

  /// Runs `body` in a directory, and comes back.
  ///
  /// Rather than `LIST path`: servers take blanks, hyphens and stars in that for options and patterns, list a file as if it were a
  /// directory, and answer with an empty listing for what is not there.
  private func inDirectory(_ path: PythonObject?, _ body: () throws -> PythonObject) throws -> PythonObject {
    guard let path else { return try body() }
    let home = try call(.pwd)
    guard try home.isTrue() else {
      throw FTPError(
        .malformed, "\(try name()) does not name its current directory: change into the other, then list that")
    }
    try call(.cwd, path)
    let result: PythonObject
    do { result = try body() } catch {
      PythonError.preserving { try call(.cwd, home) }
      throw error
    }
    try call(.cwd, home)
    return result
  }

  private func isDirectoryItself(_ name: PythonObject) throws -> Bool { try [".", ".."].contains(lookingAt(name)) }
}
