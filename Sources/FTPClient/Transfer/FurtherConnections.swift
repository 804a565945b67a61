import Synchronization

/// Connections beside the first one, for the ranges of one file. Each logs in on a thread of its own while the first one is at work already, takes the last range
/// that nobody has begun with, and begins; then it is the first one's thread that reads from it.
///
/// None of them holds the file up: what they do not take the first one comes to by itself. They take nothing of what it does in a moment: the line is
/// full then, and more connections make it no wider. From a distant server they begin at once: there one connection alone takes long to gather speed.
final class FurtherConnections {
  private let path: [UInt8]
  private let siblings: [any TransferClient]
  private let state: Mutex<State>

  private struct State {
    /// Ranges that nobody fetches.
    var open: [Range<UInt64>] = []
    /// Those that have logged in, or failed to, and are for the first one's thread from now on.
    var arrived: [Handover] = []
    /// How many have taken a range and not begun with it yet.
    var beginning = 0
    /// Since when, and of how much, data comes.
    var watch: Stopwatch?
    var received: UInt64 = 0
    var missing: UInt64 = 0
    /// Whether the first one is at work.
    var isUnderWay = false
    var isOver = false

    /// What had come after how many seconds, some time ago.
    var early: (time: Double, received: UInt64)?

    /// Whether the server is so far away that one connection takes its time to gather speed.
    let isDistant: Bool

    /// Whether the first one would be at it for a while.
    var isWorthwhile: Bool {
      if isDistant { return true }
      guard let time = watch?.elapsed.inSeconds, time >= FurtherConnections.trial || hasGatheredSpeed(time) else {
        return false
      }
      return Double(missing) > Double(received) / time * FurtherConnections.worthwhile
    }

    /// Whether the second half of the time has brought no more than the first.
    private func hasGatheredSpeed(_ time: Double) -> Bool {
      guard let early, time >= 2 * early.time else { return false }
      return Double(received &- early.received) / (time - early.time) < 1.2 * Double(early.received) / early.time
    }

    /// Notes that so much has come.
    mutating func note(_ count: Int) {
      received &+= UInt64(count)
      missing -= min(missing, UInt64(count))
      guard early == nil, let time = watch?.elapsed.inSeconds, time >= FurtherConnections.glance else { return }
      early = (time, received)
    }
  }

  /// Seconds of the first one's work for which the others begin: to log in, to be asked for the range, and to gather speed takes them about as long.
  private static let worthwhile = 2.0
  /// Seconds that its speed is measured for, where it still grows.
  private static let trial = 0.5
  /// Seconds after which it is looked at first.
  private static let glance = 0.1

  /// A worker on its way from its own thread to the first one's.
  private struct Handover: @unchecked Sendable { let worker: SegmentWorker }

  /// Seconds that the questions before a transfer, asked in one piece, take from which on a server is distant.
  static let distance = 0.03

  private init(_ path: [UInt8], _ siblings: [any TransferClient], isDistant: Bool) {
    self.path = path
    self.siblings = siblings
    state = Mutex(State(isDistant: isDistant))
  }

  /// Runs `body` while `count` further connections log in. They are closed when this returns, and no thread of theirs is left.
  static func run(
    _ count: Int, beside client: any TransferClient, isDistant: Bool, _ path: [UInt8],
    _ body: (FurtherConnections) throws -> Void
  ) throws {
    var siblings: [any TransferClient] = []
    while siblings.count < count, let sibling = client.trying({ try client.sibling() }) { siblings.append(sibling) }
    let connections = FurtherConnections(path, siblings, isDistant: isDistant)
    guard !siblings.isEmpty else { return try body(connections) }
    defer {
      for worker in connections.arrivals() {
        if let failure = worker.failure { client.drop(failure) }
        worker.stop()
      }
      for sibling in siblings { sibling.disconnect() }
    }
    var failure: (any Error)?
    try withoutActuallyEscaping(body) { body in
      try client.together(siblings.count + 1, isStopped: { connections.isOver }) { number in
        if number > 0 { return connections.bring(siblings[number - 1]) }
        connections.state.withLock { $0.isUnderWay = true }
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
      if !isOver {
        try sibling.beBinary()
        range = try awaitRange(sibling)
      }
      if let range { try worker.begin(path, range) }
    } catch { worker.failure = error }
    let handover = Handover(worker: worker)
    state.withLock { state in
      if let range {
        state.beginning -= 1
        if handover.worker.failure != nil { state.open.append(range) }
      }
      state.arrived.append(handover)
    }
  }

  /// The range that a connection which has logged in begins with; nil when it is not needed now.
  private func awaitRange(_ sibling: any TransferClient) throws -> Range<UInt64>? {
    while true {
      enum Answer { case take(Range<UInt64>), wait, leave }
      let answer: Answer = state.withLock { state in
        // Without threads they come before the first one.
        guard !state.isOver, state.isUnderWay else { return .leave }
        guard state.watch != nil else { return .wait }
        guard let range = state.open.last else { return .leave }
        guard state.isWorthwhile else { return .wait }
        state.open.removeLast()
        state.beginning += 1
        return .take(range)
      }
      switch answer {
      case .take(let range): return range
      case .leave: return nil
      case .wait: try sibling.pause(.milliseconds(10))
      }
    }
  }

  // MARK: The first connection's thread

  /// Says that data comes now, of so many bytes that are missing.
  func begin(missing: UInt64) {
    state.withLock { state in
      state.watch = Stopwatch()
      state.missing = missing
    }
  }

  /// Says that so much has come.
  func note(received: Int) {
    state.withLock { $0.note(received) }
  }

  /// Adds ranges that are to be fetched.
  func add(_ ranges: [Range<UInt64>]) {
    state.withLock { state in
      state.open += ranges
      state.open.sort { $0.lowerBound < $1.lowerBound }
    }
  }

  /// Takes the first range that nobody has begun with: those behind it, the others take the last.
  func takeFirst() -> Range<UInt64>? { state.withLock { $0.open.isEmpty ? nil : $0.open.removeFirst() } }

  /// Takes the range that begins at `position`, where nobody has begun with it: who is there already needs no command for it.
  func take(at position: UInt64) -> Range<UInt64>? {
    state.withLock { state in
      state.open.firstIndex { $0.lowerBound == position }.map { state.open.remove(at: $0) }
    }
  }

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
