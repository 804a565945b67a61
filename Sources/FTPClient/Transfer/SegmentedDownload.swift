import Synchronization

/// One file over several connections, each of which fetches a range of it; all of them are read by one thread.
///
/// A connection that is done takes half of the longest range that is left. One that the server does not let in, or that fails, leaves its range to the
/// others; the transfer has failed when the first one has, or when nobody is left.
final class SegmentedDownload {
  private let client: any TransferClient
  private let path: [UInt8]
  private let size: UInt64
  private let sink: any DownloadSink
  private let count: Int
  private let progress: (UInt64) throws -> Void
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: DataTransfer.largestRead, alignment: 16)

  /// What is in place, in order and apart from each other.
  private var parts: [Range<UInt64>]
  private var done: UInt64
  private var workers: [Worker] = []
  /// Ranges that nobody fetches.
  private var open: [Range<UInt64>] = []
  private var trial = MovingTrial()
  private let watch = Stopwatch()
  private var nextNote = noteInterval

  private(set) var bytes: UInt64 = 0
  private(set) var resumes = 0
  private(set) var connections = 1

  /// What a connection must have to fetch for another one to be worth its login.
  private static let least: UInt64 = 1024 * 1024
  /// Seconds of one connection's work for which another one takes a half of it.
  private static let worthwhile = 4.0
  /// Seconds between two notes of what is in place.
  private static let noteInterval = 2.0
  /// Blocks that one connection may read before the others have their turn.
  private static let turn = 16

  init(
    _ client: any TransferClient, _ path: [UInt8], size: UInt64, sink: any DownloadSink, options: FTPTransfer.Options,
    progress: @escaping (UInt64) throws -> Void
  ) {
    self.client = client
    self.path = path
    self.size = size
    self.sink = sink
    self.progress = progress
    parts = sink.noted.isEmpty ? (sink.length > 0 ? [0..<sink.length] : []) : sink.noted
    done = parts.reduce(0) { $0 &+ ($1.upperBound - $1.lowerBound) }
    count = min(
      max(1, options.segments), FTPTransfer.Options.mostSegments,
      Int(clamping: max(1, (size - min(done, size)) / Self.least)))
  }

  deinit { buffer.deallocate() }

  /// Whether there is enough for more than one connection, or what is in place has holes.
  var isWorthwhile: Bool { count > 1 || parts.count > 1 }

  /// A connection and the range that it fetches.
  private final class Worker {
    let client: any TransferClient
    let isFirst: Bool
    var transfer: (any ClientTransfer)?
    var position: UInt64 = 0
    var end: UInt64 = 0
    /// Why it has not begun.
    var failure: (any Error)?
    /// Until when the server may be silent.
    var deadline = Deadline.never

    init(_ client: any TransferClient, isFirst: Bool) {
      self.client = client
      self.isFirst = isFirst
    }

    var isBusy: Bool { transfer != nil }
    var left: UInt64 { end > position ? end - position : 0 }
  }

  /// Fetches all that is missing. Throws what the first connection's end was; what came until then is noted for the next attempt.
  func run() throws {
    if done > 0 { resumes += 1 }
    open = gaps()
    workers = [Worker(client, isFirst: true)]
    defer { dismiss() }
    do {
      try start()
      try connect()
      while workers.contains(where: \.isBusy) || !open.isEmpty {
        try assign()
        try read()
      }
    } catch {
      for worker in workers { stop(worker) }
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

  /// Divides what is missing, and has the first connection begin with the end of the file: its transfer ends by itself there.
  private func start() throws {
    try LocalFailure.marking { try sink.note(parts) }
    var share = (size - done) / UInt64(count)
    share = max(share, Self.least)
    var ranges: [Range<UInt64>] = []
    for gap in open {
      var start = gap.lowerBound
      while gap.upperBound - start >= share &+ Self.least, ranges.count < 64 {
        ranges.append(start..<(start + share))
        start += share
      }
      ranges.append(start..<gap.upperBound)
    }
    open = ranges
    for number in 0..<min(count, ranges.count) {
      if number > 0 {
        guard let sibling = try? client.sibling() else { break }
        workers.append(Worker(sibling, isFirst: false))
      }
    }
  }

  /// Has all connections begin, at the same time where that can be: a login takes many times as long as the way to the server and back.
  private func connect() throws {
    let crew = workers
    let ranges = crew.compactMap { _ in open.popLast() }
    let hasFailed = Mutex(false)
    try client.together(ranges.count, isStopped: { hasFailed.withLock { $0 } }) { [self] number in
      do { try begin(crew[number], ranges[number]) } catch {
        crew[number].failure = error
        if number == 0 { hasFailed.withLock { $0 = true } }
      }
    }
    for (worker, range) in zip(crew, ranges) where !worker.isBusy {
      open.append(range)
      if let error = worker.failure, worker.isFirst || !isOthersFault(error) { throw error }
      if !worker.isFirst { dismiss(worker) }
    }
    connections = max(connections, workers.count { $0.isBusy })
  }

  /// Gives every connection without work a range: one that nobody fetches, or half of another's.
  private func assign() throws {
    for worker in workers where !worker.isBusy {
      if workers.count == 1 { open = joined(open) }
      guard let range = open.popLast() ?? half() else { continue }
      do { try begin(worker, range) } catch {
        open.append(range)
        if worker.isFirst || !isOthersFault(error) { throw error }
        dismiss(worker)
      }
    }
  }

  private func begin(_ worker: Worker, _ range: Range<UInt64>) throws {
    try worker.client.connect()
    try worker.client.beBinary()
    let transfer = try worker.client.begin("RETR", path, from: range.lowerBound)
    worker.position = range.lowerBound
    worker.end = range.upperBound
    worker.deadline = .after(transfer.data.silence)
    worker.transfer = transfer
  }

  /// Ranges with those in one that touch each other: for one connection alone.
  private func joined(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
    var joined: [Range<UInt64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last, last.upperBound == range.lowerBound {
        joined[joined.count - 1] = last.lowerBound..<range.upperBound
      } else {
        joined.append(range)
      }
    }
    return joined
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

  private func dismiss(_ worker: Worker) {
    worker.client.disconnect()
    workers.removeAll { $0 === worker }
  }

  private func dismiss() { for worker in workers where !worker.isFirst { worker.client.disconnect() } }

  /// Breaks a transfer off: all that was wanted of it has come, or nothing more is.
  private func stop(_ worker: Worker) {
    guard let transfer = worker.transfer else { return }
    worker.transfer = nil
    transfer.breakOff(after: FTPError(.state, "all that was wanted has come"))
  }

  // MARK: Reading

  /// Reads from whoever has something until a range is done or a connection fails.
  private func read() throws {
    var current: Worker?
    var finished: Worker?
    do {
      try client.detached {
        while finished == nil, workers.contains(where: \.isBusy) {
          for worker in try ready() {
            current = worker
            if try takeTurn(worker) {
              finished = worker
              break
            }
          }
          current = nil
        }
      }
    } catch {
      guard let current else { throw error }
      try retire(current, after: error)
    }
    if let finished { try finish(finished) }
    if watch.elapsed.inSeconds >= nextNote {
      nextNote = watch.elapsed.inSeconds + Self.noteInterval
      try LocalFailure.marking { try sink.note(parts) }
    }
  }

  /// Waits a moment for those that have something; also those of which that cannot be told, and those that were silent for too long.
  private func ready() throws -> [Worker] {
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
  private func takeTurn(_ worker: Worker) throws -> Bool {
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

  /// Reads a block; true when the range is done.
  private func take(_ worker: Worker, _ transfer: any ClientTransfer) throws -> Bool {
    guard worker.left > 0 else { return true }
    let most = Int(clamping: worker.left)
    let isMoving = trial.isMoving
    let measured = try trial.measure {
      if !isMoving { return try copy(worker, transfer, most) }
      return try transfer.data.receive { try sink.move($0, at: worker.position, most: most, until: $1) }
    }
    let count = try measured ?? copy(worker, transfer, most)
    guard count > 0 else {
      throw FTPError(
        .truncated(received: worker.position, expected: worker.end),
        "the download ended early: received \(worker.position) of \(size) bytes")
    }
    let range = worker.position..<(worker.position + UInt64(count))
    worker.position = range.upperBound
    worker.deadline = .after(transfer.data.silence)
    bytes &+= UInt64(count)
    done &+= UInt64(count)
    add(range)
    try progress(done)
    return worker.left == 0
  }

  /// Reads a block and writes it; 0 at the end of the stream.
  private func copy(_ worker: Worker, _ transfer: any ClientTransfer, _ most: Int) throws -> Int {
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(most))
    let count = try transfer.data.receive(into: room)
    try LocalFailure.marking {
      try sink.write(UnsafeRawBufferPointer(rebasing: room.prefix(count)), at: worker.position)
    }
    return count
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
  private func finish(_ worker: Worker) throws {
    guard let transfer = worker.transfer else { return }
    guard worker.end == size else { return stop(worker) }
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
  private func retire(_ worker: Worker, after error: any Error) throws {
    let error = TransferFailure.unwrapped(error)
    let rest = worker.position..<max(worker.position, worker.end)
    if !rest.isEmpty { open.append(rest) }
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
