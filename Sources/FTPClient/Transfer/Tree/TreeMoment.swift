/// When a file was changed, as exactly as a listing tells it: some second of a span, in UTC.
struct TreeMoment: Equatable {
  /// The second that a copy gets, since 1970.
  let best: Int
  /// The first second that it may be.
  private let start: Int
  /// How many seconds it may be from there on: 1, 60 or 86,400.
  private let length: Int
  /// What the line says, where the server's zone is not known.
  private let listed: Int?

  init(_ time: FileStatus.Time) { (best, start, length, listed) = (time.seconds, time.seconds, 1, nil) }

  /// The time of a listing's line. `zone` is how many seconds the server's clock is ahead of UTC where the line does
  /// not say it.
  init(_ time: ListingTime, zone: Int) {
    let seconds = Int(clamping: time.seconds)
    best = time.isUTC ? seconds : seconds - zone
    (start, length, listed) = (best, Self.length(time.precision), nil)
  }

  /// The time of a listing's line of which the server has told the very second.
  ///
  /// A copy made when only the line was known has the first second of the line's span: it lies that much earlier.
  init(_ time: ListingTime, known: FileStatus.Time) {
    best = known.seconds
    length = Self.length(time.precision)
    start = known.seconds - (length - 1)
    listed = Int(clamping: time.seconds)
  }

  private static func length(_ precision: ListingTime.Precision) -> Int {
    switch precision {
    case .day: 86_400
    case .minute: 60
    case .second: 1
    }
  }

  /// Whether it is known to the second.
  var isExact: Bool { length == 1 }

  /// Whether it may be this second.
  func may(be second: Int) -> Bool { second >= start && second < start + length }

  /// Whether a copy that was made when only this was known has this second.
  func isThat(ofCopy second: Int) -> Bool {
    guard second != best else { return true }
    // In some zone, all of which are whole quarters of an hour.
    guard let listed, may(be: second) else { return false }
    return (listed - second) % 900 == 0
  }

  /// Whether it may be this second or a later one.
  func mayBe(notBefore second: Int) -> Bool { start + length > second }

  /// How far a server's clock is ahead of UTC, from a line of its listing and the time in UTC of the same file: a
  /// multiple of a quarter of an hour.
  static func zone(_ time: ListingTime, _ known: FileStatus.Time) -> Int? {
    guard !time.isUTC, time.precision != .day else { return nil }
    let difference = Int(clamping: time.seconds) - known.seconds
    let quarters = (Double(difference) / 900).rounded()
    return abs(quarters) <= 60 ? Int(quarters) * 900 : nil
  }
}
