/// The Gregorian calendar, in years before its time as well: a day by its number, counted from 1970-01-01.
enum GregorianCalendar {
  /// The number of a day; `month` is 1 to 12, `day` from 1 on.
  ///
  /// In years that begin in March, for the leap day is the last one then, and in eras of 400 of them.
  static func day(year: Int, month: Int, day: Int) -> Int {
    let (march, monthFromMarch) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
    let era = (march >= 0 ? march : march - 399) / 400
    let yearOfEra = march - era * 400
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    return era * daysInEra + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - firstMarch
  }

  /// The date of a day by its number.
  static func date(ofDay number: Int) -> (year: Int, month: Int, day: Int) {
    let days = number + firstMarch
    let era = (days >= 0 ? days : days - (daysInEra - 1)) / daysInEra
    let dayOfEra = days - era * daysInEra
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  /// Seconds in a day; no day has a leap second here.
  static let secondsInDay = 86_400

  /// `YYYYMMDDhhmmss` (RFC 3659 section 2.3).
  static func timestamp(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) -> [UInt8] {
    var text: [UInt8] = []
    for (value, width) in [(year, 4), (month, 2), (day, 2), (hour, 2), (minute, 2), (second, 2)] {
      let digits = Array(String(value).utf8)
      text += Array(repeating: UInt8(ascii: "0"), count: max(0, width - digits.count)) + digits
    }
    return text
  }

  private static let daysInEra = 146_097
  /// Days from 0000-03-01 to 1970-01-01.
  private static let firstMarch = 719_468
}
