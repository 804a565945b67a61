/// Commands are sent, in their turn or before it.
extension ControlConnection {
  /// Brings the connection in step, sends a command and reads its reply, whatever its code.
  ///
  /// For commands without a data connection: the reply that a 1yz promises is read before the next command.
  ///
  /// Throws `.state` while a transfer is running, as well as what `realign`, `send` and `readReply` throw.
  public func execute(_ command: Command) throws(FTPError) -> Reply {
    try requireNobodyWaits(for: "send \(command.verb)")
    try realign()
    try send(command)
    let reply = try readReply()
    if reply.category == .preliminary { abandonReplies() }
    return reply
  }

  /// Executes a command whose reply must be 2yz. Throws `.reply` otherwise.
  @discardableResult
  public func complete(_ command: Command) throws(FTPError) -> Reply {
    let reply = try execute(command)
    guard reply.category == .completion else { throw FTPError(unexpected: reply) }
    return reply
  }

  /// Sends a command as it is, without a look at what the server may have said before.
  public func send(_ command: Command) throws(FTPError) {
    try requireUsable()
    if let next = ahead.first, next != command, outstanding == 0 || repliesAreStale { try takeBackAhead() }
    let word = command.word
    if let next = ahead.first {
      guard next == command else { throw brokenOffAhead() }
      ahead.removeFirst()
    } else if let answer = takeKept(for: command) {
      unread = answer
    } else {
      try write(command.line, of: word)
    }
    hasSent(word, command.line)
  }

  /// Brings the connection in step, sends a command and reads its reply, whatever its code. Throws what `realign`, `send` and `readReply`
  /// throw.
  package func exchange(_ command: Command.Ready) throws(FTPError) -> Reply {
    if let promptStream, isInStep, promptStream.isSilent {
      try send(command)
      if let reply = try promptReply(promptStream) { return reply }
      return try readReply()
    }
    try realign()
    if ahead.isEmpty, kept == nil {
      try send(command)
    } else {
      try send(Command(line: command.bytes(in: room(for: command.count)).dropLast(2)))
    }
    return try readReply()
  }

  private func send(_ command: Command.Ready) throws(FTPError) {
    let bytes = command.bytes(in: room(for: command.count))
    try write(bytes, of: command.word)
    hasSent(command.word, Array(bytes))
  }

  /// Whether `realign` would have nothing to do if the server has said nothing, and there is time for a prompt answer.
  private var isInStep: Bool {
    !isWaiting && breakdown == nil && ahead.isEmpty && kept == nil && outstanding == 0 && !repliesAreStale
      && restart != .abandoned && !holdsInput
      && replyNanoseconds.map { $0 > Self.promptness } ?? true
  }

  /// The least time limit, in nanoseconds, to which the slice that a prompt answer may take is nothing.
  private static let promptness: Int64 = 10_000_000_000

  /// The reply where it comes at once, and is one line; nil where it is to be read by `readReply`.
  private func promptReply(_ stream: any PromptStream) throws(FTPError) -> Reply? {
    do throws(FTPError) {
      let whole = try reading { (memory) throws(FTPError) in
        try stream.readPromptly(into: memory).flatMap { (count) throws(FTPError) in try wholeReply(in: memory, count) }
      }
      guard let whole, let reply = try accept(whole, until: .after(nanoseconds: replyNanoseconds)),
        !isKeepAliveAnswer(reply)
      else { return nil }
      return reply
    } catch {
      throw failed(error)
    }
  }

  func hasSent(_ word: Command.Word, _ line: @autoclosure () -> [UInt8]) {
    outstanding += 1
    if word.mayEndTransfer {
      (repeatable, dropped) = (nil, nil)
      lateCodes = .none
      owesTransferReply = true
      hasTransferred = true
      startOfTransfer = 0
    } else {
      // To HOST 220 is the answer (RFC 7151 section 3.2).
      let isFirst = lastWord == nil && word != "HOST"
      lateCodes = isFirst ? .ofGreetings : hasTransferred && outstanding == 1 ? .ofTransfers : .none
    }
    if word.movesDataPort { kept = nil }
    lastWord = word
    formerRestart = restart != .none && word.leavesRestartWhenRefused ? (restart, restartPlace) : nil
    if word == "REST" {
      restartPlace = line().dropFirst(5).dropLast(2).decimal() ?? 0
      restart = restartPlace == 0 ? .none : .open
    } else if restart != .none, word.takesRestart {
      (restart, startOfTransfer) = (.none, restartPlace)
    }
    representationChanges.see(word)
    trail.sent(word, line(), isAlone: outstanding == 1)
    if word == "MODE" { isStreamMode = line() == Self.streamMode }
    if word == "REIN" { isStreamMode = true }
  }

  private static let streamMode = Array("MODE S\r\n".utf8)

  private func write(_ bytes: [UInt8], of word: Command.Word? = nil) throws(FTPError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(FTPError) in
      try write(UnsafeRawBufferPointer(bytes), of: word)
    }
  }

  /// Writes a command's line, or several. Where it is interrupted that is known to be before the first byte, or behind the last of a
  /// command, which then counts as sent, the connection is as good as before.
  private func write(_ bytes: UnsafeRawBufferPointer, of word: Command.Word?) throws(FTPError) {
    do throws(FTPError) {
      try waiting { () throws(FTPError) in try stream.write(bytes, idleTimeout: replyTimeout) }
    } catch {
      guard case .interrupted(let cause) = error.kind, !(cause is any StreamFailure) else {
        breakDown(error.message, in: word)
        throw error
      }
      switch (stream.interruptedWrite, word) {
      case (0, _): break
      case (bytes.count, let word?):
        hasSent(word, Array(bytes))
        abandonReplies()
      default:
        // Part of the line may have gone: another command would be glued to it.
        breakDown("a command was broken off in its midst", in: word)
      }
      throw error
    }
  }

  /// Notes that no command can be sent any more; of the one that was being sent nobody knows whether it has arrived.
  private func breakDown(_ reason: String, in word: Command.Word?) {
    breakdown = reason
    if word?.mayChangeDirectory ?? false { trail.lose() }
  }

  /// Sends commands before their turn, in one piece: the server answers them one behind the other, without the way there and back between.
  ///
  /// They must be the next ones that `send` gets, and in this order; it then takes them for sent. Any other command, and whatever breaks off a transfer
  /// before, makes the connection unusable.
  package func pipeline(_ commands: [Command]) throws(FTPError) {
    if ahead.isEmpty, outstanding == 0 || repliesAreStale { try realign() }
    try closeRestart()
    try requireUsable()
    try write(commands.flatMap(\.line))
    ahead += commands
  }

  /// Has the reply to a command that has just been executed answer the next one like it as well, which is not sent then: for where the server listens,
  /// asked together with something else. Whatever makes the server listen elsewhere, or ends it, ends that too.
  package func keep(_ reply: Reply, for command: Command) { kept = (command, reply) }

  /// Whether an answer is kept.
  package var keepsAnswer: Bool { kept != nil }

  private func takeKept(for command: Command) -> Reply? {
    guard let answer = kept, answer.command == command, outstanding == 0, unread == nil else { return nil }
    kept = nil
    return answer.reply
  }

  func brokenOffAhead() -> FTPError {
    breakdown = "commands were under way that do not come to their turn"
    return FTPError(.closed, "the connection to \(host) was interrupted with commands under way: connect again")
  }
}
