/// Novell NetWare: the rights of the user who asks, the owner, the size.
///
///     d [RWCEAFMS] supervisor            512       Jan 16 18:53    login
enum NetWareFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    let rights = line[1]
    let isDirectory = line[0].isWord("d")
    guard isDirectory || line[0].elementsEqual("-".utf8), rights.count == 10,
      rights.first == UInt8(ascii: "["), rights.last == UInt8(ascii: "]"),
      rights.dropFirst().dropLast().allSatisfy({ $0.isLetter || $0 == ASCII.hyphen }),
      let found = line.datedSize(from: 2, context, isSize: { $0.byteSize != nil })
    else { return nil }
    let name = line.trimmedRest(after: found.date.last)
    guard !name.isEmpty else { return nil }
    var entry = ListingEntry(name: name, kind: isDirectory ? .directory : .file)
    entry.permissions = Array(rights)
    entry.size = line[found.size].byteSize
    entry.modified = found.date.time
    if found.size > 2 { entry.owner = Array(line.text(2..<found.size)) }
    return entry
  }
}
