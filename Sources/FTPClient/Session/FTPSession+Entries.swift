internal import Glibc

/// The entries of a directory by whatever the server has for that.
extension FTPSession {
  /// The entries of a directory: by `MLSD`, by `LIST` where that is unknown, by `NLST` where that is unknown too. Without `.` and `..`.
  ///
  /// What only a name is known of is of kind `other`, and so is a line of `LIST` in no known format, which then is the name and `raw`. Times of `MLSD` are in
  /// UTC, those of `LIST` the server's local ones. For `LIST` the session changes into the directory and back: servers take blanks, hyphens and
  /// stars in its argument for options and patterns, list a file as if it were a directory, and answer with an empty listing for what
  /// is not there. When it is interrupted meanwhile it may stay there.
  ///
  /// The names are the server's: `ListingEntry.isSafeFileName` is to be asked before one is joined to a local path. Throws as
  /// `retrieve`, and `.tooLong` for a listing above `Limits.listing` bytes.
  public func entries(of path: String? = nil) throws(FTPError) -> [ListingEntry] {
    if !lacksMachineListing {
      do throws(FTPError) { return try machineEntries(of: path) } catch {
        guard isUnknownCommand(error) else { throw error }
      }
    }
    let entries = try inDirectory(path) { () throws(FTPError) in
      do throws(FTPError) { return try listedEntries() } catch {
        guard isUnknownCommand(error) else { throw error }
        return try namedEntries()
      }
    }
    // It was not the path: 501 is also what MLSD says of one that is no directory (RFC 3659 section 7.2.1).
    lacksMachineListing = true
    return entries
  }

  private func machineEntries(of path: String?) throws(FTPError) -> [ListingEntry] {
    try machineList(path).filter { !$0.isListedDirectory }.map { ListingEntry($0) }
  }

  /// The entries of the current directory by `LIST`.
  private func listedEntries() throws(FTPError) -> [ListingEntry] {
    var parser = ListingParser(now: Int64(time(nil)))
    var entries: [ListingEntry] = []
    func append(_ lines: [ListingParser.Line]) {
      for line in lines {
        switch line {
        case .heading: continue
        case .entry(let entry): entries.append(entry)
        case .raw(let bytes):
          var entry = ListingEntry(name: bytes, kind: .other)
          entry.raw = bytes
          entries.append(entry)
        }
      }
    }
    for line in try lines(of: "LIST") { append(parser.append(line)) }
    append(parser.finish())
    return entries.filter { !$0.name.isDotOrDotDot }
  }

  /// The names in the current directory by `NLST`.
  private func namedEntries() throws(FTPError) -> [ListingEntry] {
    try lines(of: "NLST").filter { !$0.isDotOrDotDot }.map { ListingEntry(name: $0, kind: .other) }
  }

  /// The lines of a listing of the current directory, which exists: none when the server says of an empty one that there are no files.
  private func lines(of verb: String) throws(FTPError) -> [[UInt8]] {
    do throws(FTPError) {
      return try collect(Command(verb), ended: requireRead) { Array($0) }
    } catch {
      guard case .reply(let reply) = error.kind, reply.saysEmptyDirectory else { throw error }
      return []
    }
  }

  /// Throws what the server says of a directory that it could not read.
  private func requireRead(_ reply: Reply) throws(FTPError) {
    if let refusal = reply.refusalOfListing { throw refusal }
  }

  /// Runs `body` in a directory, and comes back.
  private func inDirectory(
    _ path: String?, _ body: () throws(FTPError) -> [ListingEntry]
  ) throws(FTPError) -> [ListingEntry] {
    guard let path else { return try body() }
    // Its bytes: a name that is no UTF-8 as text leads nowhere.
    let home = try PathReply.path(of: control.complete(Command("PWD"))) ?? []
    guard !home.isEmpty else {
      throw FTPError(
        .malformed, "\(control.host) does not name its current directory: change into the other, then list that")
    }
    try changeDirectory(to: path)
    let entries: [ListingEntry]
    do throws(FTPError) { entries = try body() } catch {
      _ = try? control.complete(Command("CWD", bytes: home))
      throw error
    }
    try control.complete(Command("CWD", bytes: home))
    return entries
  }

  private func isUnknownCommand(_ error: FTPError) -> Bool {
    guard case .reply(let reply) = error.kind else { return false }
    return reply.saysUnknownCommand
  }
}
