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
    let target = remote(
      path.dropLast() + [Array(".".utf8) + name.prefix(230) + Array(".\(RandomName.make()).part".utf8)])
    var isStored = false
    do {
      try connect()
      let report = ProgressReport(title, run.listener(client.plain))
      try client.beBinary()
      try report.tell(0, of: size, attempt: 1, now: true)
      let sent = try send(source, to: target)
      isStored = true
      let isWhole = sent == size && !source.hasChanged
      guard isWhole, try agree(size, source, target), try rename(target, to: remote(path)) else {
        _ = try client.execute("DELE", target)
        return nil
      }
      try report.tell(size, of: size, attempt: 1, now: true)
      return FTPTransfer.Result(sent: size)
    } catch {
      let error = TransferFailure.unwrapped(error)
      if error is LocalFailure { throw error }
      if let refusal = error as? FTPError, case .reply(let reply) = refusal.kind, reply.category == .permanent {
        // Such as a name that the server does not take: the engine knows what to do, for this file and the rest.
        run.state.withLock { $0.storesAtOnce = false }
        return nil
      }
      guard TransferFailure.fault(of: error, client) != .permanent else {
        // Broken off by this side: behind RNFR ProFTPD 1.3.8 takes nothing but RNTO.
        if isStored {
          client.trying {
            _ = try client.execute("RNTO", target)
            _ = try client.execute("DELE", target)
          }
        }
        throw error
      }
      // The engine has the session again, and finds out what is the matter. What may be left is removed with the next
      // session.
      client.disconnect()
      try persistently("uploading '\(title)'") { _ = try client.execute("DELE", target) }
      return nil
    }
  }

  private func send(_ source: LocalSource, to target: [UInt8]) throws -> UInt64 {
    let transfer = try client.begin("STOR", target, from: 0)
    var position: UInt64 = 0
    do {
      try transfer.run { data in
        try source.send(over: data, from: 0) { block, _ in position &+= UInt64(block.count) }
      }
      try transfer.end()
    } catch { throw transfer.breakOff(after: error) }
    return position
  }

  /// Whether the server has all of it, and is ready to rename; gives it its time on the way.
  private func agree(_ size: UInt64, _ source: LocalSource, _ target: [UInt8]) throws -> Bool {
    let features = try client.features()
    var commands: [(verb: String, argument: [UInt8]?)] = [("SIZE", target)]
    if let modified = source.modified, let verb = ["MFMT", "MDTM"].first(where: features.has) {
      commands.append((verb, Array("\(modified.digits) ".utf8) + target))
    }
    commands.append(("RNFR", target))
    _ = try client.sendAhead(commands)
    var replies: [Reply] = []
    for command in commands { replies.append(try client.execute(command.verb, command.argument)) }
    guard let first = replies.first, let last = replies.last, last.category == .intermediate else { return false }
    // Who knows no SIZE has confirmed the transfer all the same.
    guard first.category == .completion else { return true }
    return try FileStatus.size(of: first) == size
  }

  private func rename(_ old: [UInt8], to new: [UInt8]) throws -> Bool {
    let hasMore = run.state.withLock { $0.hasMoreSmallFiles }
    return try (hasMore ? client.executeAsking("RNTO", new) : client.execute("RNTO", new)).category == .completion
  }
}
