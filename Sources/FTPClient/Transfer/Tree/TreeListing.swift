internal import Glibc

/// A name in a directory of the server, as a tree wants to know it.
struct RemoteItem {
  let name: [UInt8]
  fileprivate(set) var kind: ListingEntry.Kind
  let size: UInt64?
  /// Exact, or the server's local time.
  let modified: ListedTime?
  /// What tells the thing from all others, whatever its path.
  let unique: [UInt8]?

  enum ListedTime {
    case exact(FileStatus.Time)
    case listed(ListingTime)
  }

  init(_ entry: MachineListingEntry) {
    name = entry.name
    let facts = RemoteFacts(entry)
    (size, unique) = (facts.size, facts.unique)
    modified = facts.modified.map(ListedTime.exact)
    kind = ListingEntry(entry).kind
  }

  init(_ entry: ListingEntry) {
    (name, kind, size, unique) = (entry.name, entry.kind, entry.size, nil)
    modified = entry.modified.map(ListedTime.listed)
  }

  /// What is known of a file before it is transferred: nothing that is not exact.
  var facts: RemoteFacts? {
    guard let size else { return nil }
    if case .exact(let time) = modified { return RemoteFacts(size: size, modified: time, unique: unique) }
    return RemoteFacts(size: size)
  }
}

/// What a directory of the server holds.
struct RemoteDirectory {
  var items: [RemoteItem]
  /// What the server says when it has left out the rest.
  var truncation: FTPError?
  /// Why there may be more although the server has not said so: nothing is deleted then.
  var doubt: FTPError?
  /// What is wrong with lines that are not understood, and of which nothing is among the items.
  var malformation: FTPError?

  /// Throws what leaves it open whether these are all.
  func requireWhole() throws(FTPError) {
    if let reason = truncation ?? malformation ?? doubt { throw reason }
  }
}

/// Lists directories of a server for a tree, with a client that reconnects.
final class TreeListing {
  private let client: any TransferClient
  private var lacksMachineListing = false
  /// Whether the server's `MLSD` has called something a link.
  private var tellsLinks = false
  private var truncation: FTPError?
  private var doubt: FTPError?
  private var malformation: FTPError?
  private var refusesOptions = false
  /// Whether `LIST` has shown a name that begins with a dot.
  private var showsHidden = false
  /// Whether the session may be in another directory than it began in.
  private(set) var hasMoved = false

  init(_ client: any TransferClient) { self.client = client }

  /// The entries of a directory, by `MLSD`, or by `LIST` where that is unknown. `LIST` is asked from inside the
  /// directory, and leaves the session in there: paths must be absolute, or `home` says where to go back to.
  /// `isTop` is for a path that no listing has called a directory.
  func entries(of path: [UInt8], home: [UInt8]?, isTop: Bool) throws -> RemoteDirectory {
    (truncation, doubt, malformation) = (nil, nil, nil)
    if !lacksMachineListing {
      do {
        var items: [RemoteItem] = try lines("MLSD", path).compactMap { line in
          let entry = MachineListingEntry(line: line)
          return entry.isListedDirectory ? nil : RemoteItem(entry)
        }
        try tellLinks(among: &items, of: path, home)
        // aioftp lists nothing in what is a file.
        if isTop, items.isEmpty, !path.isEmpty { try requireDirectory(path, home) }
        return RemoteDirectory(items: items, truncation: truncation, doubt: doubt)
      } catch let error as FTPError {
        guard case .reply(let reply) = error.kind, reply.saysUnknownCommand else { throw error }
      }
    }
    let items = try listed(path, home)
    // It was not the path: 501 is also what MLSD says of one that is no directory (RFC 3659 section 7.2.1).
    lacksMachineListing = true
    let malformation = malformation.map {
      FTPError($0.kind, "\($0.message) (listing '\(path.text)' on \(client.server))")
    }
    return RemoteDirectory(items: items, truncation: truncation, doubt: doubt, malformation: malformation)
  }

  /// Servers whose `MLSD` says of a link that it is one.
  private static let tellingLinks = ["proftpd", "pure-ftpd"]

  /// Finds the links among what `MLSD` calls directories: pyftpdlib tells them by `LIST` alone.
  private func tellLinks(among items: inout [RemoteItem], of path: [UInt8], _ home: [UInt8]?) throws {
    guard items.contains(where: { $0.kind == .directory && TreeName.refusal($0.name) == nil }) else { return }
    if items.contains(where: { $0.kind == .link }) { tellsLinks = true }
    let welcome = client.welcome.lowercased()
    guard !tellsLinks, !Self.tellingLinks.contains(where: welcome.contains) else { return }
    do {
      let links = Set(try listed(path, home).filter { $0.kind == .link }.map(\.name))
      for index in items.indices where links.contains(items[index].name) { items[index].kind = .link }
    } catch let error as FTPError {
      switch error.kind {
      case .reply(let reply) where Self.isRefusal(reply): return
      default: throw error
      }
    }
  }

