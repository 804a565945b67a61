/// Dates that `ls` writes in several fields, in every order that has been seen.

/// A date found in a line.
struct DateMatch {
  let time: ListingTime
  /// The number of the last field that it takes.
  let last: Int
  /// Whether blanks after it are padding; otherwise one blank ends it, and the rest belong to the name.
  var isPadded = false
}

extension ListingLine {
  /// The leftmost date that follows a size, in the fields from `start` on, and the number of the size's field.
  ///
  /// Leftmost, because owners and groups with blanks stand before it, and the name, which may hold dates, after it.
  func datedSize(
    from start: Int, _ context: ListingContext, isSize: (ArraySlice<UInt8>) -> Bool
  ) -> (size: Int, date: DateMatch)? {
    guard start + 1 < count else { return nil }
    for index in (start + 1)..<count where isSize(self[index - 1]) {
      if let date = date(at: index, context) { return (index - 1, date) }
    }
    return nil
  }

  /// The date that begins at a field.
  func date(at index: Int, _ context: ListingContext) -> DateMatch? {
    monthNameDate(at: index, context) ?? numericDate(at: index, context) ?? suffixedDate(at: index, context)
  }

  // MARK: With the name of the month

  /// `Jan 29 03:26`, `Apr  8  1994`, `Oct 08, 2002 09:47`, `Jan  5 11:23:45 2004`, `26. Juli, 20:10`,
  /// `2.   Okt.  2003`, `01 oct 2004`, `01-jun-99`.
  private func monthNameDate(at index: Int, _ context: ListingContext) -> DateMatch? {
    if let month = MonthNames.month(self[index]) {
      let field = self[index + 1]
      guard let day = field.withoutFinal(ASCII.comma).number(in: 1...31) else { return nil }
      if field.last == ASCII.comma, let year = fourDigitYear(index + 2), let clock = Clock(self[index + 3]) {
        return match(CalendarDate(year: year, month: month, day: day).time(clock), last: index + 3)
      }
      return timeOrYear(at: index + 2, month: month, day: day, context)
    }
    let field = self[index]
    if let day = field.withoutFinal(ASCII.dot).number(in: 1...31), let month = MonthNames.month(self[index + 1]) {
      return timeOrYear(at: index + 2, month: month, day: day, context)
    }
    if let date = CalendarDate(dayMonthName: field) {
      guard let clock = Clock(self[index + 1]) else { return match(date.time(nil), last: index, isPadded: true) }
      return match(date.time(clock), last: index + 1)
    }
    return nil
  }

  /// What follows a month and a day: a time of day, after which `ls -lT` gives the year; or the year alone.
  private func timeOrYear(at index: Int, month: Int, day: Int, _ context: ListingContext) -> DateMatch? {
    if let clock = Clock(self[index]) {
      if clock.second != nil, let year = fourDigitYear(index + 1) {
        return match(CalendarDate(year: year, month: month, day: day).time(clock), last: index + 1)
      }
      return recent(month: month, day: day, clock, last: index, context)
    }
    guard let year = fourDigitYear(index) else { return nil }
    return match(CalendarDate(year: year, month: month, day: day).time(nil), last: index)
  }

  /// A moment whose year the line leaves out.
  private func recent(
    month: Int, day: Int, _ clock: Clock, last: Int, _ context: ListingContext
  ) -> DateMatch? {
    match(
      ListingTime.latest(
        month: month, day: day, hour: clock.hour, minute: clock.minute, second: clock.second,
        notAfter: context.latest), last: last)
  }

  // MARK: With numbers

