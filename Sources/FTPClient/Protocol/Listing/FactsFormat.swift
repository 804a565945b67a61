/// The facts of `MLSD` (RFC 3659 section 7), which some servers also send for `LIST`.
///
///     modify=20150813175250;perm=adfr;size=951;type=file; welcome.msg
///
/// Servers older than the RFC leave out the last semicolon, or have a tab before the name.
enum FactsFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    let facts = line.bytes.prefix { !$0.isBlank }
    let name = line.bytes[facts.endIndex...].dropFirst()
    let isEnded = facts.last == ASCII.semicolon
    guard !name.isEmpty,
      (isEnded ? facts.dropLast() : facts).split(separator: ASCII.semicolon).allSatisfy({ $0.contains(ASCII.equals) })
    else { return nil }
    let entry = MachineListingEntry(line: facts + (isEnded ? [] : [ASCII.semicolon]) + [ASCII.space] + name)
    guard let type = entry.value(of: "type"), isEnded || ["file", "dir", "cdir", "pdir"].contains(where: type.isWord)
    else { return nil }
    return ListingEntry(entry)
  }
}
