/// OS/400, now IBM i: the owner, the size, the date in the order that the job has, the time, the type of object.
///
///     QSYS            77824 02/23/00 15:09:55 *DIR       NAME/
///     QPGMR           36864 18.09.06 14:21:26 *FILE      NAME.FILE
///     QPGMR                                   *MEM       NAME.FILE/NAME.MBR
enum OS400Format {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    let isDated = line[1].first != UInt8(ascii: "*")
    let typeColumn = isDated ? 4 : 1
    let type = line[typeColumn]
    guard type.first == UInt8(ascii: "*"), type.count > 1,
      type.dropFirst().allSatisfy({ $0.isLetter || $0.digit != nil })
    else { return nil }
    var name = line.trimmedRest(after: typeColumn)
    guard !name.isEmpty else { return nil }
    let isDirectory =
      ["*dir", "*ddir", "*lib", "*flr"].contains(where: type.isWord) || name.count > 1 && name.last == ASCII.slash
    if isDirectory, name.count > 1, name.last == ASCII.slash { name = name.dropLast() }
    var entry = ListingEntry(name: name, kind: isDirectory ? .directory : type.isWord("*symlnk") ? .link : .file)
    entry.owner = Array(line[0])
    if isDated {
      guard let size = line[1].byteSize, let time = time(line, context) else { return nil }
      entry.size = size
      entry.modified = time
    } else if !type.isWord("*mem") {
      return nil
    }
    return entry
  }

  private static func time(_ line: ListingLine, _ context: ListingContext) -> ListingTime? {
    guard let date = CalendarDate(numbers: line[2], order: context.dateOrder), let clock = Clock(line[3]) else {
      return nil
    }
    return date.time(clock)
  }
}
