/// Counts attempts, and says whether and when there is another.
struct Attempts {
  private let options: FTPTransfer.Options
  /// Attempts until now, the running one included.
  private(set) var count = 0
  /// Failures in a row without getting further.
  private(set) var failures = 0
  /// As far as any attempt came.
  private var furthest: UInt64 = 0

  /// How much further an attempt must have come to count as one that got on.
  private static let step: UInt64 = 64 * 1024

  init(_ options: FTPTransfer.Options) { self.options = options }

  mutating func begin() { count += 1 }

  /// After a failure at `done` bytes: waits until the next attempt, without the connection where it is of no use any more.
  /// Throws `error` when there is none, and what stops the wait.
  mutating func goOn(after error: any Error, at done: UInt64, _ client: any TransferClient) throws {
    let fault = TransferFailure.fault(of: error, client)
    guard fault != .permanent, let pause = pauseAfterFailure(at: done) else { throw error }
    if fault == .lost || failures > 1 { client.disconnect() }
    try client.pause(pause)
  }

  /// After a failure at `done` bytes: the pause before the next attempt, or nil when there is none.
  mutating func pauseAfterFailure(at done: UInt64) -> Duration? {
    if done > furthest, done - furthest >= Self.step {
      furthest = done
      failures = 0
    }
    failures += 1
    guard failures <= options.retries else { return nil }
    var pause = options.firstPause
    for _ in 1..<min(failures, 32) where pause < options.longestPause { pause *= 2 }
    return min(pause, options.longestPause) * Double.random(in: 0.5...1)
  }
}
