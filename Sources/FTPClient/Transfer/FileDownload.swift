/// A download that finishes: it goes on after faults, until the file is in place or nothing more can be done.
package final class FileDownload {
  private let client: any TransferClient
  private let path: [UInt8]
  private let sink: any DownloadSink
  private let options: FTPTransfer.Options
  /// What a listing has told of the file.
  private let known: RemoteFacts?
  private let name: String
  private let report: ProgressReport
  private let hash: HashCheck
  private let watch = Stopwatch()
  private var attempts: Attempts
  private var result = FTPTransfer.Result()
  /// The version that is being fetched.
  private var facts = RemoteFacts()
  private var isOpen = false
  /// Whether the server cannot begin in the middle, or does not although it says so.
  private var refusesRestart = false
  /// How often in a row several connections have failed: each time half as many are tried. Some servers do not stand it, as ProFTPD 1.3.8,
  /// whose mod_tls_shmcache crashes of handshakes at the same time.
  private var segmentFailures = 0
  /// What broke off the last attempt, where that was the server or the way to it.
  private var broken: FTPError?
  /// Whether what is in place may be wrong.
  private var isSuspect = false
  /// The size that the server announced when it last began at the beginning: for where it does not answer `SIZE`.
  private var announced: UInt64?
  /// Whether what an earlier run has left is still to be compared with the server's file.
  private var asksForPart = false

  /// A download of the file at `path` into `sink`. `name` is the path for a reader; `known` is what a listing told of it just now.
  package init(
    _ client: any TransferClient, _ path: [UInt8], name: String, to sink: any DownloadSink,
    options: FTPTransfer.Options,
    known: RemoteFacts? = nil, progress: ((FTPTransfer.Progress) throws -> Void)? = nil
  ) {
    self.client = client
    self.path = path
    self.sink = sink
    self.options = options
    self.known = known
    self.name = name
    report = ProgressReport(name, progress)
    hash = HashCheck(options.verifies ? options.hashing : nil)
    attempts = Attempts(options)
  }

  /// Runs it to its end. Throws `TransferFailure`, with the part kept for a later run where the options say so.
  package func run() throws -> FTPTransfer.Result {
    while true {
      attempts.begin()
      do {
        try client.connect()
        try attempt()
        try LocalFailure.marking { try sink.complete(modified: facts.modified) }
        return finished()
      } catch {
        try goOn(after: TransferFailure.unwrapped(error))
      }
    }
  }

  private func finished() -> FTPTransfer.Result {
    result.size = sink.length
    result.attempts = attempts.count
    result.duration = watch.elapsed
    result.modified = facts.modified
    return result
  }

  /// Waits until the next attempt. Throws when there is none.
  private func goOn(after error: any Error) throws {
    let done = inPlace
    broken = error as? FTPError
    // A later run would take it for the file's: it does not wait for the next attempt, which may never come.
    if isSuspect { client.trying { try restart() } }
    do { try attempts.goOn(after: error, at: done, client) } catch {
      if TransferFailure.fault(of: error, client) == .lost {
        client.disconnect()
      } else {
        _ = client.trying { try client.releasePort() }
      }
      sink.abandon(keeping: options.resumes && !isSuspect)
      let title = "downloading '\(name)' from \(client.server) to '\(sink.name)'"
      throw TransferFailure(cause: error, title, attempts: attempts.count, done: done, of: facts.size)
    }
  }

  /// Bytes that are in place, in order or not.
  private var inPlace: UInt64 {
    sink.noted.isEmpty ? sink.length : sink.noted.reduce(0) { $0 &+ ($1.upperBound - $1.lowerBound) }
  }

  // MARK: One attempt

  private func attempt() throws {
    let known = attempts.count == 1 ? known : nil
    let inquiry = Stopwatch()
    let now =
      try known ?? FactsInquiry(client, path, asksFeatures: options.verifies).facts(beforeTransfer: true)
    let isDistant = client.allowsPipelining == true && inquiry.elapsed.inSeconds >= FurtherConnections.distance
    let missing = now.size.map { $0 - min(isOpen ? inPlace : 0, $0) }
    try FurtherConnections.run(
      SegmentedDownload.connections(now.isTelling ? segments : 1, for: missing ?? 0) - 1, beside: client,
      isDistant: isDistant, path
    ) { further in
      try prepare(now)
      try fetch(beside: further)
      further.end()
      if let size = facts.size, sink.length != size { throw short(size) }
      if facts.size == nil, result.resumes > 0, let announced, sink.length > announced {
        (refusesRestart, isSuspect) = (true, true)
        throw FTPError(
          .mismatch,
          "the server says that it goes on with the file and does not: that makes \(sink.length) of \(announced) bytes")
      }
      try verify()
    }
    try report.tell(sink.length, of: facts.size ?? sink.length, attempt: attempts.count, now: true)
  }

  /// Over how many connections it may go.
  private var segments: Int {
    guard sink.isRandom, !refusesRestart else { return 1 }
    return max(1, options.segments >> min(segmentFailures, 8))
  }

  /// Opens the sink for the file that is there now, and looks what of it is in place.
  private func prepare(_ now: RemoteFacts) throws {
    if isOpen, facts.contradicts(now) {
      try beginAnew(now, because: FTPError(.mismatch, "the file changed on the server"))
    } else if isOpen, !facts.confirms(now), inPlace == 0 || inPlace != facts.size {
      // What is missing may be another version's.
      facts = now
      result.kept = 0
      if inPlace > 0 { try restart() }
    }
    if !isOpen {
      facts = now
      // A pipe's other end may be another thread of this program.
      try client.detached {
        try LocalFailure.marking { try sink.open(for: now, identity: identity, resuming: options.resumes) }
      }
      isOpen = true
      result.kept = inPlace
      asksForPart = result.kept > 0 && options.verifies
    }
    let end = max(sink.length, sink.noted.last?.upperBound ?? 0)
    if isSuspect || facts.size.map({ end > $0 }) ?? false { try restart() }
    if options.verifies { try hash.choose(client.features()) }
    if asksForPart {
      // A server that dies of the question, or takes longer than anyone waits, is not asked again.
      asksForPart = false
      // It may take longer than a server listens for.
      try client.releasePort()
      if try !isPartOfFile() {
        result.kept = 0
        try restart()
      }
    }
    try report.tell(sink.length, of: facts.size, attempt: attempts.count, now: true)
  }

  /// Whether what is in place is what the server has there, as far as it says so.
  private func isPartOfFile() throws -> Bool {
    guard sink.isReadable, let hashing = options.hashing,
      let check = try PartCheck(client.features(), hashing)
    else { return true }
    for part in sink.noted.isEmpty ? [0..<sink.length] : sink.noted {
      if try check.agrees(client, path, part, sink.read) == false { return false }
    }
    return true
  }

  /// What the part belongs to.
  private var identity: String {
    [
      client.scope, client.identity(of: path).hexadecimalDigits, facts.size.map(String.init) ?? "",
      facts.modified.map { "\($0.digits).\($0.nanosecond)" } ?? "",
      facts.unique?.hexadecimalDigits ?? "",
    ].joined(separator: "\t")
  }

  /// Begins anew. Where that cannot be, the error tells why it was to be: `cause`, or what broke off the last attempt.
  private func restart(because cause: FTPError? = nil) throws {
    do { try LocalFailure.marking { try sink.restart(for: facts, identity: identity) } } catch let failure
      as LocalFailure
    {
      guard let cause = cause ?? broken, let own = failure.error as? FTPError, case .mismatch = own.kind else {
        throw failure
      }
      throw LocalFailure(FTPError(.mismatch, "\(cause.message); \(own.message)"))
    }
    try hash.restart()
    isSuspect = false
  }

  private func beginAnew(_ now: RemoteFacts, because cause: FTPError) throws {
    facts = now
    result.changes += 1
    result.kept = 0
    try restart(because: cause)
  }

  private func short(_ size: UInt64) -> FTPError {
    FTPError(
      .truncated(received: sink.length, expected: size),
      "the download ended early: received \(sink.length) of \(size) bytes")
  }

  private func fetch(beside further: FurtherConnections) throws {
    if let size = facts.size, sink.length == size, size > 0 { return try client.releasePort() }
    if let size = facts.size, further.count > 0 || sink.noted.count > 1, sink.isRandom, !refusesRestart {
      let segmented = SegmentedDownload(
        client, path, size: size, sink: sink, beside: further,
        progress: { [report, attempts, facts] in
          try report.tell($0, of: facts.size, attempt: attempts.count)
        })
      if segmented.isWorthwhile {
        defer {
          result.bytes &+= segmented.bytes
          result.resumes += segmented.resumes
          result.segments = max(result.segments, segmented.connections)
        }
        segmentFailures += 1
        do {
          try segmented.run()
          segmentFailures = 0
          return
        } catch let error as FTPError {
          try judgeRestart(error)
        }
      }
    }
    further.end()
    try fetchInOrder()
  }

  /// Takes a refusal to begin in the middle for one: the file is then fetched in order. Throws any other error.
  private func judgeRestart(_ error: FTPError) throws {
    switch error.kind {
    case .reply(let reply) where reply.category == .permanent: refusesRestart = true
    case .mismatch:
      (refusesRestart, isSuspect) = (true, true)
      throw error
    default: throw error
    }
  }

  private func fetchInOrder() throws {
    try LocalFailure.marking { try sink.note(nil) }
    let offset = sink.length
    if offset > 0, sink.isReadable { try hash.catchUp(to: offset, client, sink.read) }
    try client.beBinary()
    let transfer = try begin(from: offset)
    if offset == 0 || refusesRestart { announced = transfer.data.announced }
    var position = refusesRestart ? 0 : offset
    if position > 0 { result.resumes += 1 }
    do {
      try transfer.run { data in
        try move(data, &position)
        try data.receive(blockSize: DataTransfer.largestRead) { block in
          result.bytes &+= UInt64(block.count)
          try take(block, at: position)
          position &+= UInt64(block.count)
        }
      }
      try transfer.end()
    } catch {
      throw transfer.breakOff(after: error)
    }
    if position < offset { throw short(offset) }
  }

  /// Receives as far as that goes, and is of use, without a copy in this process: a file of known size whose content nobody wants to see, and that is
  /// worth a pipe.
  private func move(_ data: DataTransfer, _ position: inout UInt64) throws {
    guard position == sink.length, !hash.isWatching, let size = facts.size, size > position,
      size - position >= PartFile.worthKeeping
    else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: DataTransfer.largestRead, alignment: 16)
    defer { buffer.deallocate() }
    var trial = MovingTrial()
    while position < size, !trial.isOver {
      let count = try sink.receive(from: data, at: position, most: Int(clamping: size - position), buffer, &trial)
      guard count > 0 else { return }
      result.bytes &+= UInt64(count)
      position &+= UInt64(count)
      try report.tell(sink.length, of: facts.size, attempt: attempts.count)
    }
  }

  /// Begins at an offset; from the beginning where the server cannot do otherwise, when what is in place already is passed over.
  private func begin(from offset: UInt64) throws -> any ClientTransfer {
    guard offset > 0, !refusesRestart else { return try client.begin("RETR", path, from: 0) }
    do { return try client.begin("RETR", path, from: offset) } catch let error as FTPError {
      // It may be the file that is refused: then this is said once more.
      guard case .reply(let reply) = error.kind, reply.category == .permanent else { throw error }
      let transfer = try client.begin("RETR", path, from: 0)
      refusesRestart = true
      return transfer
    }
  }

  private func take(_ block: UnsafeRawBufferPointer, at position: UInt64) throws {
    var block = block
    var position = position
    if position < sink.length {
      let skipped = min(UInt64(block.count), sink.length - position)
      block = UnsafeRawBufferPointer(rebasing: block.dropFirst(Int(skipped)))
      position &+= skipped
      guard !block.isEmpty else { return }
    }
    if let size = facts.size, position &+ UInt64(block.count) > size {
      // It has grown; or it was not sent from where it was asked for.
      (refusesRestart, isSuspect) = (true, true)
      throw FTPError(.mismatch, "the server sends more than the \(size) bytes that it told of")
    }
    try LocalFailure.marking { try sink.write(block, at: position) }
    try hash.saw(block, at: position)
    try report.tell(sink.length, of: facts.size, attempt: attempts.count)
  }

  // MARK: Verification

  /// Looks whether this is the file, and still the same one.
  private func verify() throws {
    result.verified = facts.size == nil ? .none : .size
    guard options.verifies else { return }
    let now = try FactsInquiry(client, path).facts()
    guard !facts.contradicts(now) else {
      let change = FTPError(.mismatch, "the file changed on the server while it was being fetched")
      try beginAnew(now, because: change)
      throw change
    }
    if sink.isReadable { try hash.catchUp(to: sink.length, client, sink.read) }
    guard hash.count == sink.length else { return }
    do {
      if let verification = try hash.verify(client, path) { result.verified = verification }
    } catch let error as FTPError {
      if case .mismatch = error.kind { try restart(because: error) }
      throw error
    }
  }
}
