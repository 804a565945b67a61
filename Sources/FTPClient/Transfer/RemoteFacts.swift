/// What a server tells of a file: enough to say whether it is still the same one.
package struct RemoteFacts: Sendable, Equatable {
  /// Bytes.
  package var size: UInt64?
  /// When it was last changed.
  package var modified: FileStatus.Time?
  /// What the server tells the file by, whatever its name (RFC 3659 section 7.5.2).
  package var unique: [UInt8]?

  package init(size: UInt64? = nil, modified: FileStatus.Time? = nil, unique: [UInt8]? = nil) {
    self.size = size
    self.modified = modified
    self.unique = unique
  }

  /// The facts of a line of `MLSD` or `MLST`.
  package init(_ entry: MachineListingEntry) {
    size = entry.value(of: "size").flatMap { $0.decimal() }
    modified = entry.value(of: "modify").flatMap { FileStatus.Time($0) }
    unique = entry.value(of: "unique")
  }

  /// Whether both tell the same thing differently. What one of them does not tell says nothing.
  package func contradicts(_ other: RemoteFacts) -> Bool {
    func differ<Value: Equatable>(_ left: Value?, _ right: Value?) -> Bool {
      guard let left, let right else { return false }
      return left != right
    }
    return differ(size, other.size) || differ(modified?.seconds, other.modified?.seconds)
      || differ(unique, other.unique)
  }

  /// Whether they can tell one version of a file from the next.
  var isTelling: Bool { size != nil && (modified != nil || unique != nil) }
}

extension FileStatus.Time {
  /// Seconds since 1970-01-01 00:00 UTC, by the calendar of today in all years.
  package var seconds: Int {
    let (y, m) = month <= 2 ? (year - 1, month + 9) : (year, month - 3)
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * m + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return (era * 146_097 + dayOfEra - 719_468) * 86_400 + hour * 3600 + minute * 60 + second
  }

  /// A moment by its seconds since 1970; nil outside of the years that can be written with four digits.
  package init?(seconds: Int, nanosecond: Int = 0) {
    guard (-62_167_219_200...253_402_300_799).contains(seconds) else { return nil }
    let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    let time = seconds - days * 86_400
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let m = (5 * dayOfYear + 2) / 153
    let month = m < 10 ? m + 3 : m - 9
    self.init(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month, day: dayOfYear - (153 * m + 2) / 5 + 1,
      hour: time / 3600, minute: time / 60 % 60, second: time % 60, nanosecond: min(max(0, nanosecond), 999_999_999))
  }

  /// `YYYYMMDDhhmmss`, as `MFMT` takes it.
  package var digits: String {
    func padded(_ number: Int, _ count: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return padded(year, 4) + [month, day, hour, minute, second].map { padded($0, 2) }.joined()
  }
}
