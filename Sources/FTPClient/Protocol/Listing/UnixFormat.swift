/// `ls -l`, and every server that imitates it (Windows servers, NetPresenz and WebStar on the Mac, OS/400, z/OS).
///
///     -rw-r--r--   1 root     other        531 Jan 29 03:26 README
///     lrwxrwxrwx   1 root     other          7 Jan 25 00:17 bin -> usr/bin
///     crw-r----- 1 root kmem 0, 27 Jan 30 11:42 kmem
///     -------r--         326  1391972  1392298 Nov 22  1995 MegaPhone.sit
///
/// Between the permissions and the size stand, each of them or not: the count of links, the owner, the group.
enum UnixFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    // `ls -i` and `ls -s` write an inode and a count of blocks first.
    var first = 0
    while first < 2, line[first].isDecimal { first += 1 }
    guard let mode = UnixMode(line[first]) else { return nil }
    return dated(line, mode, at: first, context) ?? attachedSize(line, mode, at: first, context)
      ?? dateless(line, mode, at: first)
  }

  /// The columns of a line with a size and a date.
  private static func dated(
    _ line: ListingLine, _ mode: UnixMode, at first: Int, _ context: ListingContext
  ) -> ListingEntry? {
    let found = line.datedSize(from: first + 1, context) { field in
      field.byteSize != nil || isNegative(field) || mode.isDevice && DeviceColumn.isMinor(field)
    }
    guard let found, let name = line.name(after: found.date) else { return nil }
    var entry = entry(name, mode)
    entry.modified = found.date.time
    var columns = (first + 1)..<found.size
    if mode.isDevice, let device = DeviceColumn(line, last: found.size) {
      entry.device = device.numbers
      columns = (first + 1)..<max(first + 1, device.first)
    } else {
      entry.size = line[found.size].byteSize
    }
    UnixColumns(line, columns, size: entry.size, mode: mode).fill(&entry)
    if mode.kind == .link { splitLink(&entry) }
    return entry
  }

  /// Whether a size is one that the server has no numbers for (32 bits): it is left out.
  private static func isNegative(_ field: ArraySlice<UInt8>) -> Bool {
    field.first == ASCII.hyphen && field.dropFirst().isDecimal
  }

  /// A size that the group left no room for: `longowner longgroup123456 Feb 12 17:20`.
  private static func attachedSize(
    _ line: ListingLine, _ mode: UnixMode, at first: Int, _ context: ListingContext
  ) -> ListingEntry? {
    let found = line.datedSize(from: first + 1, context) { field in
      field.last?.digit != nil && field.first?.digit == nil
    }
    guard let found, let name = line.name(after: found.date) else { return nil }
    let field = line[found.size]
    let digits = field.reversed().prefix { $0.digit != nil }.count
    let group = field.dropLast(digits)
    var entry = entry(name, mode)
    entry.modified = found.date.time
    entry.size = field.suffix(digits).decimal()
    UnixColumns(line, (first + 1)..<found.size, size: nil, mode: mode).fill(&entry)
    if entry.owner == nil { entry.owner = Array(group) } else { entry.group = Array(group) }
    return entry
  }

  /// `drwxr-xr-x 3 slopri devlab 512 name`: four columns and no date. What looks like a broken date is no name.
  private static func dateless(_ line: ListingLine, _ mode: UnixMode, at first: Int) -> ListingEntry? {
    guard line[first + 1].isDecimal, !line[first + 2].isEmpty, !line[first + 3].isEmpty,
      let size = line[first + 4].decimal()
    else { return nil }
    let name = line.trimmedRest(after: first + 4)
    guard !name.isEmpty, MonthNames.month(line[first + 5]) == nil,
      line[first + 6].number(in: 1...31) == nil || line[first + 7].count != 4 || !line[first + 7].isDecimal,
      !((first + 5)..<max(first + 5, line.count)).contains(where: { isTimeLike(line[$0]) })
    else { return nil }
    var entry = entry(name, mode)
    entry.size = size
    UnixColumns(line, (first + 1)..<(first + 4), size: size, mode: mode).fill(&entry)
    if mode.kind == .link { splitLink(&entry) }
    return entry
  }

  private static func isTimeLike(_ field: ArraySlice<UInt8>) -> Bool {
    let parts = field.split(separator: ASCII.colon, omittingEmptySubsequences: false)
    return parts.count > 1 && parts.allSatisfy(\.isDecimal)
  }

  private static func entry(_ name: ArraySlice<UInt8>, _ mode: UnixMode) -> ListingEntry {
    var entry = ListingEntry(name: name, kind: mode.kind)
    entry.permissions = Array(mode.text)
    entry.mode = mode.bits
    entry.links = mode.attachedLinks
    return entry
  }

  /// Cuts `name -> target`. Either may hold an arrow itself; the size of a link is the length of its target, and says
  /// which arrow it is. Without that, the first.
  private static func splitLink(_ entry: inout ListingEntry) {
    let arrow = Array(" -> ".utf8)
    let text = entry.name
    guard text.count > arrow.count else { return }
    let places = (1...(text.count - arrow.count)).filter { text[$0...].starts(with: arrow) }
    let place = places.first { UInt64(text.count - arrow.count - $0) == entry.size } ?? places.first
    guard let place else { return }
    entry.name = Array(text[..<place])
    entry.target = Array(text[(place + arrow.count)...])
  }
}

/// The numbers of a device: `0, 27`, `109,767`, on BSD also `0x1a2b`.
private struct DeviceColumn {
  let first: Int
  let numbers: ListingEntry.Device?

  /// Whether a field may be the last one of a device's numbers.
  static func isMinor(_ field: ArraySlice<UInt8>) -> Bool {
    field.isDecimal || field.starts(with: Array("0x".utf8)) && field.dropFirst(2).hexadecimal() != nil
      || pair(field) != nil
  }

  /// The numbers that end at a field; nil when a plain size stands there.
  init?(_ line: ListingLine, last: Int) {
    let field = line[last]
    if let pair = Self.pair(field) {
      first = last
      numbers = pair
    } else if line[last - 1].last == ASCII.comma {
      first = last - 1
      let major = line[last - 1].dropLast().decimal()
      let minor = field.decimal() ?? field.dropFirst(2).hexadecimal()
      numbers = major.flatMap { major in minor.map { ListingEntry.Device(major: major, minor: $0) } }
    } else if field.isDecimal {
      return nil
    } else {
      first = last
      numbers = nil
    }
  }

  private static func pair(_ field: ArraySlice<UInt8>) -> ListingEntry.Device? {
    let parts = field.split(separator: ASCII.comma, omittingEmptySubsequences: false)
    guard parts.count == 2, let major = parts.first?.decimal(), let minor = parts.last?.decimal() else { return nil }
    return ListingEntry.Device(major: major, minor: minor)
  }
}
