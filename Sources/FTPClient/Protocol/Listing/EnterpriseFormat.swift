/// Sterling Connect:Enterprise for Unix: flags, the format of the data, who sent it, a batch number.
///
///     -C--E-----FTP B BCC3I1       7670  1294495 Jan 13 07:42 NAME
enum EnterpriseFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    let flags = line[0]
    guard flags.count == 13, flags.first == ASCII.hyphen,
      flags.prefix(10).allSatisfy({ $0 == ASCII.hyphen || isUpper($0) }), flags.suffix(3).allSatisfy(isUpper),
      line[1].count == 1, let found = line.datedSize(from: 3, context, isSize: \.isDecimal), found.size == 4,
      let name = line.name(after: found.date)
    else { return nil }
    var entry = ListingEntry(name: name, kind: .file)
    entry.permissions = Array(flags)
    entry.owner = Array(line[2])
    entry.group = Array(line[3])
    entry.size = line[found.size].decimal()
    entry.modified = found.date.time
    return entry
  }

  private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
}
