/// The columns between the permissions and the size of a Unix line: links, owner, group, each of them or not.
struct UnixColumns {
  private var links: UInt64?
  private var owner: ArraySlice<UInt8> = []
  private var group: ArraySlice<UInt8> = []
  private var isCount = false

  init(_ line: ListingLine, _ columns: Range<Int>, size: UInt64?, mode: UnixMode) {
    // NetPresenz and WebStar: the resource fork, the data fork, and their sum for a size; `folder` and the number of
    // things in it.
    if columns.count == 1, line[columns.lowerBound].isWord("folder"), mode.kind == .directory {
      isCount = true
      return
    }
    if columns.count == 2, let resource = line[columns.lowerBound].decimal(), let size,
      let data = line[columns.lowerBound + 1].decimal(), resource.addingReportingOverflow(data) == (size, false)
    {
      return
    }
    var names = columns
    if mode.attachedLinks == nil, let count = line[columns.lowerBound].decimal(), !columns.isEmpty {
      links = count
      names = (columns.lowerBound + 1)..<columns.upperBound
    }
    guard names.count > 1 else {
      owner = line.text(names)
      return
    }
    // Both may hold blanks. Where two blanks or more stand at one place alone, they are the gap between the columns;
    // else the owner is taken to be one word.
    let gaps = names.dropFirst().filter { (line.column(of: $0) ?? 0) - line.end(of: $0 - 1) > 1 }
    let second = gaps.count == 1 ? gaps.first ?? names.lowerBound + 1 : names.lowerBound + 1
    owner = line.text(names.lowerBound..<second)
    group = line.text(second..<names.upperBound)
  }

  /// Sets what the columns say.
  func fill(_ entry: inout ListingEntry) {
    if isCount { entry.size = nil }
    if let links { entry.links = links }
    if !owner.isEmpty { entry.owner = Array(owner) }
    if !group.isEmpty { entry.group = Array(group) }
  }
}

extension ListingLine {
  /// The column after the end of a field.
  fileprivate func end(of index: Int) -> Int { (column(of: index) ?? 0) + self[index].count }
}
