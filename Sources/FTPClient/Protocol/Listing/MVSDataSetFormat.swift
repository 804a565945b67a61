/// z/OS, once MVS: data sets.
///
///     Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname
///     FPFS49 3390   2004/06/23  1    1  FB     128  6144  PO-E  INCOMING.RPTBM026.D061704
///     TSO004 3390                                        VSAM 'SYS1.VVDS.VTSO004'
///     V43525 Tape                                             SOME.FILE
///     Migrated                                                OTHER.FILE
///
/// The size is given in tracks, the date is that of the last use: neither is a size in bytes or a time of change, and
/// an entry has none.
enum MVSDataSetFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    status(line) ?? attributes(line)
  }

  /// A line below the heading that fits nothing else: the heading says in which column the name begins, and whatever
  /// stands before it is why there are no attributes.
  static func entryByColumn(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    // The title itself stands one column to the right of the names, but not with `SITE LISTLEVEL=2`.
    guard case .dataSets(let title)? = context.section, line.count > 1, line.bytes.first?.isBlank == false,
      let column = line.column(of: line.count - 1), title - column == 0 || title - column == 1
    else { return nil }
    return ListingEntry(name: line.last, kind: .file)
  }

  /// Words instead of attributes, whether or not a heading came before.
  private static func status(_ line: ListingLine) -> ListingEntry? {
    if line.count == 2, line[0].isWord("migrated") { return ListingEntry(name: line[1], kind: .file) }
    if line.count == 3, line[0].isWord("pseudo"), line[1].isWord("directory") {
      return ListingEntry(name: line[2], kind: .directory)
    }
    if line.count == 3, isVolume(line[0]), line[1].isWord("tape") { return ListingEntry(name: line[2], kind: .file) }
    return nil
  }

  private static func attributes(_ line: ListingLine) -> ListingEntry? {
    guard isVolume(line[0]), line.count > 2 else { return nil }
    let organization = line[line.count - 2]
    guard let kind = kind(organization) else { return nil }
    // `SITE LISTLEVEL=2` leaves out the unit.
    let date = isReferred(line[1]) ? 1 : 2
    guard date == 1 || isUnit(line[1]) else { return nil }
    // Above nothing but the organization; else extents, tracks (which may run together: `1+++++`), format, lengths.
    guard line.count == date + 2 || isReferred(line[date]) && (date + 4...date + 9).contains(line.count) else {
      return nil
    }
    return ListingEntry(name: line.last, kind: kind)
  }

  /// What a `Dsorg` stands for. A partitioned data set is a directory of members.
  private static func kind(_ organization: ArraySlice<UInt8>) -> ListingEntry.Kind? {
    switch organization.map(\.lowercased).text {
    case "po", "po-e", "poe", "pou", "hfs", "zfs": .directory
    case "ps", "ps-e", "ps-l", "psu", "da", "dau", "is", "vsam": .file
    case "gdg", "path", "aix", "u", "**": .other
    default: nil
    }
  }

  private static func isVolume(_ field: ArraySlice<UInt8>) -> Bool {
    (1...6).contains(field.count)
      && field.allSatisfy { byte in
        (0x41...0x5A).contains(byte) || byte.digit != nil || Array("$#@-+*".utf8).contains(byte)
      }
  }

  /// A type of disk: `3390`, `3380D`, or of tape.
  private static func isUnit(_ field: ArraySlice<UInt8>) -> Bool {
    field.count >= 4 && field.count <= 8 && field.prefix(4).isDecimal || field.isWord("tape")
  }

  /// `2004/06/23`, on old systems `07/16/97`, or stars around `NONE`.
  private static func isReferred(_ field: ArraySlice<UInt8>) -> Bool {
    CalendarDate(yearFirst: field) != nil || CalendarDate(numbers: field, order: .monthDayYear) != nil
      || field.starts(with: Array("**".utf8)) && field.contains(UInt8(ascii: "N"))
  }
}
