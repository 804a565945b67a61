/// VxWorks, in routers of Nortel and elsewhere: the size, the date, the time, the name, `<DIR>` behind a directory.
///
///     2048    Feb-28-1998  05:23:30   NAME <DIR>
enum VxWorksFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    guard let size = line[0].decimal(), let date = CalendarDate(monthNameDay: line[1]), let clock = Clock(line[2]),
      let time = date.time(clock)
    else { return nil }
    let isDirectory = line.last.isWord("<dir>")
    let name = isDirectory ? line.text(3..<max(3, line.count - 1)) : line.trimmedRest(after: 2)
    guard !name.isEmpty else { return nil }
    var entry = ListingEntry(name: name, kind: isDirectory ? .directory : .file)
    entry.size = size
    entry.modified = time
    return entry
  }
}

/// The wfFtp of Nortel's routers: the name, the size, month/day/year, the day of the week, the time.
///
///     NAME       1014196  06/03/04  Thur.   10:20:03
enum NortelFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    let weekday = line[3].last == ASCII.dot ? line[3].dropLast() : line[3]
    guard line.count == 5, let size = line[1].decimal(), (2...9).contains(weekday.count),
      weekday.allSatisfy(\.isLetter), let date = CalendarDate(numbers: line[2], order: context.dateOrder),
      let clock = Clock(line[4]), let time = date.time(clock)
    else { return nil }
    var entry = ListingEntry(name: line[0], kind: .file)
    entry.size = size
    entry.modified = time
    return entry
  }
}
