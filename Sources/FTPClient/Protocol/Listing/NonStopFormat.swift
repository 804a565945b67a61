/// HP NonStop, once Tandem: the name, a code, the size, the date, the owner as numbers of group and user, the security.
///
///     FILE1        101            16354 18-Mar-14 15:09:12 244, 10 "nnnn"
enum NonStopFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    // The code may be followed by a letter for the format of the file.
    let code = line[1].last?.isLetter == true ? line[1].dropLast() : line[1]
    guard code.isDecimal, let size = line[2].decimal(), let date = CalendarDate(dayMonthName: line[3]),
      let clock = Clock(line[4]), clock.second != nil, let time = date.time(clock)
    else { return nil }
    // `255,255`, or with a blank behind the comma.
    let isSplit = line[5].last == ASCII.comma
    let owner = isSplit ? line[5] + line[6] : line[5]
    let numbers = owner.split(separator: ASCII.comma, omittingEmptySubsequences: false)
    let security = line[isSplit ? 7 : 6]
    guard numbers.count == 2, numbers.allSatisfy(\.isDecimal), line.count <= (isSplit ? 8 : 7) else { return nil }
    var entry = ListingEntry(name: line[0], kind: .file)
    entry.size = size
    entry.modified = time
    entry.group = numbers.first.map { Array($0) }
    entry.owner = numbers.last.map { Array($0) }
    let quote = UInt8(ascii: "\"")
    if !security.isEmpty {
      guard security.count > 2, security.first == quote, security.last == quote else { return nil }
      entry.permissions = Array(security.dropFirst().dropLast())
    }
    return entry
  }
}
