internal import Glibc

/// Receives a download's bytes into a file, moved (`splice`) or copied, as is better: what each costs this thread is tried at the beginning.
///
/// Pages of a server on this computer are moved for half of what a copy costs. What comes in pieces that lie across the file's pages, as through a
/// relay or from a network card, costs more to move: it depends on the way, and on the kernel.
package struct MovingTrial {
  /// Whether the next bytes are to be moved.
  private var isMoving = true
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

  /// Receives what is there: by `move`, as `DataTransfer.receive(moving:)` has it, or into `buffer`, whose bytes `write` puts into the file. Where
  /// moving is not possible the bytes are copied, these and all that come. Returns how many they were, 0 at the end.
  ///
  /// Blocks and throws as `DataTransfer.receive(into:)`; throws what `move` and `write` throw.
  package mutating func receive(
    from transfer: DataTransfer, into buffer: UnsafeMutableRawBufferPointer,
    moving move: (any FileReceiving, Deadline) throws -> Int?, writing write: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Int {
    let start = isDecided ? 0 : Self.now()
    var count: Int?
    if isMoving {
      count = try transfer.receive(moving: move)
      if count == nil { (isMoving, isDecided) = (false, true) }
    }
    if let count {
      note(count, since: start)
      return count
    }
    let received = try transfer.receive(into: buffer)
    try write(UnsafeRawBufferPointer(rebasing: buffer.prefix(received)))
    note(received, since: start)
    return received
  }

  private mutating func note(_ count: Int, since start: Int64) {
    guard !isDecided else { return }
    let time = Self.now() - start
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

extension DownloadSink {
  /// Receives what is there at an offset, at most `most` bytes and `buffer`, as `trial` does. Returns how many bytes, 0 at the end.
  func receive(
    from transfer: DataTransfer, at offset: UInt64, most: Int, _ buffer: UnsafeMutableRawBufferPointer,
    _ trial: inout MovingTrial
  ) throws -> Int {
    try trial.receive(
      from: transfer, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(most)),
      moving: { try move($0, at: offset, most: most, until: $1) },
      writing: { block in try LocalFailure.marking { try write(block, at: offset) } })
  }
}
