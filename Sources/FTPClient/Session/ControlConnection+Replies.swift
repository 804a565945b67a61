/// Replies are read one at a time, and what comes too late is told from what is awaited.
extension ControlConnection {
  /// Reads the greeting; after a `120 ready in N minutes` the one that follows (RFC 959 section 5.4).
  public func greeting() throws(FTPError) -> Reply {
    for _ in 0..<Limits.delayedGreetings {
      let reply = try readReply()
      if reply.code != 120 { return reply }
    }
    throw FTPError(.malformed, "\(host) keeps saying that it is not ready yet")
  }

  /// Reads one reply, whatever its code. Blocks until `deadline`, by default `replyTimeout` from now.
  ///
  /// Throws `.closed`, `.timedOut`, `.malformed`, `.tooLong` or what the stream throws. After a time-out the reply may still
  /// be read by a second call, and is not taken for the answer to a later command.
  public func readReply(until deadline: Deadline? = nil) throws(FTPError) -> Reply {
    if let reply = unread {
      unread = nil
      return settle(reply)
    }
    let deadline = deadline ?? .after(nanoseconds: replyNanoseconds)
    do throws(FTPError) {
      while true {
        guard let reply = try accept(nextReply(until: deadline), until: deadline) else {
          // A server that never pauses must not go on for ever.
          if deadline.hasPassed { throw FTPError(.timedOut, "") }
          continue
        }
        if !isKeepAliveAnswer(reply) { return reply }
      }
    } catch {
      throw failed(error)
    }
  }

  /// Reads a reply for who asks for one whether or not any is owed. One that was dropped as nobody's stands for one that does not come: that of a
  /// transfer whose data connection was closed, and which is asked for behind another command.
  package func readReplyOrDropped() throws(FTPError) -> Reply {
    if outstanding == 0, let reply = dropped, try !hasInput() {
      dropped = nil
      return reply
    }
    return try readReply()
  }

  /// Counts a reply; nil when it is a late one, which is dropped.
  func accept(_ reply: Reply, until deadline: @autoclosure () -> Deadline) throws(FTPError) -> Reply? {
    if try isLate(reply, until: deadline()) {
      dropped = reply
      return nil
    }
    if reply.code == 226, owesTransferReply { repeatable = reply.bytes } else if repeatable != nil { repeatable = nil }
    return settle(reply)
  }

  /// Whether a reply is none to the command that was sent last: see `repeatable` and `lateCodes`. Waits a second for the other that
  /// would prove it.
  private func isLate(_ reply: Reply, until deadline: @autoclosure () -> Deadline) throws(FTPError) -> Bool {
    guard outstanding > 0 else { return false }
    if let repeatable, reply.bytes == repeatable { return true }
    guard outstanding == 1, lateCodes != .none, let code = reply.code, lateCodes.contains(code) else { return false }
    return try hasInput(within: min(shorter(Self.settling), deadline().remaining ?? Self.settling))
  }

  private func nextReply(until deadline: Deadline) throws(FTPError) -> Reply {
    if lines.isEmpty, !parser.isInside, let reply = try readWholeReply(until: deadline) { return reply }
    while true {
      while let line = try nextLine(limit: lineLimit) {
        if let reply = try parser.append(line) { return reply }
      }
      if try hasEndedEarly() { return parser.endEarly() }
      // A server that never pauses must not go on for ever.
      if deadline.hasPassed { throw FTPError(.timedOut, "") }
      do throws(FTPError) {
        if let line = try fill(until: deadline), let reply = try parser.append(line) { return reply }
      } catch {
        if case .closed = error.kind, parser.mayHaveEnded { return parser.endEarly() }
        throw error
      }
    }
  }

  /// Whether the last line was a reply's end with another code: see `ReplyParser.mayHaveEnded`.
  private func hasEndedEarly() throws(FTPError) -> Bool {
    guard parser.mayHaveEnded, lines.isEmpty else { return false }
    return try !hasBytes(within: Self.earlyEnd)
  }

  /// Whether something has come that no reply has taken: bytes in the buffer or on the stream, or the stream's end.
  /// Waits for it until `timeout`.
  public func hasInput(within timeout: Duration = .zero) throws(FTPError) -> Bool {
    if holdsInput { return true }
    return try hasBytes(within: timeout)
  }

  /// Whether something has been read that no reply has taken.
  var holdsInput: Bool { !lines.isEmpty || parser.isInside || unread != nil }

  private func hasBytes(within timeout: Duration) throws(FTPError) -> Bool {
    try waiting { () throws(FTPError) in try stream.isReadable(within: timeout) }
  }

  /// Reads one line without its end, at most `limit` bytes long: the raw material of a reply. `replyTimeout` is for all lines of a reply
  /// that `put` puts together.
  ///
  /// Throws as `readReply`.
  public func readLine(limit: Int) throws(FTPError) -> [UInt8] {
    let deadline = (parser.isInside ? lineDeadline : nil) ?? .after(replyTimeout)
    lineDeadline = deadline
    do {
      while true {
        if let line = try nextLine(limit: limit) { return line }
        if let line = try fill(until: deadline) { return line }
      }
    } catch {
      lineDeadline = nil
      throw failed(error)
    }
  }

