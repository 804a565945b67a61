/// z/VM: name, type, format of the records, their length and number, blocks, date and time, the disk.
///
///     ENDTRACE TCPIP    F        80        1        1 1999-07-28 12:24:01 TCM191
///     SUBDIR   DIR      -         -        -        - 2003-02-11 16:15:00 -
enum ZVMFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    let isDirectory = line[1].isWord("dir") && line[2].isWord("-")
    guard (8...9).contains(line.count), let date = CalendarDate(yearFirst: line[6]), let clock = Clock(line[7]),
      let time = date.time(clock), isDirectory || line[2].isWord("f") || line[2].isWord("v")
    else { return nil }
    for column in 3...5 where !(line[column].isDecimal || isDirectory && line[column].isWord("-")) { return nil }
    var entry = ListingEntry(name: line[0], kind: isDirectory ? .directory : .file)
    if !isDirectory { entry.name += [ASCII.dot] + line[1] }
    // The length is that of every record when it is fixed, that of the longest otherwise.
    if line[2].isWord("f"), let length = line[3].decimal(), let records = line[4].decimal() {
      let (size, overflow) = length.multipliedReportingOverflow(by: records)
      entry.size = overflow ? nil : size
    }
    entry.modified = time
    if !line[8].isEmpty, !line[8].isWord("-") { entry.owner = Array(line[8]) }
    return entry
  }
}
