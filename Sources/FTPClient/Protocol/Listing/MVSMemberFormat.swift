/// z/OS: the members of a partitioned data set, and of a load library.
///
///      Name     VV.MM   Created       Changed      Size  Init   Mod   Id
///     TBSHELF1  01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001
///
///      Name      Size     TTR   Alias-of AC --------- Attributes --------- Amode Rmode
///     EAGRTPRC  005F48   000011 EAGRTALT 00 FO             RN RU            31    ANY
///
/// The size of a member is counted in records, and left out; that of a load module in bytes.
enum MVSMemberFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    member(line) ?? loadModule(line)
  }

  /// A name alone, below a heading: a member without statistics.
  static func bareName(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    guard case .members? = context.section, line.count == 1, line.last.last != ASCII.colon else { return nil }
    return ListingEntry(name: line[0], kind: .file)
  }

  private static func member(_ line: ListingLine) -> ListingEntry? {
    let version = line[1].split(separator: ASCII.dot, omittingEmptySubsequences: false)
    guard (8...9).contains(line.count), version.count == 2,
      version.allSatisfy({ $0.count == 2 && $0.isDecimal }), CalendarDate(yearFirst: line[2]) != nil,
      let date = CalendarDate(yearFirst: line[3]), let clock = Clock(line[4]), let time = date.time(clock),
      line[5].isDecimal, line[6].isDecimal, line[7].isDecimal
    else { return nil }
    var entry = ListingEntry(name: line[0], kind: .file)
    entry.modified = time
    if !line[8].isEmpty { entry.owner = Array(line[8]) }
    return entry
  }

  private static func loadModule(_ line: ListingLine) -> ListingEntry? {
    let modes = ["24", "31", "64", "any", "split"]
    guard line.count >= 5, line[1].count == 6, let size = line[1].hexadecimal(), line[2].count == 6,
      line[2].hexadecimal() != nil, modes.contains(where: line.last.isWord),
      line[3].count == 2 && line[3].isDecimal || line[4].count == 2 && line[4].isDecimal
    else { return nil }
    var entry = ListingEntry(name: line[0], kind: .file)
    entry.size = size
    return entry
  }
}
