/// An upload that finishes: under a temporary name that becomes the file's when it is whole, where the server lets it be so.
package final class FileUpload {
  private let client: any TransferClient
  private let source: any UploadSource
  private let options: FTPTransfer.Options
  private let name: String
  private let report: ProgressReport
  private let hash: HashCheck
  private let watch = Stopwatch()
  private var attempts: Attempts
  private var result = FTPTransfer.Result()

  private let path: [UInt8]
  /// Whether it may be written under its own name, where the server takes no other: not where that is a link's, which would be followed.
  private let mayTakeOwnName: Bool
  /// What the server has under the file's own name before that is written: it may have the same until the new one is whole.
  private var former: UInt64?
  /// Made behind the first login: which server it is may not be known before.
  private lazy var target: UploadTarget = {
    // The name of a large file is found again by a later run.
    let isLarge = source.size ?? 0 >= PartFile.worthKeeping
    let identity = options.resumes && isLarge ? source.identity : nil
    return UploadTarget(beside: path, identity: identity, scope: client.scope)
  }()
  /// Whether the server has been told to rename, and what came of it is not known.
  private var isRenaming = false
  /// The temporary name under which it is whole, while it is written once more under its own.
  private var spare: [UInt8]?
  /// The name that the old file has, or may have where the server was lost, while the new one gets its own.
  private var aside: [UInt8]?
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
    options: FTPTransfer.Options, mayTakeOwnName: Bool = true,
    progress: ((FTPTransfer.Progress) throws -> Void)? = nil
  ) {
    self.client = client
    self.source = source
    self.mayTakeOwnName = mayTakeOwnName
    self.options = options
    self.path = path
    self.name = name
    report = ProgressReport(name, progress)
    hash = HashCheck(options.verifies ? options.hashing : nil)
    attempts = Attempts(options)
  }

  /// Runs it to its end. Throws `TransferFailure`; then the server may hold a part, for a later run where the options say so.
  package func run() throws -> FTPTransfer.Result {
    while true {
      attempts.begin()
      do {
        try client.connect()
        try attempt()
        for name in target.abandoned.map(\.name) + [spare, aside].compactMap(\.self) {
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
      if let aside {
        hint += "; the server has the old file as '\(aside.text)'"
        if spare == nil { hint += " or in its place, and the new one as '\(target.name.text)' or in its place" }
      }
      if isBlocked { hint = "; the server has a directory of this name" }
      let title = "uploading '\(source.name)' to '\(name)' on \(client.server)"
      throw TransferFailure(cause: error, title, attempts: attempts.count, done: position, of: source.size, hint: hint)
    }
  }

  /// Leaves nothing behind that no later run would go on with.
  private func cleanUp() {
    // Behind RNFR ProFTPD 1.3.8 takes nothing else.
    if isRenaming { _ = client.trying { try client.execute("RNTO", target.name) } }
    if let aside {
      let isBack = client.trying {
        guard try sizeOnServer(target.path) == nil else { return false }
        return try rename(aside, to: target.path) == .done
      }
      if isBack ?? false { self.aside = nil }
    }
    for (name, isKept) in target.abandoned where !(isKept && options.resumes) {
      _ = client.trying { try client.execute("DELE", name) }
    }
    // The old file is not back: the new one stays as well.
    guard aside == nil else { return }
    let isOfUse = target.isKept && options.resumes && !target.isSpoilt
    guard target.hasBegun || target.isAsked, !target.isDirect, isBlocked || !isOfUse else { return }
    _ = client.trying { try client.execute("DELE", target.name) }
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
    if target.isDirect { try keepTime() } else { try rename() }
    try report.tell(position, of: position, attempt: attempts.count, now: true)
  }

  /// Asks all that is to be known before the transfer in one piece; nil where the server does not take that.
  private func askTogether() throws -> [String: Reply]? {
    var questions: [QuestionsTogether.Question] = []
    if let verb = client.passiveCommand { questions.append(.port(verb)) }
    if !client.isBinary { questions.append(.binary) }
    if client.knownFeatures == nil, options.verifies || source.modified != nil { questions.append(.features) }
    if target.hasBegun, !target.isSpoilt { questions.append(.file("SIZE")) }
    return try QuestionsTogether(client, target.name).ask(questions)
  }

  /// Where to go on: behind what the server has, which it may have told already. Removes what is of no use.
  private func offsetOnServer(_ told: Reply?) throws -> UInt64 {
    guard target.hasBegun else { return 0 }
    let size = target.isSpoilt ? nil : try told.map { try self.size(in: $0) } ?? sizeOnServer(target.name)
    if size != nil { target.noteTaken() }
    if let size, size <= source.size ?? end ?? .max, !(target.isDirect && size == former) {
      if attempts.count == 1 { result.kept = size }
      return size
    }
    // What cannot be removed is left alone.
    if !target.isDirect, target.isSpoilt || size != nil, try client.completes("DELE", target.name) == nil {
      target.chooseAnother()
    }
    target.isSpoilt = false
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
      if client.isTimeout(error) { target.noteSilence() }
      throw error
    }
    target.begin()
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

  /// Begins at an offset: by `REST` and `STOR`, which cannot write anything twice; or else by `APPE`, when the server has just so much; or
  /// else from the beginning. Under its own name where the server takes no other.
  private func begin(from start: UInt64) throws -> any ClientTransfer {
    if start > 0 {
      if !refusesRestart {
        do {
          let transfer = try client.begin("STOR", target.name, from: start)
          result.resumes += 1
          return transfer
        } catch let error as FTPError where Self.refuses(error) { refusesRestart = true }
      }
      if !refusesAppending, try sizeOnServer(target.name) == start {
        do {
          let transfer = try client.begin("APPE", target.name, from: 0)
          result.resumes += 1
          return transfer
        } catch let error as FTPError where Self.refuses(error) { refusesAppending = true }
      }
      position = 0
      result.kept = 0
    }
    target.isAsked = true
    do { return try client.begin("STOR", target.name, from: 0) } catch let error as FTPError {
      guard !target.isDirect, case .reply(let reply) = error.kind, Self.forbidsName.contains(reply.code ?? 0) else {
        throw error
      }
      if target.isTaken {
        // It has had such a name: a session that was lost may still hold the file.
        target.giveUp()
        target.isAsked = true
        // That may have been all that was against it.
        (refusesRestart, refusesAppending) = (false, false)
      } else {
        try takeOwnName()
      }
      return try client.begin("STOR", target.name, from: 0)
    }
  }

  /// Writes under the file's own name from now on.
  private func takeOwnName() throws {
    guard mayTakeOwnName else {
      throw LocalFailure(FTPError(.state, "the server has a link of this name, and stores files under no other name"))
    }
    former = try sizeOnServer(path)
    target.takeOwnName()
  }

  /// Replies that may be due to the temporary name, where the server has not taken it before. Not 552: under its own name the file has no more room.
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
    let size = try sizeOnServer(target.name)
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
      if let verification = try hash.verify(client, target.name) { result.verified = verification }
    } catch let error as FTPError {
      guard case .mismatch = error.kind else { throw error }
      try spoil(error.message)
    }
  }

  /// What is on the server is of no use.
  private func spoil(_ reason: String) throws -> Never {
    target.isSpoilt = true
    result.kept = 0
    end = nil
    try hash.restart()
    throw FTPError(.mismatch, reason)
  }

  // MARK: The end

  /// What cannot be kept is no fault of the transfer's.
  private func keepTime() throws {
    if let timing = try source.timing(target.path, client) { _ = try client.completes(timing.verb, timing.argument) }
  }

  /// Gives the temporary file its time and the file's name.
  private func rename() throws {
    let outcome = try rename(target.name, to: target.path, behind: source.timing(target.name, client))
    if outcome == .done { return }
    if try hasGone(outcome) { return try sendUnderAnotherName() }
    // Windows and some others replace nothing: the old file goes aside until the new one has its name.
    if outcome == .refused, try sizeOnServer(target.path) != nil {
      // Where the server was lost in the middle of this, the name may be the old file's already.
      let aside = self.aside ?? RandomName.beside(target.path, ".\(RandomName.make())")
      self.aside = aside
      if try rename(target.path, to: aside) == .done {
        if try rename(target.name, to: target.path) == .done { return }
        if try rename(aside, to: target.path) == .done { self.aside = nil }
        if try hasGone(outcome) { return try sendUnderAnotherName() }
      } else {
        self.aside = nil
      }
    }
    // It cannot have its name but by being written under it. Until that is whole, so is the other one.
    let whole = target.name
    try takeOwnName()
    spare = whole
    try sendAgain()
    try keepTime()
  }

  private func sendAgain() throws {
    position = 0
    try hash.restart()
    try send(from: 0)
    try verify()
  }

  /// Whether what was to be renamed is not there, as far as the server tells. Then the file's own name may be that of a whole one already: who uploads the
  /// same file at the same time may have given it to what both have written.
  private func hasGone(_ outcome: RemoteRenaming.Outcome) throws -> Bool {
    // A server that tells no sizes leaves a doubt about a name that others have too.
    guard result.verified != .none || target.isKept && outcome == .forbidden else { return false }
    return try sizeOnServer(target.name) == nil
  }

  /// Begins again, under a name that nobody else has. What is not there under such a one either is for another attempt.
  private func sendUnderAnotherName() throws {
    let isOwn = !target.isKept
    target.chooseAnother()
    guard !isOwn else { throw FTPError(.mismatch, "the server has lost what was sent under a temporary name") }
    try sendAgain()
    try rename()
  }

  private func rename(
    _ old: [UInt8], to new: [UInt8], behind first: RemoteRenaming.Command? = nil
  ) throws -> RemoteRenaming.Outcome {
    isRenaming = old == target.name
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
    guard try sizeOnServer(target.name) == nil, let size = try sizeOnServer(target.path), size == position else {
      return false
    }
    if result.verified != .size, case .hash(_, let digest) = result.verified {
      for command in try client.features().hashes where command.algorithm.count == digest.count {
        if let theirs = try command.ask(client, target.path) { return theirs == digest }
      }
    }
    return true
  }
}
