internal import Glibc

/// Time since a moment, by the clock that nobody sets.
struct Stopwatch {
  private let start = Stopwatch.now()

  var elapsed: Duration { .nanoseconds(Self.now() &- start) }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

extension Duration {
  /// Seconds as a number.
  package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
