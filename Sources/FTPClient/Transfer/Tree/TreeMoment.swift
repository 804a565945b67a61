/// When a file was changed, as exactly as a listing tells it: some second of a span, in UTC.
struct TreeMoment: Equatable {
  /// Seconds since 1970; the first one of the span.
  let start: Int
  /// How many seconds it has: 1, 60 or 86,400.
  let length: Int

  init(_ time: FileStatus.Time) { (start, length) = (time.seconds, 1) }

  /// The time of a listing's line. `zone` is how many seconds the server's clock is ahead of UTC where the line does
  /// not say it.
  init(_ time: ListingTime, zone: Int) {
    let seconds = Int(clamping: time.seconds)
    start = time.isUTC ? seconds : seconds - zone
    switch time.precision {
    case .day: length = 86_400
    case .minute: length = 60
    case .second: length = 1
    }
  }

  /// Whether it may be this second. File systems that count every other second round either way.
  func may(be second: Int) -> Bool { second >= start - 1 && second <= start + length }

  /// Whether it may be this second or a later one.
  func mayBe(notBefore second: Int) -> Bool { start + length >= second }

  /// How far a server's clock is ahead of UTC, from a line of its listing and the time in UTC of the same file: a
  /// multiple of a quarter of an hour.
  static func zone(_ time: ListingTime, _ known: FileStatus.Time) -> Int? {
    guard !time.isUTC, time.precision != .day else { return nil }
    let difference = Int(clamping: time.seconds) - known.seconds
    let quarters = (Double(difference) / 900).rounded()
    return abs(quarters) <= 60 ? Int(quarters) * 900 : nil
  }
}