  /// `2005-06-07 21:22`, `2005-06-07 21:22:33.000000000 +0200`, `1999/10/12 17:12`, `24-04-2003 17:12`, `2004.07.15`,
  /// `09-26 2000`, `09-26 13:45`, `3 29 03:26`.
  private func numericDate(at index: Int, _ context: ListingContext) -> DateMatch? {
    let field = self[index]
    guard field.first?.digit != nil else { return nil }
    let separators = field.reduce(into: 0) { count, byte in
      if byte == ASCII.hyphen || byte == ASCII.slash || byte == ASCII.dot { count += 1 }
    }
    switch separators {
    case 2:
      guard let date = CalendarDate(yearFirst: field) ?? fullYearDate(field, context) else { return nil }
      guard let clock = Clock(self[index + 1]) else { return match(date.time(nil), last: index, isPadded: true) }
      if clock.second != nil, let offset = self[index + 2].zoneOffset {
        let time = date.time(clock).flatMap {
          ListingTime(seconds: $0.seconds - offset, precision: .second, isUTC: true)
        }
        return match(time, last: index + 2)
      }
      return match(date.time(clock), last: index + 1)
    case 1:
      let parts = field.split(separator: ASCII.hyphen)
      guard parts.count == 2, let month = parts.first?.number(in: 1...12, digits: 2...2),
        let day = parts.last?.number(in: 1...31, digits: 2...2)
      else { return nil }
      return timeOrYear(at: index + 1, month: month, day: day, context)
    case 0:
      guard let month = field.number(in: 1...12), let day = self[index + 1].number(in: 1...31),
        let clock = Clock(self[index + 2])
      else { return nil }
      return recent(month: month, day: day, clock, last: index + 2, context)
    default:
      return nil
    }
  }

  /// Three numbers, the last of which is a year of four digits.
  private func fullYearDate(_ field: ArraySlice<UInt8>, _ context: ListingContext) -> CalendarDate? {
    guard field.suffix(4).isDecimal, field.count >= 8 else { return nil }
    return CalendarDate(numbers: field, order: context.dateOrder)
  }

  /// Numbers followed by characters for month, day and year, in whatever encoding: `6月 3日 2003年`, `8月 17日 20:10`,
  /// `2005년  1월  6일`.
  private func suffixedDate(at index: Int, _ context: ListingContext) -> DateMatch? {
    func number(_ field: ArraySlice<UInt8>) -> (digits: ArraySlice<UInt8>, isSuffixed: Bool) {
      let digits = field.prefix { $0.digit != nil }
      let next = field[digits.endIndex...].first
      // A suffix begins beyond ASCII; in Shift JIS it may end within.
      return next.map { $0 >= 0x80 } == false ? ([], false) : (digits, next != nil)
    }
    let first = number(self[index])
    let second = number(self[index + 1])
    if first.isSuffixed, let month = first.digits.number(in: 1...12), let day = second.digits.number(in: 1...31) {
      if let clock = Clock(self[index + 2]) {
        return recent(month: month, day: day, clock, last: index + 2, context)
      }
      guard let year = number(self[index + 2]).digits.number(in: 1...9999, digits: 4...4) else { return nil }
      return match(CalendarDate(year: year, month: month, day: day).time(nil), last: index + 2)
    }
    if second.isSuffixed, let year = first.digits.number(in: 1...9999, digits: 4...4),
      let month = second.digits.number(in: 1...12), let day = number(self[index + 2]).digits.number(in: 1...31)
    {
      return match(CalendarDate(year: year, month: month, day: day).time(nil), last: index + 2)
    }
    return nil
  }

  // MARK: Pieces

  private func fourDigitYear(_ index: Int) -> Int? { self[index].number(in: 1...9999, digits: 4...4) }

  private func match(_ time: ListingTime?, last: Int, isPadded: Bool = false) -> DateMatch? {
    time.map { DateMatch(time: $0, last: last, isPadded: isPadded) }
  }

  /// The name that follows a date; nil when the line ends there.
  func name(after date: DateMatch) -> ArraySlice<UInt8>? {
    let name = date.isPadded ? trimmedRest(after: date.last) : rest(after: date.last)
    return name.isEmpty ? nil : name
  }
}

extension ArraySlice<UInt8> {
  /// The bytes without this one at their end.
  fileprivate func withoutFinal(_ byte: UInt8) -> ArraySlice<UInt8> { last == byte ? dropLast() : self }

  /// `+0200` in seconds.
  fileprivate var zoneOffset: Int64? {
    guard count == 5, first == ASCII.plus || first == ASCII.hyphen,
      let hours = dropFirst().prefix(2).number(in: 0...14), let minutes = suffix(2).number(in: 0...59)
    else { return nil }
    let seconds = Int64(hours * 3600 + minutes * 60)
    return first == ASCII.plus ? seconds : -seconds
  }
}
