/// Microware OS-9: group and user, year/month/day, hour and minute, attributes, the first sector, the size.
///
///     20.20 07/03/29 1026 d-ewrewr 2650 85920 NAME
enum OS9Format {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    let owner = line[0].split(separator: ASCII.dot, omittingEmptySubsequences: false)
    let attributes = line[3]
    guard owner.count == 2, owner.allSatisfy(\.isDecimal), line[2].count == 4, attributes.count == 8,
      attributes.allSatisfy(Array("dsewrDSEWR-".utf8).contains), line[4].hexadecimal() != nil,
      let size = line[5].decimal(), let hour = line[2].prefix(2).number(in: 0...23),
      let minute = line[2].suffix(2).number(in: 0...59),
      let date = CalendarDate(numbers: line[1], order: context.dateOrder ?? .yearMonthDay),
      let time = ListingTime(year: date.year, month: date.month, day: date.day, hour: hour, minute: minute)
    else { return nil }
    let name = line.trimmedRest(after: 5)
    guard !name.isEmpty else { return nil }
    let isDirectory = attributes.first?.lowercased == UInt8(ascii: "d")
    var entry = ListingEntry(name: name, kind: isDirectory ? .directory : .file)
    entry.group = owner.first.map { Array($0) }
    entry.owner = owner.last.map { Array($0) }
    entry.permissions = Array(attributes)
    entry.size = size
    entry.modified = time
    return entry
  }
}
