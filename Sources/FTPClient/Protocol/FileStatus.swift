/// Replies with code 213: what `SIZE` and `MDTM` answer (RFC 3659 sections 3 and 4).
public enum FileStatus {
  /// The number of a `213 N` reply; nil when it is no 213. Throws `.malformed` for a 213 without a number.
  public static func size(of reply: Reply) throws(FTPError) -> UInt64? {
    guard reply.code == 213 else { return nil }
    let digits = reply.bytes.dropFirst(3).drop { $0 == ASCII.space }.reversed().drop { $0 == ASCII.space }
    guard let size = digits.reversed().decimal() else {
      throw FTPError(.malformed, "no size in the server's reply: \(reply.text)")
    }
    return size
  }

  /// A moment in UTC as `YYYYMMDDhhmmss` gives it; fractions of a second are kept to the nanosecond.
  public struct Time: Sendable, Equatable {
    /// The year, 0 to 9999.
    public let year: Int
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int
    /// 0 to 23.
    public let hour: Int
    /// 0 to 59.
    public let minute: Int
    /// 0 to 60: RFC 3659 allows the leap second.
    public let second: Int
    /// 0 to 999,999,999.
    public let nanosecond: Int

    init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, nanosecond: Int) {
      self.year = year
      self.month = month
      self.day = day
      self.hour = hour
      self.minute = minute
      self.second = second
      self.nanosecond = nanosecond
    }

    /// Reads `YYYYMMDDhhmmss[.fraction]` (RFC 3659 section 2.3); nil when it is none.
    public init?(_ value: some Collection<UInt8>) {
      let digits = Array(value.prefix(14))
      func number(_ range: Range<Int>, _ allowed: ClosedRange<Int>) -> Int? {
        guard digits.count == 14, let value = digits[range].decimal() else { return nil }
        return allowed.contains(Int(value)) ? Int(value) : nil
      }
      guard
        let year = number(0..<4, 0...9999), let month = number(4..<6, 1...12),
        let day = number(6..<8, 1...31), let hour = number(8..<10, 0...23),
        let minute = number(10..<12, 0...59), let second = number(12..<14, 0...60)
      else { return nil }
      let tail = value.dropFirst(14)
      let fraction = tail.dropFirst()
      guard tail.isEmpty || tail.first == UInt8(ascii: ".") && fraction.allSatisfy({ $0.digit != nil }) else {
        return nil
      }
      var nanosecond = 0
      for place in 0..<9 {
        let index = fraction.index(fraction.startIndex, offsetBy: place, limitedBy: fraction.endIndex)
        let digit = index.flatMap { $0 < fraction.endIndex ? fraction[$0].digit : nil } ?? 0
        nanosecond = nanosecond * 10 + digit
      }
      self.init(
        year: year, month: month, day: day, hour: hour, minute: minute, second: second, nanosecond: nanosecond)
    }
  }

  /// The time of a `213 YYYYMMDDhhmmss` reply; nil when it is no 213 or holds no time.
  public static func modificationTime(of reply: Reply) -> Time? {
    guard reply.code == 213 else { return nil }
    return Time(reply.bytes.dropFirst(4).prefix { $0 != ASCII.space && $0 != ASCII.lineFeed })
  }
}

extension FileStatus.Time {
  /// Seconds since 1970-01-01 00:00 UTC, by the calendar of today in all years.
  package var seconds: Int {
    GregorianCalendar.day(year: year, month: month, day: day) * GregorianCalendar.secondsInDay
      + (hour * 3600 + minute * 60 + second)
  }

  /// A moment by its seconds since 1970; nil outside of the years that can be written with four digits.
  package init?(seconds: Int, nanosecond: Int = 0) {
    guard (-62_167_219_200...253_402_300_799).contains(seconds) else { return nil }
    let before = GregorianCalendar.secondsInDay - 1
    let number = (seconds >= 0 ? seconds : seconds - before) / GregorianCalendar.secondsInDay
    let time = seconds - number * GregorianCalendar.secondsInDay
    let date = GregorianCalendar.date(ofDay: number)
    self.init(
      year: date.year, month: date.month, day: date.day, hour: time / 3600, minute: time / 60 % 60, second: time % 60,
      nanosecond: min(max(0, nanosecond), 999_999_999))
  }

  /// `YYYYMMDDhhmmss`, as `MFMT` takes it.
  package var digits: String {
    GregorianCalendar.timestamp(year: year, month: month, day: day, hour: hour, minute: minute, second: second).text
  }
}
