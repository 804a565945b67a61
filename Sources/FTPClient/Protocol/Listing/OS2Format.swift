/// OS/2: the size, `DIR` and attributes in any order, the date with its year since 1900, the time.
///
///     36611      A    04-23-103  10:57  NAME
///         0 DIR       02-11-103  16:15  NAME
enum OS2Format {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    guard let size = line[0].decimal() else { return nil }
    var isDirectory = false
    var index = 1
    // At most `DIR` and one group of attributes (archive, read-only, hidden, system).
    while index < 3, let first = line[index].first, first.isLetter {
      if line[index].isWord("dir") {
        isDirectory = true
      } else if !(1...4).contains(line[index].count) || !line[index].allSatisfy(Array("ARHS".utf8).contains) {
        return nil
      }
      index += 1
    }
    guard index > 1, let date = CalendarDate(numbers: line[index], order: context.dateOrder),
      let clock = Clock(line[index + 1]), let time = date.time(clock)
    else { return nil }
    // Two blanks stand before the name.
    let rest = line.rest(after: index + 1)
    let name = rest.first == ASCII.space ? rest.dropFirst() : rest
    guard !name.isEmpty else { return nil }
    var entry = ListingEntry(name: name, kind: isDirectory ? .directory : .file)
    entry.size = size
    entry.modified = time
    return entry
  }
}