  /// Reads the final reply to a command that has begun; what 1yz come before it go to `preliminary`.
  ///
  /// Throws as `readReply`, all within one time-out, and `.malformed` when there are too many.
  public func readFinalReply(_ preliminary: (Reply) -> Void = { _ in }) throws(FTPError) -> Reply {
    let deadline = Deadline.after(replyTimeout)
    for _ in 0..<Limits.preliminaryReplies {
      let reply = try readReply(until: deadline)
      guard reply.category == .preliminary else { return reply }
      preliminary(reply)
    }
    throw failed(FTPError(.malformed, "\(host) keeps saying that it has begun"))
  }

  /// A line that has come, with all of its CRLF: a LF that is late would else be taken for something of its own, such as the first
  /// byte of TLS.
  private func nextLine(limit: Int) throws(FTPError) -> [UInt8]? {
    guard let line = try lines.next(limit: limit) else { return nil }
    do throws(FTPError) {
      if lines.mayLackLineFeed, try hasBytes(within: Self.earlyEnd) { _ = try read(until: .after(.zero)) }
    } catch {
      // The line is whole all the same. What else there is shows with the next one.
      if case .interrupted = error.kind { throw error }
    }
    return line
  }

  /// Puts a line of `readLine`'s to the reply that has begun; returns the reply that it completes. What a time-out has cut in two goes
  /// on with the next line. Throws as `readReply`.
  package func put(_ line: [UInt8]) throws(FTPError) -> Reply? {
    do throws(FTPError) {
      let deadline = lineDeadline ?? .after(replyTimeout)
      if let reply = try parser.append(line) { return try accept(reply, until: deadline) }
      return try hasEndedEarly() ? accept(parser.endEarly(), until: deadline) : nil
    } catch {
      throw failed(error)
    }
  }

  /// The reply that `put` has put together, where the connection's end is its own: see `ReplyParser.mayHaveEnded`.
  package func endEarly() -> Reply? { parser.mayHaveEnded ? settle(parser.endEarly()) : nil }

  /// Puts a reply back: the next `readReply` returns it. For a final reply that came before its time.
  public func unread(_ reply: Reply) {
    unread = reply
    outstanding += 1
  }

  private func settle(_ reply: Reply) -> Reply {
    if reply.category == .permanent { representationChanges.seeRefusal() }
    seeRestart(reply)
    guard reply.category != .preliminary || reply.measuresBrokenTransfer else { return reply }
    // Who reads an answer to what was not sent here has sent it past this: it may be that to any command.
    if outstanding == 0, reply.code == 200 || reply.code == 250 {
      representationChanges.doubt()
      trail.lose()
    }
    outstanding = max(0, outstanding - 1)
    if outstanding == 0 {
      trail.answered(reply)
      repliesAreStale = false
      owesTransferReply = false
      hasBrokenHandshake = false
      keepAlives = 0
      settlements &+= 1
    }
    return reply
  }

  /// Looks whether what `REST` said is in force: see `Command.Word.leavesRestartWhenRefused`.
  private func seeRestart(_ reply: Reply) {
    guard restart != .none || formerRestart != nil else { return }
    switch reply.category {
    case .preliminary: formerRestart = nil
    case .transient, .permanent:
      if let formerRestart {
        (restart, restartPlace) = formerRestart
      } else if lastWord == "REST" {
        restart = .none
      }
      formerRestart = nil
    default: break
    }
  }

  /// Takes bytes that the server has sent into the buffer; returns how many.
  private func read(until deadline: Deadline) throws(FTPError) -> Int {
    try reading { (memory) throws(FTPError) in
      let count = try stream.read(into: memory, until: deadline)
      isFull = count == memory.count
      lines.append(memory.prefix(count))
      return count
    }
  }

  /// Reads what the server sent. Where that is one whole reply of one line, as nearly always, it is returned; otherwise it is in the buffer.
  private func readWholeReply(until deadline: Deadline) throws(FTPError) -> Reply? {
    try reading { (memory) throws(FTPError) in
      try wholeReply(in: memory, stream.read(into: memory, until: deadline))
    }
  }

  func wholeReply(in memory: UnsafeMutableRawBufferPointer, _ count: Int) throws(FTPError) -> Reply? {
    guard count > 0 else { throw closed }
    isFull = count == memory.count
    let bytes = UnsafeRawBufferPointer(start: memory.baseAddress, count: min(count, memory.count))
    if let reply = lines.takeOnlyReply(bytes, limit: lineLimit) { return reply }
    lines.append(bytes)
    return nil
  }

  /// Reads what the server sent. Returns a last line that the server left without an end before it closed, when it has a whole code:
  /// `22` is no success.
  private func fill(until deadline: Deadline) throws(FTPError) -> [UInt8]? {
    guard try read(until: deadline) == 0 else { return nil }
    if let line = try lines.rest(), line.count > 3, line[3] == ASCII.space, line.prefix(3).decimal() != nil {
      return line
    }
    throw closed
  }

  private var closed: FTPError { FTPError(.closed, "\(host) closed the connection") }
}
