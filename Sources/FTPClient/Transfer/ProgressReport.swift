/// Tells a listener how far a transfer is, not more often than a reader can follow.
final class ProgressReport {
  private let name: String
  private let listener: ((FTPTransfer.Progress) throws -> Void)?
  private let watch = Stopwatch()
  private var next = 0.0
  /// Moments and what was done then, the oldest first: the rate is that of the last seconds.
  private var marks: [(time: Double, done: UInt64)] = []

  /// Seconds between two reports, and seconds that the rate is averaged over.
  private static let interval = 0.1
  private static let memory = 5.0

  init(_ name: String, _ listener: ((FTPTransfer.Progress) throws -> Void)?) {
    self.name = name
    self.listener = listener
  }

  /// Whether there is a listener, who may use the session while no transfer is running.
  var isHeard: Bool { listener != nil }

  /// Tells it when it is time, or `now`. What the listener throws is a failure of this side.
  func tell(_ done: UInt64, of total: UInt64?, attempt: Int, now: Bool = false) throws {
    guard let listener else { return }
    let time = watch.elapsed.inSeconds
    guard now || time >= next else { return }
    // The first block is told of at once.
    if !now { next = time + Self.interval }
    if let last = marks.last, last.done > done { marks = [] }
    marks.append((time, done))
    while let first = marks.first, time - first.time > Self.memory, marks.count > 2 { marks.removeFirst() }
    var rate = 0.0
    if let first = marks.first, time - first.time > 0.001 { rate = Double(done - first.done) / (time - first.time) }
    let progress = FTPTransfer.Progress(name: name, done: done, total: total, rate: rate, attempt: attempt)
    try LocalFailure.marking { try listener(progress) }
  }
}
