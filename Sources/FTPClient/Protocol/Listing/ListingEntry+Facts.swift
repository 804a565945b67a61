/// The facts of `MLSD` for an entry of `LIST`, and the other way round (RFC 3659 section 7.5).

extension ListingEntry {
  /// What is known, as facts: names in lower case, values as a server would send them.
  ///
  /// - `type`: `file`, `dir`, `OS.unix=slink:TARGET` (`OS.unix=slink` without a target), `OS.unix=chr-MAJOR/MINOR`,
  ///   `OS.unix=blk-MAJOR/MINOR`: the spelling of RFC 3659's own examples (section 7.7.4), which ProFTPD and others
  ///   send; `OS.unix=pipe` and `OS.unix=socket` in the same manner. Absent when the kind is `other` and no Unix mode
  ///   says more.
  /// - `size`: bytes, in decimal.
  /// - `modify`: `YYYYMMDDhhmmss`; what the listing does not say is 00, so that a date alone is its midnight. RFC 3659
  ///   has UTC here; the time of a `LIST` line is the server's local one, unless `modified.isUTC`.
  /// - `unix.mode`: four octal digits. `unix.owner`, `unix.group`: as listed, names or numbers.
  public var facts: [(name: String, value: [UInt8])] {
    var facts: [(name: String, value: [UInt8])] = []
    func add(_ name: String, _ value: [UInt8]?) {
      if let value { facts.append((name, value)) }
    }
    add("type", typeFact)
    add("size", size.map { Array(String($0).utf8) })
    add("modify", modified?.timestamp)
    add(
      "unix.mode",
      mode.map { mode in
        let digits = Array(String(mode, radix: 8).utf8)
        return Array(repeating: UInt8(ascii: "0"), count: max(0, 4 - digits.count)) + digits
      })
    add("unix.owner", owner)
    add("unix.group", group)
    return facts
  }

  private var typeFact: [UInt8]? {
    let numbers = device.map { Array("-\($0.major)/\($0.minor)".utf8) } ?? []
    switch kind {
    case .file: return Array("file".utf8)
    case .directory: return Array("dir".utf8)
    case .link: return Array("OS.unix=slink".utf8) + (target.map { [UInt8(ascii: ":")] + $0 } ?? [])
    case .other:
      switch permissions?.first {
      case UInt8(ascii: "c"): return Array("OS.unix=chr".utf8) + numbers
      case UInt8(ascii: "b"): return Array("OS.unix=blk".utf8) + numbers
      case UInt8(ascii: "p"): return Array("OS.unix=pipe".utf8)
      case UInt8(ascii: "s"): return Array("OS.unix=socket".utf8)
      default: return nil
      }
    }
  }

  /// The entry of a line of `MLSD`. The listed directory itself (`cdir`) and its parent (`pdir`) are directories; a
  /// missing `type` is `other`. Times are in UTC, to the second.
  public init(_ entry: MachineListingEntry) {
    let type = entry.value(of: "type") ?? []
    let lowered = type.map(\.lowercased)
    let slink = Array("os.unix=slink".utf8)
    let kind: Kind
    switch lowered.text {
    case "file": kind = .file
    case "dir", "cdir", "pdir": kind = .directory
    case "os.unix=symlink": kind = .link
    default: kind = lowered.starts(with: slink) ? .link : .other
    }
    self.init(name: entry.name, kind: kind)
    if kind == .link {
      let rest = type.dropFirst(slink.count)
      if lowered.starts(with: slink), rest.first == UInt8(ascii: ":") { target = Array(rest.dropFirst()) }
    }
    size = entry.value(of: "size")?.decimal()
    modified = entry.value(of: "modify").flatMap(FileStatus.Time.init).flatMap {
      ListingTime(
        year: $0.year, month: $0.month, day: $0.day, hour: $0.hour, minute: $0.minute, second: $0.second, isUTC: true)
    }
    if let octal = entry.value(of: "unix.mode") { mode = octal.octal().map { UInt16($0 & 0o7777) } }
    owner = entry.value(of: "unix.owner") ?? entry.value(of: "unix.uid")
    group = entry.value(of: "unix.group") ?? entry.value(of: "unix.gid")
  }
}
