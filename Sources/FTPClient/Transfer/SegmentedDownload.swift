/// One file over several connections, each of which fetches a range of it; all of them are read by one thread, from the moment on when the first one has begun.
///
/// A connection that is done goes on with the next range where nobody has begun with that, or takes another, or half of the longest that is left. One that
/// the server does not let in, or that fails, leaves its range to the others; the transfer has failed when the first one has.
final class SegmentedDownload {
  private let client: any TransferClient
  private let path: [UInt8]
  private let size: UInt64
  private let sink: any DownloadSink
  private let further: FurtherConnections
  private let count: Int
  private let progress: (UInt64) throws -> Void
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: DataTransfer.largestRead, alignment: 16)

  /// What is in place, in order and apart from each other.
  private var parts: [Range<UInt64>]
  private var done: UInt64
  private var workers: [SegmentWorker] = []
  private var trial = MovingTrial()
  private let watch = Stopwatch()
  private var nextNote = noteInterval

  private(set) var bytes: UInt64 = 0
  private(set) var resumes = 0
  private(set) var connections = 1

  /// Fewer bytes for each connection are not worth a further login.
  private static let least: UInt64 = 1024 * 1024
  /// Seconds of one connection's work for which another one takes a half of it.
  private static let worthwhile = 4.0
  /// Seconds between two notes of what is in place.
  private static let noteInterval = 2.0
  /// Blocks that one connection may read before the others have their turn.
  private static let turn = 16

  init(
    _ client: any TransferClient, _ path: [UInt8], size: UInt64, sink: any DownloadSink,
    beside further: FurtherConnections,
    progress: @escaping (UInt64) throws -> Void
  ) {
    self.client = client
    self.path = path
    self.size = size
    self.sink = sink
    self.further = further
    self.progress = progress
    parts = sink.noted.isEmpty ? (sink.length > 0 ? [0..<sink.length] : []) : sink.noted
    done = parts.reduce(0) { $0 &+ ($1.upperBound - $1.lowerBound) }
    count = Self.connections(further.count + 1, for: size - min(done, size))
  }

  /// Over how many connections so many bytes are worth being fetched, of those that are wanted.
  static func connections(_ wanted: Int, for size: UInt64) -> Int {
    max(1, min(wanted, FTPTransfer.Options.mostSegments, Int(clamping: size / least)))
  }

  deinit { buffer.deallocate() }

  /// Whether there is enough for more than one connection, or what is in place has holes.
  var isWorthwhile: Bool { count > 1 || parts.count > 1 }

  /// Fetches all that is missing. Throws what the first connection's end was, or what a further one says of its range's end; what came until then is noted for the next attempt.
  func run() throws {
    if done > 0 { resumes += 1 }
    workers = [SegmentWorker(client, isFirst: true)]
    defer { dismiss() }
    do {
      try start()
      while try goesOn() { try read() }
    } catch {
      for worker in workers { worker.stop() }
      try? sink.note(parts)
      throw error
    }
    try LocalFailure.marking { try sink.note(parts) }
  }

  /// What is not in place.
  private func gaps() -> [Range<UInt64>] {
    var gaps: [Range<UInt64>] = []
    var position: UInt64 = 0
    for part in parts + [size..<size] {
      if part.lowerBound > position { gaps.append(position..<part.lowerBound) }
      position = max(position, part.upperBound)
    }
    return gaps
  }

  // MARK: Connections

  /// Divides what is missing, and has the first connection begin.
  private func start() throws {
    try LocalFailure.marking { try sink.note(parts) }
    let share = max((size - done) / UInt64(count), Self.least)
    var ranges: [Range<UInt64>] = []
    for gap in gaps() {
      var start = gap.lowerBound
      // The last of them is no shorter than a range may be.
      while gap.upperBound - start >= share, gap.upperBound - start - share >= Self.least, ranges.count < 64 {
        ranges.append(start..<(start + share))
        start += share
      }
      ranges.append(start..<gap.upperBound)
    }
    further.add(ranges)
    guard let range = further.takeFirst(), let first = workers.first else { return }
    try first.begin(path, range)
    further.begin(missing: size - done)
  }

  /// Sees to it that all who are there have work; false when there is no more.
  private func goesOn() throws -> Bool {
    for worker in further.arrivals() {
      if let error = worker.failure {
        guard isOthersFault(error) else { throw error }
        dismiss(worker)
      } else {
        workers.append(worker)
      }
    }
    try assign()
    connections = max(connections, workers.count { $0.isBusy })
    if workers.contains(where: \.isBusy) { return true }
    guard further.hasMore else { return false }
    // Somebody has taken the last of it, and is about to begin.
    try client.pause(.milliseconds(5))
    return true
  }

  /// Gives every connection without work a range: one that nobody fetches, or half of another's.
  private func assign() throws {
    for worker in workers where !worker.isBusy {
      guard let range = further.takeFirst() ?? half() else { continue }
      do { try worker.begin(path, range) } catch {
        further.add([range])
        if worker.isFirst || !isOthersFault(error) { throw error }
        dismiss(worker)
      }
    }
  }

  /// The second half of the longest range that is fetched, where that is worth the commands it takes: a server may be a second or two over
  /// the end of the transfer that is broken off for it.
  private func half() -> Range<UInt64>? {
    let busy = workers.filter(\.isBusy)
    guard let longest = busy.max(by: { $0.left < $1.left }), longest.left >= 2 * Self.least else { return nil }
    let rate = Double(bytes) / max(0.001, watch.elapsed.inSeconds) / Double(busy.count)
    guard Double(longest.left) > rate * Self.worthwhile else { return nil }
    let end = longest.end
    longest.end = longest.position + longest.left / 2
    return longest.end..<end
  }

  private func dismiss(_ worker: SegmentWorker) {
    worker.client.disconnect()
    workers.removeAll { $0 === worker }
  }

  private func dismiss() {
    further.end()
    for worker in workers where !worker.isFirst { worker.client.disconnect() }
  }

  // MARK: Reading

  /// Reads from whoever has something until a range is done or a connection fails, and notes from time to time what is in place.
  private func read() throws {
    var current: SegmentWorker?
    var finished: SegmentWorker?
    do {
      try client.detached {
        while finished == nil, workers.contains(where: \.isBusy), !further.hasArrivals {
          for worker in try ready() {
            current = worker
            if try takeTurn(worker) {
              finished = worker
              break
            }
          }
          current = nil
          try noteInTime()
        }
      }
    } catch {
      guard let current else { throw error }
      try retire(current, after: error)
    }
    if let finished { try finish(finished) }
  }

  /// The disk may take as long as it likes: the pause counts from the end of it.
  private func noteInTime() throws {
    guard watch.elapsed.inSeconds >= nextNote else { return }
    try LocalFailure.marking { try sink.note(parts) }
    nextNote = watch.elapsed.inSeconds + Self.noteInterval
  }

  /// Waits a moment for those that have something; also those of which that cannot be told, and those that were silent for too long.
  private func ready() throws -> [SegmentWorker] {
    let busy = workers.filter(\.isBusy)
    let streams = busy.map { $0.transfer?.data.stream as? any Waitable }
    let hasAll = streams.allSatisfy { $0?.waitable != nil }
    let readable = try Deadline.after(.milliseconds(hasAll ? 50 : 5)).wait(forInput: streams.map { $0?.waitable ?? -1 })
    if !readable.contains(true) { try client.checkInterrupt() }
    return zip(busy, zip(streams, readable)).filter { worker, state in
      state.1 || !(state.0?.tellsAll ?? false) || worker.deadline.hasPassed
    }.map(\.0)
  }

  /// Reads what a connection has, as long as the others can wait; true when its range is done.
  private func takeTurn(_ worker: SegmentWorker) throws -> Bool {
    guard let transfer = worker.transfer else { return false }
    for _ in 0..<Self.turn {
      guard try transfer.data.stream.isReadable(within: .zero) else { break }
      let before = worker.position
      if try take(worker, transfer) { return true }
      if worker.position - before < UInt64(buffer.count) { break }
    }
    guard !worker.deadline.hasPassed else { throw FTPError(.timedOut, "no data from \(client.server): timed out") }
    return false
  }

  /// Reads a block; true when the range is done, and the one behind it is not to be had.
  private func take(_ worker: SegmentWorker, _ transfer: any ClientTransfer) throws -> Bool {
    guard worker.left > 0 else { return true }
    let count = try sink.receive(
      from: transfer.data, at: worker.position, most: Int(clamping: worker.left), buffer, &trial)
    guard count > 0 else {
      throw FTPError(
        .truncated(received: worker.position, expected: worker.end),
        "the download ended early: received \(worker.position) of \(size) bytes")
    }
    let range = worker.position..<(worker.position + UInt64(count))
    worker.position = range.upperBound
    worker.deadline = .after(transfer.data.idleTimeout)
    bytes &+= UInt64(count)
    done &+= UInt64(count)
    add(range)
    further.note(received: count)
    try progress(done)
    guard worker.left == 0 else { return false }
    guard let next = further.take(at: worker.end) else { return true }
    worker.end = next.upperBound
    return false
  }

  /// Notes that a range is in place.
  private func add(_ range: Range<UInt64>) {
    var index = parts.firstIndex { $0.upperBound >= range.lowerBound } ?? parts.count
    if index < parts.count, parts[index].lowerBound <= range.lowerBound {
      parts[index] = parts[index].lowerBound..<max(parts[index].upperBound, range.upperBound)
    } else {
      parts.insert(range, at: index)
    }
    index += 1
    while index < parts.count, parts[index].lowerBound <= parts[index - 1].upperBound {
      parts[index - 1] = parts[index - 1].lowerBound..<max(parts[index - 1].upperBound, parts[index].upperBound)
      parts.remove(at: index)
    }
  }

  /// A range is done: at the file's end the server says so.
  private func finish(_ worker: SegmentWorker) throws {
    guard let transfer = worker.transfer else { return }
    guard worker.end == size else { return worker.stop() }
    worker.transfer = nil
    do {
      let byte = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(1))
      try transfer.run { data in
        guard try data.receive(into: byte) == 0 else {
          throw FTPError(.mismatch, "the server sends more than the \(self.size) bytes that it told of")
        }
      }
      try transfer.end()
    } catch { throw transfer.breakOff(after: error) }
  }

  /// A connection has failed: its range is for the others, unless there are none, or it is this side that failed.
  private func retire(_ worker: SegmentWorker, after error: any Error) throws {
    let error = TransferFailure.unwrapped(error)
    let rest = worker.position..<max(worker.position, worker.end)
    if !rest.isEmpty { further.add([rest]) }
    if let transfer = worker.transfer {
      worker.transfer = nil
      transfer.breakOff(after: error)
    }
    if worker.isFirst || !isOthersFault(error) { throw error }
    dismiss(worker)
  }

  /// Whether it is the server or the way to it that keeps a further connection from working: the others may work.
  private func isOthersFault(_ error: any Error) -> Bool {
    if let error = error as? FTPError, case .reply = error.kind { return true }
    return TransferFailure.fault(of: error, client) != .permanent
  }
}

/// A stream that can be waited on together with others.
package protocol Waitable {
  /// The descriptor to wait on; nil when there is none.
  var waitable: CInt? { get }
  /// Whether nothing can be read when the descriptor says so: not of TLS, which may have read ahead.
  var tellsAll: Bool { get }
}

extension Socket: Waitable {
  package var waitable: CInt? { descriptor >= 0 ? descriptor : nil }
  package var tellsAll: Bool { true }
}
