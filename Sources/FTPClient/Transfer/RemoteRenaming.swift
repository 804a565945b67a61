/// Gives a file of the server's another name: `RNFR` and `RNTO`, in one piece with what comes before where the server takes that.
struct RemoteRenaming {
  typealias Command = (verb: String, argument: [UInt8]?)

  enum Outcome: Equatable {
    case done
    /// The old name cannot be renamed.
    case forbidden
    /// The new name cannot be taken.
    case refused
    /// The new name is a directory's, where that is asked for.
    case blocked(Reply)
    /// Not now.
    case postponed(Reply)
  }

  private let client: any TransferClient

  init(_ client: any TransferClient) { self.client = client }

  /// Renames; `first` is sent before, whatever becomes of it. Throws where it is not known what has become of it all.
  func rename(
    _ old: [UInt8], to new: [UInt8], behind first: Command? = nil, mindingDirectories: Bool
  ) throws -> Outcome {
    let commands = [first].compactMap(\.self) + [("RNFR", old), ("RNTO", new)]
    let isTogether = try client.allowsPipelining == true && client.pipeline(commands)
    if let first { _ = try client.completes(first.verb, first.argument) }
    let start = try client.execute("RNFR", old)
    if isTogether || start.category == .intermediate {
      let end = try client.execute("RNTO", new)
      if start.category == .intermediate {
        if end.category == .completion { return .done }
        if mindingDirectories, end.code != 421, try isDirectory(new) { return .blocked(end) }
        return end.category == .transient ? .postponed(end) : .refused
      }
    }
    return start.category == .transient ? .postponed(start) : .forbidden
  }

  /// Whether a path is that of a directory: some servers tell a size for one too.
  private func isDirectory(_ path: [UInt8]) throws -> Bool {
    if try client.features().has("MLST"), let reply = try client.completes("MLST", path),
      let type = MachineListingEntry(in: reply)?.value(of: "type")?.map(\.lowercased).text
    {
      return type != "file"
    }
    let home = try client.currentDirectory().flatMap { DirectoryPlace.leadsBack($0) ? $0 : nil }
    guard try client.completes("CWD", path) != nil else { return false }
    // Relative paths lead somewhere else from here on, unless it comes back: the next attempt then has a session of its own.
    if try home.flatMap({ try client.completes("CWD", $0) }) == nil { client.disconnect() }
    return true
  }
}
