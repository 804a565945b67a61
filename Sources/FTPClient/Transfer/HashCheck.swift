/// Compares the hash of what went over with the server's, where both sides have one in common.
///
/// The hash grows while bytes pass in order; what it has missed it reads again at the end.
final class HashCheck {
  private let hashing: (any ContentHashing)?
  private var command: HashCommand?
  private var hash: (any ContentHash)?
  private var isChosen = false
  /// Bytes from the beginning that the hash has seen.
  private(set) var count: UInt64 = 0

  /// Whether it wants to see what goes over.
  var isWatching: Bool { hash != nil }

  init(_ hashing: (any ContentHashing)?) { self.hashing = hashing }

  /// Chooses the hash, once the server's features are known.
  func choose(_ features: ServerFeatures) throws {
    guard !isChosen, let hashing else { return }
    isChosen = true
    for command in features.hashes {
      guard let hash = try LocalFailure.marking({ try hashing.begin(command.algorithm) }) else { continue }
      (self.command, self.hash) = (command, hash)
      return
    }
  }

  /// Bytes at an offset have gone over.
  func saw(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
    guard let hash, offset == count else { return }
    try LocalFailure.marking { try hash.update(bytes) }
    count &+= UInt64(bytes.count)
  }

  /// Begins anew.
  func restart() throws {
    guard let command, let hashing, count > 0 else { return }
    hash = try LocalFailure.marking { try hashing.begin(command.algorithm) }
    count = 0
  }

  /// Sees what it has missed up to `end`, by `read`.
  func catchUp(
    to end: UInt64, _ client: any TransferClient, _ read: (UnsafeMutableRawBufferPointer, UInt64) throws -> Int
  ) throws {
    guard hash != nil, count < end else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: DataTransfer.largestRead, alignment: 16)
    defer { buffer.deallocate() }
    while count < end {
      try client.pause(.zero)
      try client.detached {
        let most = min(UInt64(buffer.count), end - count)
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(most)))
        let got = try LocalFailure.marking { try read(room, count) }
        guard got > 0 else { throw LocalFailure(FTPError(.mismatch, "what was written cannot be read again")) }
        try saw(UnsafeRawBufferPointer(rebasing: room.prefix(got)), at: count)
      }
    }
  }

  /// Compares; nil when there is nothing to compare. Throws `.mismatch`. Called once all has been seen.
  func verify(_ client: any TransferClient, _ path: [UInt8]) throws -> FTPTransfer.Verification? {
    guard let command, let hash else { return nil }
    let theirs: [UInt8]?
    do { theirs = try command.ask(client, path) } catch {
      // A server that dies of the question, or takes longer than anyone waits, is not asked again.
      self.command = nil
      throw error
    }
    guard let theirs else { return nil }
    let ours = try LocalFailure.marking { try hash.finish() }
    // It is finished: another attempt needs another.
    self.hash = try LocalFailure.marking { try hashing?.begin(command.algorithm) }
    count = 0
    guard ours == theirs else {
      throw FTPError(
        .mismatch,
        "the content differs: \(command.algorithm.rawValue) is \(ours.hexadecimalDigits) here and \(theirs.hexadecimalDigits) on the server"
      )
    }
    return .hash(command.algorithm, ours)
  }
}
