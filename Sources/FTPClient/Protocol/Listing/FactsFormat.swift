/// The facts of `MLSD` (RFC 3659 section 7), which some servers also send for `LIST`.
///
///     modify=20150813175250;perm=adfr;size=951;type=file; welcome.msg
enum FactsFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    let facts = line.bytes.prefix { $0 != ASCII.space }
    guard facts.last == ASCII.semicolon, facts.count < line.bytes.count - 1,
      facts.dropLast().split(separator: ASCII.semicolon).allSatisfy({ $0.contains(ASCII.equals) })
    else { return nil }
    let entry = MachineListingEntry(line: line.bytes)
    return entry.value(of: "type") == nil ? nil : ListingEntry(entry)
  }
}
