import Synchronization

/// Small files to the server, with fewer ways there and back: what follows the data goes together.
extension TreeWorker {
  /// Uploads a small file under a temporary name, looks whether it is whole, gives it its time, and renames it, all but
  /// the last in one piece.
  ///
  /// Nil when that did not come to its end: nothing stands under the file's own name then but what was there, or the
  /// file; `FileUpload` is to do it.
  func storeAtOnce(_ source: LocalSource, _ path: TreeRun.Path) throws -> FTPTransfer.Result? {
    guard let size = source.size, let name = path.last, run.state.withLock({ $0.storesAtOnce }) else { return nil }
    let title = TreeRun.joined(path).text
    let target = remote(path.dropLast() + [RandomName.beside(name, ".\(RandomName.make()).part")])
    var isAsked = false
    // Whether what follows the data goes before the server has said that it has it.
    var isUnderWay = false
    do {
      try connect()
      let report = ProgressReport(title, run.listener(client.plain))
      try report.tell(0, of: size, attempt: 1, now: true)
      try client.beBinary()
      let commands = try finish(source, target)
      isUnderWay = client.maySendBehindData
      isAsked = true
      let sent = try send(source, to: target, behind: isUnderWay ? commands : [])
      let isWhole = sent == size && !source.hasChanged
      if !isUnderWay, isWhole { _ = try client.pipeline(commands) }
      guard isWhole, try agree(size, commands, isUnderWay), try rename(to: remote(path)) else {
        try discard(target)
        return nil
      }
      try report.tell(size, of: size, attempt: 1, now: true)
      return FTPTransfer.Result(sent: size)
    } catch {
      let error = TransferFailure.unwrapped(error)
      if let refusal = error as? FTPError, case .reply(let reply) = refusal.kind, reply.category == .permanent {
        // Such as a name that the server does not take: the engine knows what to do, for this file and the rest.
        run.state.withLock { $0.storesAtOnce = false }
        // Or that there is no more room, behind a part of it.
        client.trying { try discard(target) }
        return nil
      }
      let isRefused = error is AheadRefused
      if isUnderWay, isRefused || client.isServers(error) { client.noteBehindData(false) }
      guard isRefused || TransferFailure.fault(of: error, client) != .permanent else {
        // Broken off by this side.
        client.cleaningUp { if isAsked { client.trying { try discard(target) } } }
        throw error
      }
      // The engine has the session again, and finds out what is the matter. What may be left is removed with the next
      // session.
      client.disconnect()
      try persistently("uploading '\(title)'") { _ = try client.execute("DELE", target) }
      return nil
    }
  }

  /// Sends the data, and commands behind it, before the server says that it has it.
  private func send(
    _ source: LocalSource, to target: [UInt8], behind commands: [(verb: String, argument: [UInt8]?)]
  ) throws -> UInt64 {
    let transfer = try client.begin("STOR", target, from: 0)
    var position: UInt64 = 0
    var isUnderWay = false
    var reply: Reply?
    do {
      try transfer.run { data in
        try source.send(over: data, from: 0) { block, _ in position &+= UInt64(block.count) }
      }
      if !commands.isEmpty { isUnderWay = try client.pipeline(commands) }
      reply = try transfer.end()
    } catch {
      let error = transfer.breakOff(after: error)
      throw isUnderWay && client.isServers(error) ? AheadRefused() : error
    }
    // Another is the answer to one of the commands, come too early.
    if isUnderWay, ![226, 250].contains(reply?.code) { throw AheadRefused() }
    return position
  }

  /// The commands that look whether the server has all of it, give it its time, and get ready to rename it.
  private func finish(_ source: LocalSource, _ target: [UInt8]) throws -> [(verb: String, argument: [UInt8]?)] {
    [("SIZE", target)] + [try source.timing(target, client)].compactMap(\.self) + [("RNFR", target)]
  }

  /// Whether the answers to those are that the server has it, and is ready to rename.
  private func agree(
    _ size: UInt64, _ commands: [(verb: String, argument: [UInt8]?)], _ isUnderWay: Bool
  ) throws -> Bool {
    let isTrial = isUnderWay && run.state.withLock { $0.allowsPipeliningAfterData == nil }
    var replies: [Reply] = []
    for command in commands {
      if isTrial, try !client.hasReply(within: QuestionsTogether.patience) { throw AheadRefused() }
      replies.append(try client.execute(command.verb, command.argument))
    }
    guard let first = replies.first, let last = replies.last, last.category == .intermediate else {
      if isUnderWay { client.noteBehindData(false) }
      return false
    }
    if isTrial { client.noteBehindData(true) }
    // Who knows no SIZE has confirmed the transfer all the same.
    guard first.category == .completion else { return true }
    return try FileStatus.size(of: first) == size
  }

  /// Removes what stands under the temporary name. Behind RNFR ProFTPD 1.3.8 takes nothing but RNTO.
  private func discard(_ target: [UInt8]) throws {
    _ = try client.execute("RNTO", target)
    _ = try client.execute("DELE", target)
  }

  private func rename(to new: [UInt8]) throws -> Bool {
    let hasMore = run.state.withLock { $0.hasMoreSmallFiles }
    return try (hasMore ? client.executeAskingForPort("RNTO", new) : client.execute("RNTO", new)).category
      == .completion
  }
}
