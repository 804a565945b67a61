/// Dates and times of day in one field.

/// A time of day: `9:05`, `09:05:33`, `10:30:13.64`, `12:09PM`, `3:47p`, `24:00`.
struct Clock: Equatable {
  var hour: Int
  let minute: Int
  let second: Int?

  init?(_ field: ArraySlice<UInt8>) {
    var text = field
    var half: Half?
    if text.last?.lowercased == UInt8(ascii: "m") { text = text.dropLast() }
    if let letter = text.last, letter.isLetter {
      half = Half(text.suffix(1))
      guard half != nil else { return nil }
      text = text.dropLast()
    } else if text.endIndex < field.endIndex {
      return nil
    }
    let parts = text.split(separator: ASCII.colon, omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, let hours = parts.first, let minutes = parts.dropFirst().first,
      let hour = hours.number(in: 0...24), let minute = minutes.number(in: 0...59)
    else { return nil }
    if parts.count == 3, let last = parts.last {
      let seconds = last.prefix { $0.digit != nil }
      let tail = last[seconds.endIndex...]
      guard let second = seconds.number(in: 0...60, digits: 2...2),
        tail.isEmpty || tail.first == ASCII.dot && tail.dropFirst().isDecimal
      else { return nil }
      self.second = second
    } else {
      second = nil
    }
    self.hour = hour
    self.minute = minute
    if let half, !apply(half) { return nil }
  }

  /// `AM` or `PM`, also as one letter.
  enum Half {
    case am
    case pm

    init?(_ field: ArraySlice<UInt8>) {
      if field.isWord("am") || field.isWord("a") {
        self = .am
      } else if field.isWord("pm") || field.isWord("p") {
        self = .pm
      } else {
        return nil
      }
    }
  }

  /// Makes an hour of 1 to 12 one of 0 to 23; returns false for another hour.
  mutating func apply(_ half: Half) -> Bool {
    guard (1...12).contains(hour) else { return false }
    hour = hour % 12 + (half == .pm ? 12 : 0)
    return true
  }
}

/// A date without its time of day. That there is such a day is checked when a `ListingTime` is made of it.
struct CalendarDate: Equatable {
  let year: Int
  let month: Int
  let day: Int

  /// This day, and the time of day where the line has it.
  func time(_ clock: Clock?) -> ListingTime? {
    ListingTime(year: year, month: month, day: day, hour: clock?.hour, minute: clock?.minute, second: clock?.second)
  }

  /// `yyyy-MM-dd`, `yyyy/MM/dd`, `yyyy.MM.dd`.
  init?(yearFirst field: ArraySlice<UInt8>) {
    guard let parts = Self.parts(of: field), let year = parts[0].number(in: 1...9999, digits: 4...4),
      let month = parts[1].number(in: 1...12), let day = parts[2].number(in: 1...31)
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// Three numbers between `-`, `/` or `.`, of which the year may have two digits.
  ///
  /// With four digits the year is known, and with one above 31. The rest is a matter of custom: `order` when it fits;
  /// else day, month, year where dots stand between them, and month, day, year elsewhere; else whatever fits.
  init?(numbers field: ArraySlice<UInt8>, order: ListingParser.DateOrder?) {
    guard let parts = Self.parts(of: field) else { return nil }
    let isDotted = field.contains(ASCII.dot)
    let custom: [ListingParser.DateOrder] =
      isDotted
      ? [.dayMonthYear, .monthDayYear, .yearMonthDay] : [.monthDayYear, .dayMonthYear, .yearMonthDay]
    for order in (order.map { [$0] } ?? []) + custom {
      let (year, month, day) =
        switch order {
        case .yearMonthDay: (parts[0], parts[1], parts[2])
        case .monthDayYear: (parts[2], parts[0], parts[1])
        case .dayMonthYear: (parts[2], parts[1], parts[0])
        }
      guard let year = Self.year(year), let month = month.number(in: 1...12), let day = day.number(in: 1...31),
        ListingTime(year: year, month: month, day: day) != nil
      else { continue }
      self.init(year: year, month: month, day: day)
      return
    }
    return nil
  }

  /// `19-NOV-2001`, `6-Apr-07`.
  init?(dayMonthName field: ArraySlice<UInt8>) {
    guard let parts = Self.parts(of: field, separators: [ASCII.hyphen]), let day = parts[0].number(in: 1...31),
      let month = MonthNames.month(parts[1]), let year = Self.year(parts[2])
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// `Feb-28-1998`.
  init?(monthNameDay field: ArraySlice<UInt8>) {
    guard let parts = Self.parts(of: field, separators: [ASCII.hyphen]), let month = MonthNames.month(parts[0]),
      let day = parts[1].number(in: 1...31), let year = Self.year(parts[2])
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// A year of four digits, of two (POSIX: 69 to 99 are 1969 to 1999), or of three: the years since 1900, from
  /// programs that 2000 surprised.
  static func year(_ digits: ArraySlice<UInt8>) -> Int? {
    switch digits.count {
    case 4: digits.number(in: 1...9999, digits: 4...4)
    case 3: digits.number(in: 100...199, digits: 3...3).map { $0 + 1900 }
    case 2: digits.number(in: 0...99, digits: 2...2).map { $0 < 69 ? $0 + 2000 : $0 + 1900 }
    default: nil
    }
  }

  /// The three parts of a field with one separator; nothing when there are more or fewer, or different separators.
  private static func parts(
    of field: ArraySlice<UInt8>, separators: [UInt8] = [ASCII.hyphen, ASCII.slash, ASCII.dot]
  ) -> Parts? {
    guard let separator = field.first(where: separators.contains) else { return nil }
    return Parts(field.split(separator: separator, omittingEmptySubsequences: false))
  }

  /// Three pieces of a field.
  private struct Parts {
    private let pieces: [ArraySlice<UInt8>]

    init?(_ pieces: [ArraySlice<UInt8>]) {
      guard pieces.count == 3, pieces.allSatisfy({ !$0.isEmpty }) else { return nil }
      self.pieces = pieces
    }

    subscript(_ index: Int) -> ArraySlice<UInt8> { pieces.indices.contains(index) ? pieces[index] : [] }
  }
}
