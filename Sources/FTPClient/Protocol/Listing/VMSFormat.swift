/// OpenVMS: the name with its version, then in any order the size in blocks, the date, the owner, the protection.
///
///     README.TXT;4          2  18-APR-2000 10:40:39.90
///     CII-MANUAL.TEX;1  213/216  29-JAN-1996 03:33:12  [ANONYMOU,ANONYMOUS]   (RWED,RWED,,)
///     UNZIP_AND_ATTACH_FILES.COM;12
///                             14/15         24-JUL-2002 14:35:40  [TRANSLATED]    (RWE,RWE,RWE,RE)
///
/// A name that leaves no room stands on a line of its own.
enum VMSFormat {
  /// A block, in bytes.
  private static let block: UInt64 = 512

  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    guard line.count > 1, let name = Name(line[0]) else { return nil }
    var entry = name.entry
    // A file that may not be looked at: its name, and why.
    if line[1].first == UInt8(ascii: "%") || line[1].isWord("insufficient") && line[2].isWord("privilege") {
      return entry
    }
    var facts = Facts()
    var index = 1
    while index < line.count {
      guard let next = facts.read(line, index) else { return nil }
      index = next
    }
    guard let date = facts.date else { return nil }
    entry.modified = date.time(facts.clock)
    entry.size = facts.size
    entry.owner = facts.owner
    entry.group = facts.group
    entry.permissions = facts.protection
    return entry.modified == nil ? nil : entry
  }

  /// Whether a line is a name alone, to be followed by its facts on the next one.
  static func isWrappedName(_ line: ListingLine) -> Bool { line.count == 1 && Name(line[0]) != nil }

  /// `NAME.TYPE;VERSION`.
  private struct Name {
    let entry: ListingEntry

    init?(_ field: ArraySlice<UInt8>) {
      guard let semicolon = field.lastIndex(of: ASCII.semicolon), semicolon > field.startIndex,
        field[semicolon...].dropFirst().isDecimal
      else { return nil }
      let name = field[..<semicolon]
      let directory = Array(".dir".utf8)
      entry =
        name.suffix(directory.count).isWord(".dir") && name.count > directory.count
        ? ListingEntry(name: name.dropLast(directory.count), kind: .directory)
        : ListingEntry(name: field, kind: .file)
    }
  }

  /// What stands behind the name.
  private struct Facts {
    var date: CalendarDate?
    var clock: Clock?
    var size: UInt64?
    var owner: [UInt8]?
    var group: [UInt8]?
    var protection: [UInt8]?
    private var hasSize = false

    /// Takes what begins at a field; the number of the field behind it, or nil when it is nothing of VMS's.
    mutating func read(_ line: ListingLine, _ index: Int) -> Int? {
      let field = line[index]
      switch field.first {
      case UInt8(ascii: "["):
        guard owner == nil else { return nil }
        // `[GROUP,OWNER]`, `[ GROUP,OWNER ]`, or cut off before its `]`.
        let isClosed = (index..<line.count).first { line[$0].last == UInt8(ascii: "]") }
        let end = isClosed ?? index
        readOwner(line.text(index..<(end + 1)))
        return end + 1
      case UInt8(ascii: "("):
        guard protection == nil, field.last == UInt8(ascii: ")") else { return nil }
        let rights = field.dropFirst().dropLast()
        guard rights.allSatisfy(Array("RWED,rwed".utf8).contains) else { return nil }
        protection = Array(rights)
        return index + 1
      default:
        return readWord(line, index)
      }
    }

    private mutating func readWord(_ line: ListingLine, _ index: Int) -> Int? {
      let field = line[index]
      if let date = CalendarDate(dayMonthName: field) {
        guard self.date == nil, date.year >= 1858 else { return nil }
        self.date = date
        clock = Clock(line[index + 1])
        return index + (clock == nil ? 1 : 2)
      }
      if !hasSize, readSize(field) {
        hasSize = true
        return index + 1
      }
      // A user without brackets.
      guard owner == nil, field.first?.isLetter == true,
        field.allSatisfy({ $0.isLetter || $0.digit != nil || $0 == UInt8(ascii: "$") || $0 == UInt8(ascii: "_") })
      else { return nil }
      owner = Array(field)
      return index + 1
    }

    /// Blocks used, `/` and blocks allocated, or not; a size with a unit; stars where the column was too narrow.
    private mutating func readSize(_ field: ArraySlice<UInt8>) -> Bool {
      if !field.isEmpty, field.allSatisfy({ $0 == UInt8(ascii: "*") }) { return true }
      let parts = field.split(separator: ASCII.slash, omittingEmptySubsequences: false)
      guard let used = parts.first, parts.count <= 2, parts.dropFirst().allSatisfy(\.isDecimal) else { return false }
      if used.isDecimal {
        let (bytes, overflow) = (used.decimal() ?? .max).multipliedReportingOverflow(by: VMSFormat.block)
        size = overflow ? nil : bytes
        return true
      }
      guard parts.count == 1, let bytes = used.byteSize else { return false }
      size = bytes
      return true
    }

    private mutating func readOwner(_ text: ArraySlice<UInt8>) {
      let inside = text.dropFirst().trimmed
      let names = (inside.last == UInt8(ascii: "]") ? inside.dropLast() : inside).split(
        separator: ASCII.comma, maxSplits: 1, omittingEmptySubsequences: false)
      owner = names.last.map { Array($0.trimmed) }
      group = names.count == 2 ? names.first.map { Array($0.trimmed) } : nil
    }
  }
}
