internal import Glibc

/// Whether a download's bytes are better moved (`splice`) or copied into the file: what each costs this thread is tried at the beginning.
///
/// Pages of a server on this computer are moved for half of what a copy costs. What comes in pieces that lie across the file's pages, as through a
/// relay or from a network card, costs more to move: it depends on the way, and on the kernel.
package struct MovingTrial {
  /// Whether the next bytes are to be moved.
  package private(set) var isMoving = true
  private var isDecided = false
  private var moved = Cost()
  private var copied = Cost()

  package init() {}

  private struct Cost {
    var bytes = 0
    var nanoseconds: Int64 = 0
    var rate: Double { Double(nanoseconds) / Double(max(1, bytes)) }
  }

  /// The bytes that each is tried with.
  private static let sample = 4 * 1024 * 1024

  /// Measures `body`, which moves or copies as `isMoving` says, and returns how many bytes; nil when moving is not possible.
  package mutating func measure(_ body: () throws -> Int?) rethrows -> Int? {
    guard !isDecided else { return try body() }
    let start = Self.now()
    let count = try body()
    guard let count else {
      (isMoving, isDecided) = (false, true)
      return nil
    }
    add(count, Self.now() - start)
    return count
  }

  private mutating func add(_ count: Int, _ time: Int64) {
    if isMoving {
      moved.bytes += count
      moved.nanoseconds += time
      if moved.bytes >= Self.sample { isMoving = false }
    } else {
      copied.bytes += count
      copied.nanoseconds += time
      if copied.bytes >= Self.sample { (isMoving, isDecided) = (moved.rate < copied.rate * 0.9, true) }
    }
  }

  /// Whether all that comes is to be copied.
  var isOver: Bool { isDecided && !isMoving }

  /// This thread's own processor time.
  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
