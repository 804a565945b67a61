/// Commands on directories and files that need no data connection.
extension FTPSession {
  /// The current directory (`PWD`).
  public func workingDirectory() throws(FTPError) -> String {
    try path(in: control.complete(Command("PWD")))
  }

  /// Changes the current directory (`CWD`). `..` goes by `CDUP`, which servers without Unix paths understand too,
  /// and by `CWD ..` where that is unknown.
  @discardableResult
  public func changeDirectory(to path: String) throws(FTPError) -> Reply {
    if path == ".." {
      let reply = try control.execute(Command("CDUP"))
      if reply.category == .completion { return reply }
      guard reply.saysNoSuchCommand else { throw FTPError(unexpected: reply) }
    }
    return try control.complete(Command("CWD", path.isEmpty ? "." : path))
  }

  /// Makes a directory (`MKD`) and returns its path, as the server names it where it does.
  @discardableResult
  public func makeDirectory(_ path: String) throws(FTPError) -> String {
    let reply = try control.complete(Command("MKD", path))
    return PathReply.path(of: reply)?.text ?? path
  }

  /// Removes a directory (`RMD`).
  @discardableResult
  public func removeDirectory(_ path: String) throws(FTPError) -> Reply { try control.complete(Command("RMD", path)) }

  /// Deletes a file (`DELE`).
  @discardableResult
  public func delete(_ path: String) throws(FTPError) -> Reply { try control.complete(Command("DELE", path)) }

  /// Renames a file or directory (`RNFR`, `RNTO`).
  @discardableResult
  public func rename(_ path: String, to newPath: String) throws(FTPError) -> Reply {
    let destination = try Command("RNTO", newPath)
    let reply = try control.execute(Command("RNFR", path))
    guard reply.category == .intermediate else { throw FTPError(unexpected: reply) }
    return try control.complete(destination)
  }

  /// The size of a file in bytes (`SIZE`, RFC 3659 section 4); nil when the server's answer is no 213. Throws `.malformed` for a 213
  /// without a number.
  ///
  /// In text representation servers count the line ends that they would send, or refuse: `setRepresentation(.binary)` first.
  public func size(of path: String) throws(FTPError) -> UInt64? {
    try FileStatus.size(of: control.complete(Command("SIZE", path)))
  }

  /// When a file was last changed, in UTC (`MDTM`, RFC 3659 section 3); nil when the server's answer holds no time.
  public func modificationTime(of path: String) throws(FTPError) -> FileStatus.Time? {
    try FileStatus.modificationTime(of: control.complete(Command("MDTM", path)))
  }

  /// The facts about one file or directory (`MLST`, RFC 3659 section 7).
  public func machineStatus(of path: String? = nil) throws(FTPError) -> MachineListingEntry {
    let reply = try control.complete(Command("MLST", path))
    guard let entry = MachineListingEntry(in: reply) else {
      throw FTPError(.malformed, "no facts in the server's reply: \(reply.text)")
    }
    return entry
  }

  /// Text about the server or a path (`STAT`).
  public func status(of path: String? = nil) throws(FTPError) -> String { try text(of: "STAT", path) }

  /// The server's help text (`HELP`).
  public func help(about command: String? = nil) throws(FTPError) -> String { try text(of: "HELP", command) }

  /// The server's operating system (`SYST`), as in `UNIX Type: L8`.
  public func system() throws(FTPError) -> String {
    String(try text(of: "SYST").drop { $0.isNumber }.drop { $0 == " " })
  }

  /// The extensions that the server names (`FEAT`, RFC 2389 section 3), each line with its parameters;
  /// empty when it knows no `FEAT`.
  public func features() throws(FTPError) -> [String] {
    let reply = try control.execute(Command("FEAT"))
    if reply.category == .permanent { return [] }
    guard reply.category == .completion else { throw FTPError(unexpected: reply) }
    return ServerFeatures(reply).lines
  }

  /// Sets an option of a command (`OPTS`, RFC 2389 section 4), as in `UTF8 ON`.
  @discardableResult
  public func setOption(_ option: String) throws(FTPError) -> Reply { try control.complete(Command("OPTS", option)) }

  /// A command of this server alone (`SITE`).
  @discardableResult
  public func site(_ command: String) throws(FTPError) -> Reply { try control.complete(Command("SITE", command)) }

  /// Does nothing, and keeps the server from closing an idle session (`NOOP`).
  @discardableResult
  public func noOperation() throws(FTPError) -> Reply { try control.complete(Command("NOOP")) }

  /// Chooses how data is represented (`TYPE`); sent only when that changes.
  public func setRepresentation(_ representation: Representation) throws(FTPError) {
    guard !isRepresented(as: representation) else { return }
    representationSetAt = nil
    try control.complete(Command("TYPE", representation.rawValue))
    self.representation = representation
    representationSetAt = control.representationChanges
  }

  /// Whether data is known to be represented like this.
  func isRepresented(as representation: Representation) -> Bool {
    self.representation == representation && representationSetAt == control.representationChanges
  }

  private func text(of verb: String, _ argument: String? = nil) throws(FTPError) -> String {
    try control.complete(Command(verb, argument)).text
  }

  private func path(in reply: Reply) throws(FTPError) -> String {
    guard let path = PathReply.path(of: reply) else {
      throw FTPError(.malformed, "no path in the server's reply: \(reply.text)")
    }
    return path.text
  }
}
