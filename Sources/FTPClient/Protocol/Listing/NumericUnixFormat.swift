/// Unix with numbers for everything: mode in octal, user, group, size, seconds since 1970.
///
///     0100644   500  101   12345    123456789       NAME
enum NumericUnixFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    guard (6...7).contains(line[0].count), let mode = line[0].octal(), mode <= 0o177777,
      line[1].isDecimal, line[2].isDecimal, let size = line[3].decimal(),
      let seconds = line[4].decimal(limit: UInt64(ListingTime.representable.upperBound))
    else { return nil }
    let name = line.trimmedRest(after: 4)
    guard !name.isEmpty else { return nil }
    // The type of a file, as in stat.h.
    let kind: ListingEntry.Kind =
      switch mode & 0o170000 {
      case 0o040000: .directory
      case 0o100000: .file
      case 0o120000: .link
      default: .other
      }
    var entry = ListingEntry(name: name, kind: kind)
    entry.permissions = Array(line[0])
    entry.mode = UInt16(mode & 0o7777)
    entry.owner = Array(line[1])
    entry.group = Array(line[2])
    entry.size = size
    entry.modified = ListingTime(seconds: Int64(seconds), precision: .second, isUTC: true)
    return entry
  }
}
