/// VanDyke VShell: the size, the date in words, the name, with a `/` behind that of a directory.
///
///     206876  Apr 04, 2000 21:06 NAME
enum VShellFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    guard let size = line[0].decimal(), line[2].last == ASCII.comma, let date = line.date(at: 1, context),
      var name = line.name(after: date)
    else { return nil }
    let isDirectory = name.count > 1 && name.last == ASCII.slash
    if isDirectory { name = name.dropLast() }
    var entry = ListingEntry(name: name, kind: isDirectory ? .directory : .file)
    entry.size = size
    entry.modified = date.time
    return entry
  }
}
