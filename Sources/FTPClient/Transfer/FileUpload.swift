/// An upload that finishes: under a temporary name that becomes the file's when it is whole, where the server lets it be so.
package final class FileUpload {
  private let client: any TransferClient
  private let path: [UInt8]
  private let source: any UploadSource
  private let options: FTPTransfer.Options
  private let title: String
  private let report: ProgressReport
  private let hash: HashCheck
  private let watch = Stopwatch()
  private var attempts: Attempts
  private var result = FTPTransfer.Result()

  /// Where it is written.
  private var target: [UInt8]
  /// Whether a later run finds the temporary name again.
  private var isKept = false
  /// Whether it is written under its own name: the server takes no other, or renames nothing.
  private var isDirect = false
  /// Whether something of this file may be on the server under `target`.
  private var hasBegun = false
  /// Whether the server has been told to write there, whatever it made of that.
  private var isAsked = false
  /// Whether what is there is not to be gone on with.
  private var isSpoilt = false
  /// Whether the server has been told to rename, and what came of it is not known.
  private var isRenaming = false
  /// How often in a row the server has not answered the command that begins the transfer.
  private var silences = 0
  /// The temporary name under which it is whole, while it is written once more under its own.
  private var spare: [UInt8]?
  /// The name that the old file has while the new one gets its own.
  private var aside: [UInt8]?
  /// Temporary names that were given up.
  private var abandoned: [[UInt8]] = []
  private var refusesRestart = false
  private var refusesAppending = false
  /// How far this attempt has come.
  private var position: UInt64 = 0
  /// The file's size, once it has been read to its end.
  private var end: UInt64?
  /// Whether the server has a directory of the file's name.
  private var isBlocked = false

  /// An upload of `source` to `path`; `name` is the path for a reader.
  package init(
    _ client: any TransferClient, _ source: any UploadSource, to path: [UInt8], name: String,
    options: FTPTransfer.Options,
    progress: ((FTPTransfer.Progress) throws -> Void)? = nil
  ) {
    self.client = client
    self.source = source
    self.path = path
    self.options = options
    title = "uploading '\(source.name)' to '\(name)' on \(client.server)"
    report = ProgressReport(name, progress)
    hash = HashCheck(options.verifies ? options.hashing : nil)
    attempts = Attempts(options)
    target = path
    chooseName()
  }

  /// A name beside the file's: that of an earlier run of the same file, or one that nobody has.
  private func chooseName(anew: Bool = false) {
    var tail = RandomName.make()
    isKept = false
    if !anew, options.resumes, let identity = source.identity, source.size ?? 0 >= PartFile.worthKeeping {
      var mark: UInt64 = 0xcbf2_9ce4_8422_2325
      for byte in identity.utf8 { mark = (mark ^ UInt64(byte)) &* 0x100_0000_01b3 }
      tail = (0..<8).map { UInt8(truncatingIfNeeded: mark >> (56 - 8 * $0)) }.hexadecimalDigits
      isKept = true
    }
    target = RandomName.beside(path, ".\(tail).part")
    hasBegun = isKept
    isAsked = false
    isSpoilt = false
  }

  /// Runs it to its end. Throws `TransferFailure`; then the server may hold a part, for a later run where the options say so.
  package func run() throws -> FTPTransfer.Result {
    while true {
      attempts.begin()
      do {
        try client.connect()
        try attempt()
        for name in abandoned + [spare, aside].compactMap(\.self) {
          _ = client.trying { try client.execute("DELE", name) }
        }
        result.attempts = attempts.count
        result.duration = watch.elapsed
        result.modified = source.modified
        return result
      } catch {
        try goOn(after: TransferFailure.unwrapped(error))
      }
    }
  }

  private func goOn(after error: any Error) throws {
    do {
      if isBlocked { throw error }
      try attempts.goOn(after: error, at: position, client)
    } catch {
      if TransferFailure.fault(of: error, client) == .lost {
        client.disconnect()
      } else {
        client.cleaningUp {
          _ = client.trying { try client.releasePort() }
          cleanUp()
        }
      }
      var hint = spare.map { "; the server has the whole file as '\($0.text)'" } ?? ""
      if let aside { hint += "; the server has the old file as '\(aside.text)'" }
      if isBlocked { hint = "; the server has a directory of this name" }
      throw TransferFailure(cause: error, title, attempts: attempts.count, done: position, of: source.size, hint: hint)
    }
  }

  /// Leaves nothing behind that no later run would go on with.
  private func cleanUp() {
    // Behind RNFR ProFTPD 1.3.8 takes nothing else.
    if isRenaming { _ = client.trying { try client.execute("RNTO", target) } }
    guard hasBegun || isAsked, !isDirect, isBlocked || !(isKept && options.resumes) else { return }
    _ = client.trying { try client.execute("DELE", target) }
  }

  // MARK: One attempt

  private func attempt() throws {
    let told = isRenaming ? nil : try askTogether()
    if told == nil { try client.beBinary() }
    if options.verifies { try hash.choose(client.features()) }
    if isRenaming, try isInPlace() { return }
    isRenaming = false
    try send(from: offsetOnServer(told?["SIZE"]))
    try verify()
    if isDirect { try keepTime(path) } else { try rename() }
    try report.tell(position, of: position, attempt: attempts.count, now: true)
  }

  /// Asks all that is to be known before the transfer in one piece; nil where the server does not take that.
  private func askTogether() throws -> [String: Reply]? {
    var questions: [QuestionsTogether.Question] = []
    if let verb = client.passiveCommand { questions.append(.port(verb)) }
    if !client.isBinary { questions.append(.binary) }
    if client.knownFeatures == nil, options.verifies || source.modified != nil { questions.append(.features) }
    if hasBegun, !isSpoilt { questions.append(.file("SIZE")) }
    return try QuestionsTogether(client, target).ask(questions)
  }

  /// Where to go on: behind what the server has, which it may have told already. Removes what is of no use.
  private func offsetOnServer(_ told: Reply?) throws -> UInt64 {
    guard hasBegun else { return 0 }
    let size = isSpoilt ? nil : try told.map { try self.size(in: $0) } ?? sizeOnServer(target)
    if let size, size <= source.size ?? end ?? .max {
      if attempts.count == 1 { result.kept = size }
      return size
    }
    // What cannot be removed is left alone.
    if !isDirect, isSpoilt || size != nil, try client.completes("DELE", target) == nil { chooseName(anew: true) }
    isSpoilt = false
    return 0
  }

  private func sizeOnServer(_ path: [UInt8]) throws -> UInt64? {
    try size(in: client.execute("SIZE", path))
  }

  private func size(in reply: Reply) throws -> UInt64? {
    try client.completion(reply).flatMap { try? FileStatus.size(of: $0) }
  }

  private func send(from start: UInt64) throws {
    position = start
    if let size = source.size, start == size, size > 0 {
      end = size
      return try client.releasePort()
    }
    try report.tell(start, of: source.size, attempt: attempts.count, now: true)
    if start > 0, hash.isWatching {
      // It may take longer than a server listens for.
      try client.releasePort()
      try hash.catchUp(to: start, client, source.read)
    }
    if report.isHeard { try client.beBinary() }
    let transfer: any ClientTransfer
    do { transfer = try begin(from: start) } catch {
      if client.isTimeout(error) { noteSilence() }
      throw error
    }
    silences = 0
    hasBegun = true
    do {
      try transfer.run { data in
        // Which is 0 where the server goes on nowhere.
        if !hash.isWatching {
          position = try source.move(over: data, from: position) { count in
            result.bytes &+= UInt64(count)
            position &+= UInt64(count)
            try report.tell(position, of: source.size, attempt: attempts.count)
          }
        }
        try source.send(over: data, from: position) { block, place in
          result.bytes &+= UInt64(block.count)
          try hash.saw(block, at: place)
          position = place &+ UInt64(block.count)
          try report.tell(position, of: source.size, attempt: attempts.count)
        }
      }
      try transfer.end()
    } catch {
      throw transfer.breakOff(after: error)
    }
    end = position
  }

  /// A session that was lost may still hold the file: vsftpd locks what is uploaded, and lets the next one wait for it without a word. The second time
  /// another name is taken.
  private func noteSilence() {
    silences += 1
    guard silences > 1, hasBegun, !isDirect else { return }
    silences = 0
    abandoned.append(target)
    chooseName(anew: true)
  }

  /// Begins at an offset: by `REST` and `STOR`, which cannot write anything twice; or else by `APPE`, when the server has just so much; or
  /// else from the beginning. Under its own name where the server takes no other.
  private func begin(from start: UInt64) throws -> any ClientTransfer {
    if start > 0 {
      if !refusesRestart {
        do {
          let transfer = try client.begin("STOR", target, from: start)
          result.resumes += 1
          return transfer
        } catch let error as FTPError where Self.refuses(error) { refusesRestart = true }
      }
      if !refusesAppending, try sizeOnServer(target) == start {
        do {
          let transfer = try client.begin("APPE", target, from: 0)
          result.resumes += 1
          return transfer
        } catch let error as FTPError where Self.refuses(error) { refusesAppending = true }
      }
      position = 0
      result.kept = 0
    }
    isAsked = true
    do { return try client.begin("STOR", target, from: 0) } catch let error as FTPError {
      guard !isDirect, case .reply(let reply) = error.kind, Self.forbidsName.contains(reply.code ?? 0) else {
        throw error
      }
      isDirect = true
      target = path
      return try client.begin("STOR", target, from: 0)
    }
  }

  /// Replies that may be due to the temporary name. Not 552: under its own name the file has no more room.
  private static let forbidsName = [500, 501, 504, 550, 553]

  /// Whether a reply refuses to go on in the middle: for good, or as ProFTPD without AllowStoreRestart, by 451.
  private static func refuses(_ error: FTPError) -> Bool {
    guard case .reply(let reply) = error.kind else { return false }
    return reply.category == .permanent || [450, 451].contains(reply.code)
  }

  // MARK: Verification

  private func verify() throws {
    if source.hasChanged {
      try LocalFailure.marking { try source.refresh() }
      result.changes += 1
      try spoil("'\(source.name)' changed while it was being sent")
    }
    let size = try sizeOnServer(target)
    if let size, size != position {
      refusesRestart = refusesRestart || result.resumes > 0
      try spoil("the server has \(size) of \(position) bytes")
    }
    result.size = position
    result.verified = size == nil ? .none : .size
    guard options.verifies else { return }
    if hash.count < position, source.size != nil { try hash.catchUp(to: position, client, source.read) }
    guard hash.count == position else { return }
    do {
      if let verification = try hash.verify(client, target) { result.verified = verification }
    } catch let error as FTPError {
      guard case .mismatch = error.kind else { throw error }
      try spoil(error.message)
    }
  }

  /// What is on the server is of no use.
  private func spoil(_ reason: String) throws -> Never {
    isSpoilt = true
    result.kept = 0
    end = nil
    try hash.restart()
    throw FTPError(.mismatch, reason)
  }

  // MARK: The end

  /// What cannot be kept is no fault of the transfer's.
  private func keepTime(_ path: [UInt8]) throws {
    if let timing = try source.timing(path, client) { _ = try client.completes(timing.verb, timing.argument) }
  }

  /// Gives the temporary file its time and the file's name.
  private func rename() throws {
    let outcome = try rename(target, to: path, behind: source.timing(target, client))
    if outcome == .done { return }
    // Windows and some others replace nothing: the old file goes aside until the new one has its name.
    if outcome == .refused, try sizeOnServer(path) != nil {
      let aside = RandomName.beside(path, ".\(RandomName.make())")
      if try rename(path, to: aside) == .done {
        self.aside = aside
        if try rename(target, to: path) == .done { return }
        if try rename(aside, to: path) == .done { self.aside = nil }
      }
    }
    // It cannot have its name but by being written under it. Until that is whole, so is the other one.
    spare = target
    isDirect = true
    target = path
    hasBegun = false
    position = 0
    try hash.restart()
    try send(from: 0)
    try verify()
    try keepTime(path)
  }

  private func rename(
    _ old: [UInt8], to new: [UInt8], behind first: RemoteRenaming.Command? = nil
  ) throws -> RemoteRenaming.Outcome {
    isRenaming = old == target
    let outcome = try RemoteRenaming(client).rename(old, to: new, behind: first, mindingDirectories: isRenaming)
    isRenaming = false
    switch outcome {
    case .done, .forbidden, .refused: return outcome
    case .postponed(let reply): throw FTPError(unexpected: reply)
    case .blocked(let reply):
      // A directory stays where it is, and no other attempt does better.
      isBlocked = true
      throw FTPError(unexpected: reply)
    }
  }

  /// Whether a server that was lost while it renamed has done so: the temporary name is gone, and the file is there.
  private func isInPlace() throws -> Bool {
    guard try sizeOnServer(target) == nil, let size = try sizeOnServer(path), size == position else { return false }
    if result.verified != .size, case .hash(_, let digest) = result.verified {
      for command in try client.features().hashes where command.algorithm.count == digest.count {
        if let theirs = try command.ask(client, path) { return theirs == digest }
      }
    }
    return true
  }
}
