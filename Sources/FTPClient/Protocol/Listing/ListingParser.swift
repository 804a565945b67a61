/// Reads the lines of `LIST`, whose format RFC 959 leaves to the server: "intended for a human user" (section 4.1.3).
///
///     var parser = ListingParser(now: Int64(time(nil)))
///     for line in lines { for result in parser.append(line) { ... } }
///     for result in parser.finish() { ... }
///
/// The format is found for each line by itself; the one that fitted last is tried first. A listing may mix formats, and
/// a line of one does not fit another, so that the order of the lines is without effect. Exceptions are names alone,
/// which are members of a z/OS library below the heading of one, and wrapped lines of VMS.
///
/// Every line comes back: as an entry, a heading or as it was. Prefer `MLSD` where a server has it.
public struct ListingParser: Sendable {
  /// What a line turned out to be.
  public enum Line: Sendable, Equatable {
    /// A file.
    case entry(ListingEntry)
    /// No file, and nothing lost when it is ignored: an empty line, a sum (`total 12`), the titles of columns, or the
    /// directory that the lines below are in: `./sub:` from `LIST -R`, `Directory DISK$USER:[SUB]` from VMS.
    case heading([UInt8])
    /// A line in no known format, byte for byte: a message, or the name of a file.
    case raw([UInt8])
  }

  /// The order of the numbers in a date such as `04/03/02`.
  public enum DateOrder: Sendable {
    /// 2004-03-02.
    case yearMonthDay
    /// 2002-04-03.
    case monthDayYear
    /// 2002-03-04.
    case dayMonthYear
  }

  /// Reads a line, or says that it is of another format.
  private typealias Format = @Sendable (ListingLine, ListingContext) -> ListingEntry?

  /// Every format, in the order in which a line is offered to them: those that are told by their first bytes, those by
  /// their columns, and at last those that need a heading above them.
  private static let formats: [Format] = [
    UnixFormat.entry,
    DOSFormat.entry,
    FactsFormat.entry,
    EPLFFormat.entry,
    NetWareFormat.entry,
    EnterpriseFormat.entry,
    VMSFormat.entry,
    OS400Format.entry,
    OS2Format.entry,
    VShellFormat.entry,
    VxWorksFormat.entry,
    NumericUnixFormat.entry,
    OS9Format.entry,
    NonStopFormat.entry,
    ZVMFormat.entry,
    NortelFormat.entry,
    MVSMemberFormat.entry,
    MVSDataSetFormat.entry,
    JESFormat.entry,
  ]

  /// Formats that only a heading makes known, for lines that fit none of the others.
  private static let formatsBelowHeadings: [Format] = [MVSDataSetFormat.entryByColumn, MVSMemberFormat.bareName]

  private var context: ListingContext
  /// The number of the format that fitted last.
  private var lastFormat = 0
  /// A name of VMS whose facts are to follow.
  private var wrappedName: [UInt8]?
  /// Whether the next line is the first, or comes after an empty one.
  private var followsGap = true

  /// A parser at the beginning of a listing.
  ///
  /// - Parameters:
  ///   - now: Seconds since 1970-01-01 00:00 UTC. `Jan 29 03:26` is the latest such moment that is not more than a day
  ///     after it; the day is for servers in other time zones.
  ///   - dateOrder: How the server writes dates of three numbers, where they can be read in several ways. Without it:
  ///     day, month, year where there are dots between them; year, month, day on OS-9; month, day, year elsewhere; and
  ///     another order when that gives no date.
  public init(now: Int64, dateOrder: DateOrder? = nil) {
    let range = ListingTime.representable
    let clamped = min(max(now, range.lowerBound), range.upperBound - ListingTime.secondsInDay)
    context = ListingContext(latest: clamped + ListingTime.secondsInDay, dateOrder: dateOrder, section: nil)
  }

  /// Takes the next line, without its end. Nothing comes back for a name of VMS that stands alone: the next line may
  /// hold its facts. When that has none, both lines come back.
  public mutating func append(_ line: some Collection<UInt8>) -> [Line] {
    let line = Array(line)
    guard let name = wrappedName else { return read(line) }
    wrappedName = nil
    if let entry = VMSFormat.entry(ListingLine(name + [ASCII.space] + line), context) { return [.entry(entry)] }
    return [.raw(name)] + read(line)
  }

  /// The end of the listing: what had been held back.
  public mutating func finish() -> [Line] {
    defer { wrappedName = nil }
    return wrappedName.map { [.raw($0)] } ?? []
  }

  private mutating func read(_ bytes: [UInt8]) -> [Line] {
    let line = ListingLine(bytes)
    defer { followsGap = line.count == 0 }
    if let heading = ListingHeading(line) {
      if line.count > 0 { context.section = heading.section }
      return [.heading(bytes)]
    }
    if let entry = entry(line) { return [.entry(entry)] }
    if ListingHeading.isDirectoryName(line, followsGap: followsGap) {
      context.section = nil
      return [.heading(bytes)]
    }
    if VMSFormat.isWrappedName(line) {
      wrappedName = bytes
      return []
    }
    for format in Self.formatsBelowHeadings {
      if let entry = format(line, context) { return [.entry(entry)] }
    }
    return [.raw(bytes)]
  }

  private mutating func entry(_ line: ListingLine) -> ListingEntry? {
    for index in [lastFormat] + Self.formats.indices {
      guard Self.formats.indices.contains(index), let entry = Self.formats[index](line, context) else { continue }
      lastFormat = index
      return entry
    }
    return nil
  }
}
