/// When a file was changed, as exactly as a line of a listing says it.
public struct ListingTime: Sendable, Equatable {
  /// The smallest unit that the line gives.
  public enum Precision: Sendable {
    /// The line has a date alone: hour, minute and second are 0.
    case day
    /// The second is 0.
    case minute
    /// The line gives every field.
    case second
  }

  /// The year, 1 to 9999.
  public let year: Int
  /// 1 to 12.
  public let month: Int
  /// 1 to 31, and a day that the month has.
  public let day: Int
  /// 0 to 23.
  public let hour: Int
  /// 0 to 59.
  public let minute: Int
  /// 0 to 59; a leap second is the second before it.
  public let second: Int
  /// How much of it the line gives.
  public let precision: Precision
  /// Whether the time is in UTC. A listing of `LIST` seldom names its zone: it is the server's local time, or what the
  /// server takes for it. EPLF, facts (RFC 3659) and `ls --full-time` say UTC or their distance from it.
  public let isUTC: Bool

  /// A time to the day, to the minute when `hour` and `minute` are given, to the second when `second` is too.
  /// Nil when there is no such moment. The hour 24:00 is midnight of the day after.
  public init?(
    year: Int, month: Int, day: Int, hour: Int? = nil, minute: Int? = nil, second: Int? = nil, isUTC: Bool = false
  ) {
    let precision: Precision =
      hour == nil || minute == nil ? .day : second == nil ? .minute : .second
    let hour = precision == .day ? 0 : hour ?? 0
    let minute = precision == .day ? 0 : minute ?? 0
    let second = precision == .second ? second ?? 0 : 0
    guard (1...9999).contains(year), (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day),
      (0...59).contains(minute), (0...60).contains(second),
      (0...23).contains(hour) || hour == 24 && minute == 0 && second == 0
    else { return nil }
    guard hour < 24 else {
      let midnight = Int64(GregorianCalendar.day(year: year, month: month, day: day) + 1) * Self.secondsInDay
      self.init(seconds: midnight, precision: precision, isUTC: isUTC)
      return
    }
    self.init(
      date: (year, month, day), hour: hour, minute: minute, second: min(second, 59), precision: precision, isUTC: isUTC)
  }

  /// A moment by its seconds since 1970-01-01 00:00; nil outside of the years 1 to 9999.
  init?(seconds: Int64, precision: Precision, isUTC: Bool) {
    guard Self.representable.contains(seconds) else { return nil }
    let dayNumber = (seconds - Self.representable.lowerBound) / Self.secondsInDay + Self.firstDay
    let secondOfDay = Int((seconds - Self.representable.lowerBound) % Self.secondsInDay)
    self.init(
      date: GregorianCalendar.date(ofDay: Int(dayNumber)), hour: secondOfDay / 3600, minute: secondOfDay / 60 % 60,
      second: secondOfDay % 60,
      precision: precision, isUTC: isUTC)
  }

  /// Fields that are known to be a moment.
  private init(
    date: (year: Int, month: Int, day: Int), hour: Int, minute: Int, second: Int, precision: Precision, isUTC: Bool
  ) {
    (year, month, day) = date
    self.hour = hour
    self.minute = minute
    self.second = second
    self.precision = precision
    self.isUTC = isUTC
  }

  /// `YYYYMMDDhhmmss` (RFC 3659 section 2.3); fields below the precision are 00.
  public var timestamp: [UInt8] {
    GregorianCalendar.timestamp(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
  }

  // MARK: The calendar

  static let secondsInDay = Int64(GregorianCalendar.secondsInDay)
  /// The day 0001-01-01, counted from 1970-01-01.
  private static let firstDay: Int64 = -719_162
  /// 0001-01-01 00:00:00 to 9999-12-31 23:59:59.
  static let representable: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

  /// Seconds since 1970-01-01 00:00 of the same zone.
  var seconds: Int64 {
    Int64(GregorianCalendar.day(year: year, month: month, day: day)) * Self.secondsInDay
      + Int64(hour * 3600 + minute * 60 + second)
  }

  /// The latest moment with this month, day and time of day that is not after `limit`; for a date that comes in
  /// leap years alone, that of the latest leap year.
  static func latest(
    month: Int, day: Int, hour: Int, minute: Int, second: Int?, notAfter limit: Int64
  ) -> ListingTime? {
    guard let last = ListingTime(seconds: limit, precision: .day, isUTC: false) else { return nil }
    // Two leap years are at most eight years apart.
    for year in stride(from: last.year, through: last.year - 9, by: -1) {
      let time = ListingTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
      if let time, time.seconds <= limit { return time }
    }
    return nil
  }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