  /// Whether a `LIST` is refused for what it asks for: 450 is that there is no such file. Other 4yz concern this one time, and it is asked again.
  private static func isRefusal(_ reply: Reply) -> Bool {
    reply.category == .permanent || reply.code == 450
  }

  private func listed(_ path: [UInt8], _ home: [UInt8]?) throws -> [RemoteItem] {
    if !path.isEmpty { try enter(path) }
    defer { if let home, !path.isEmpty { client.trying { try enter(home) } } }
    // vsftpd and others leave names with a dot out of a plain LIST. Some take the option for a name: of a file that is
    // not there, or of no file.
    var isRefused = false
    if !refusesOptions {
      do {
        let items = try listed("-a")
        if !items.isEmpty || showsHidden { return items }
      } catch let error as FTPError {
        switch error.kind {
        case .reply(let reply) where Self.isRefusal(reply): isRefused = true
        default: throw error
        }
      }
    }
    let items = try listed("")
    // Where that is refused as well it was for the directory, and not for the option.
    if isRefused || !items.isEmpty { refusesOptions = true }
    return items
  }

  /// Throws unless the session can change into a path; it comes back.
  private func requireDirectory(_ path: [UInt8], _ home: [UInt8]?) throws {
    try enter(path)
    if let home { client.trying { try enter(home) } }
  }

  /// Whether the server lets the session change into a path, where it is then.
  func changes(into path: [UInt8]) throws -> Bool {
    guard try client.completes("CWD", path) != nil else { return false }
    hasMoved = true
    return true
  }

  private func enter(_ path: [UInt8]) throws {
    let reply = try client.execute("CWD", path)
    guard reply.category == .completion else { throw FTPError(unexpected: reply) }
    hasMoved = true
  }

  private func listed(_ options: String) throws -> [RemoteItem] {
    var parser = ListingParser(now: Int64(time(nil)))
    var items: [RemoteItem] = []
    // A name with a line's end is several lines, and a program's complaint may be among them.
    malformation = nil
    func append(_ lines: [ListingParser.Line]) {
      for line in lines {
        switch line {
        case .heading: continue
        case .entry(let entry):
          let isSelf = entry.name.isDotOrDotDot
          if entry.name.first == UInt8(ascii: "."), !isSelf || !options.isEmpty { showsHidden = true }
          if !isSelf { items.append(RemoteItem(entry)) }
        case .raw(let bytes):
          malformation =
            malformation ?? FTPError(.malformed, "the listing has a line in no known format: \(bytes.text)")
        }
      }
    }
    do {
      for line in try lines("LIST", Array(options.utf8)) { append(parser.append(line)) }
    } catch let error as FTPError {
      guard options.isEmpty, case .reply(let reply) = error.kind, reply.saysEmptyDirectory else { throw error }
    }
    append(parser.finish())
    return items
  }

  /// The lines of a listing, without their ends.
  private func lines(_ verb: String, _ path: [UInt8]) throws -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var rest: [UInt8] = []
    var size = ListingSize()
    let transfer = try client.begin(verb, path, from: 0)
    let reply: Reply?
    do {
      try transfer.run { data in
        try data.receive(blockSize: DataTransfer.largestRead) { block in
          let known = lines.count
          rest.append(contentsOf: block)
          var start = rest.startIndex
          while let end = rest[start...].firstIndex(of: ASCII.lineFeed) {
            lines.append(Self.withoutReturn(rest[start..<end]))
            start = end + 1
          }
          rest.removeFirst(start - rest.startIndex)
          try size.add(block.count, lines: lines.count - known)
          guard rest.count <= Limits.line else { throw FTPError(longerThan: Limits.line) }
        }
      }
      reply = try transfer.end()
    } catch { throw transfer.breakOff(after: error) }
    if let refusal = reply?.refusalOfListing { throw refusal }
    // Pure-FTPd: "226-Output truncated to 10000 matches".
    if let reply, reply.bytes.map(\.lowercased).text.contains("truncated") {
      truncation = FTPError(.state, "the server lists a part of the directory alone: \(reply.text)")
    }
    if !rest.isEmpty {
      // Some servers' last line may have no end; or it was cut, in the middle of a name.
      doubt = FTPError(
        .state, "the listing's last line has no end: there may be more than the server was heard to list")
      lines.append(Self.withoutReturn(rest[...]))
    }
    if transfer.endedWithoutNotice { doubt = FTPError(withoutCloseNotify: client.server) }
    return lines.filter { !$0.isEmpty }
  }

  private static func withoutReturn(_ line: ArraySlice<UInt8>) -> [UInt8] {
    Array(line.last == ASCII.carriageReturn ? line.dropLast() : line)
  }
}
