/// `dir`: Windows NT and IIS, Windows CE, and what imitates them.
///
///     04-27-00  09:09PM       <DIR>          licensed
///     04-14-00  03:47PM                  589 readme.htm
///     2002-09-02  19:06                9,730 NAME
///     07/14/2009  07:08 AM    <JUNCTION>     Documents and Settings [C:\Users]
enum DOSFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    let day = CalendarDate(yearFirst: line[0]) ?? CalendarDate(numbers: line[0], order: context.dateOrder)
    guard let day, var clock = Clock(line[1]) else { return nil }
    var column = 2
    if let half = Clock.Half(line[2]) {
      guard clock.apply(half) else { return nil }
      column = 3
    }
    guard let time = day.time(clock) else { return nil }
    var entry =
      line[column].first == UInt8(ascii: "<")
      ? marked(line, column) : line[column].byteSize.flatMap { sized($0, line.rest(after: column)) }
    entry?.modified = time
    return entry
  }

  /// A file: one blank stands between size and name.
  private static func sized(_ size: UInt64, _ name: ArraySlice<UInt8>) -> ListingEntry? {
    guard !name.isEmpty else { return nil }
    var entry = ListingEntry(name: name, kind: .file)
    entry.size = size
    return entry
  }

  /// The width of a mark such as `<DIR>` with its padding.
  private static let markWidth = 15

  /// A directory or a link: a mark, padded so that names stand under each other.
  private static func marked(_ line: ListingLine, _ column: Int) -> ListingEntry? {
    let marks: [(text: String, kind: ListingEntry.Kind)] = [
      ("<dir>", .directory), ("<junction>", .link), ("<symlink>", .link), ("<symlinkd>", .link),
    ]
    guard let kind = marks.first(where: { line[column].isWord($0.text) })?.kind else { return nil }
    let padding = max(0, markWidth - line[column].count)
    let rest = line.rest(after: column)
    let blanks = rest.prefix { $0 == ASCII.space }.count + 1
    let name = blanks > padding ? rest.dropFirst(padding - 1) : line.trimmedRest(after: column)
    guard !name.isEmpty, !name.allSatisfy(\.isBlank) else { return nil }
    var entry = ListingEntry(name: name, kind: kind)
    if kind == .link { splitTarget(&entry) }
    return entry
  }

  /// Cuts `name [target]`.
  private static func splitTarget(_ entry: inout ListingEntry) {
    let bracket = Array(" [".utf8)
    guard entry.name.last == UInt8(ascii: "]"),
      let place = entry.name.indices.first(where: { $0 > 0 && entry.name[$0...].starts(with: bracket) })
    else { return }
    entry.target = Array(entry.name[place...].dropFirst(bracket.count).dropLast())
    entry.name = Array(entry.name[..<place])
  }
}
