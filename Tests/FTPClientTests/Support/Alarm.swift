import FTPClient

/// An interrupt hook that a test sets off, and that remembers whether it was asked. One thread at a time.
final class Alarm: @unchecked Sendable {
  private var ring: ContinuousClock.Instant?
  private(set) var questions = 0

  /// The hook that throws `Stop` from the set time on.
  var interrupt: Interrupt {
    Interrupt { [self] in
      questions += 1
      if let ring, ContinuousClock.now >= ring { throw Stop() }
    }
  }

  /// Rings from some time on.
  func set(in time: Duration = .zero) { ring = .now + time }

  /// Does not ring any more.
  func stop() { ring = nil }

  /// How long ago it should have rung.
  var delay: Duration { ring.map { ContinuousClock.now - $0 } ?? .zero }
}
