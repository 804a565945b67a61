import Synchronization

/// Connections beside the first one, for the ranges of one file. Each logs in on a thread of its own while the first one is at work already, and begins with a range
/// as soon as there is one; then it is the first one's thread that reads from it.
///
/// None of them holds the file up: one that is not there in time, or fails, leaves its range to the others.
final class FurtherConnections {
  private let path: [UInt8]
  private let siblings: [any TransferClient]
  private let state = Mutex(State())

  private struct State {
    /// Ranges that nobody fetches.
    var open: [Range<UInt64>] = []
    /// Those that have logged in, or failed to, and are for the first one's thread from now on.
    var arrived: [Handover] = []
    /// How many have taken a range and not begun with it yet.
    var beginning = 0
    /// How many have not arrived yet.
    var coming = 0
    var isOver = false
  }

  /// A worker on its way from its own thread to the first one's.
  private struct Handover: @unchecked Sendable { let worker: SegmentWorker }

  private init(_ path: [UInt8], _ siblings: [any TransferClient]) {
    self.path = path
    self.siblings = siblings
    state.withLock { $0.coming = siblings.count }
  }

  /// Runs `body` while `count` further connections log in. They are closed when this returns, and no thread of theirs is left.
  static func run(
    _ count: Int, beside client: any TransferClient, _ path: [UInt8], _ body: (FurtherConnections) throws -> Void
  ) throws {
    var siblings: [any TransferClient] = []
    while siblings.count < count, let sibling = try? client.sibling() { siblings.append(sibling) }
    let connections = FurtherConnections(path, siblings)
    guard !siblings.isEmpty else { return try body(connections) }
    defer {
      for worker in connections.arrivals() { worker.stop() }
      for sibling in siblings { sibling.disconnect() }
    }
    var failure: (any Error)?
    try withoutActuallyEscaping(body) { body in
      try client.together(siblings.count + 1, isStopped: { connections.isOver }) { number in
        if number > 0 { return connections.bring(siblings[number - 1]) }
        do { try body(connections) } catch { failure = error }
        connections.end()
      }
    }
    if let failure { throw failure }
  }

  /// How many there are, logged in or not.
  var count: Int { siblings.count }

  private var isOver: Bool { state.withLock(\.isOver) }

  /// No more of them are wanted: those that are still logging in give up.
  func end() { state.withLock { $0.isOver = true } }

  // MARK: A connection's own thread

  private func bring(_ sibling: any TransferClient) {
    let worker = SegmentWorker(sibling, isFirst: false)
    var range: Range<UInt64>?
    do {
      try sibling.connect()
      try sibling.beBinary()
      range = state.withLock { state in
        guard !state.isOver, let range = state.open.popLast() else { return nil }
        state.beginning += 1
        return range
      }
      if let range { try worker.begin(path, range) }
    } catch { worker.failure = error }
    let handover = Handover(worker: worker)
    state.withLock { state in
      if let range {
        state.beginning -= 1
        if handover.worker.failure != nil { state.open.append(range) }
      }
      state.coming -= 1
      state.arrived.append(handover)
    }
  }

  // MARK: The first connection's thread

  /// Adds ranges that are to be fetched; the last is taken first.
  func add(_ ranges: [Range<UInt64>]) { state.withLock { $0.open += ranges } }

  /// Takes a range that nobody fetches, with those before it that touch it as long as it has less than `most` bytes.
  func take(_ most: UInt64) -> Range<UInt64>? {
    state.withLock { state in
      state.open.sort { $0.lowerBound < $1.lowerBound }
      guard var range = state.open.popLast() else { return nil }
      while let before = state.open.last, before.upperBound == range.lowerBound,
        range.upperBound - range.lowerBound < most
      {
        range = before.lowerBound..<range.upperBound
        state.open.removeLast()
      }
      return range
    }
  }

  /// Whether somebody has not arrived yet.
  var isSomebodyComing: Bool { state.withLock { $0.coming > 0 } }

  /// Whether there are ranges that nobody has begun with, or somebody who has arrived.
  var hasMore: Bool { state.withLock { !$0.open.isEmpty || $0.beginning > 0 || !$0.arrived.isEmpty } }

  /// Whether somebody has arrived.
  var hasArrivals: Bool { state.withLock { !$0.arrived.isEmpty } }

  /// Those that have arrived since the last time.
  func arrivals() -> [SegmentWorker] {
    let handovers = state.withLock { state in
      defer { state.arrived = [] }
      return state.arrived
    }
    return handovers.map(\.worker)
  }
}
