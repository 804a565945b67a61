public import FTPClient

extension FTPConnection {
  /// Uploads what a sequence brings, block by block (`STOR`), as fast as the server takes it. Returns the server's final 2yz reply.
  ///
  /// Until it has ended no other call can be made on the connection. What the sequence throws breaks the upload off and is thrown on; then, as after a
  /// cancellation, the server may hold a part.
  @discardableResult
  public nonisolated func upload<Blocks: AsyncSequence>(_ blocks: sending Blocks, to path: String) async throws -> Reply
  where Blocks.Element == [UInt8] {
    let owner = TransferOwner(self)
    try await begin(Command("STOR", path), from: 0, owner: owner)
    do {
      for try await block in blocks where !block.isEmpty { try await send(block, owner) }
      // Many sequences end when the task is cancelled: that is not the end of the file.
      try Task.checkCancellation()
    } catch {
      await abandon(owner)
      throw error
    }
    return try await end(owner)
  }

  /// Uploads bytes (`STOR`). Returns the server's final 2yz reply.
  @discardableResult
  public func upload(_ content: [UInt8], to path: String) throws -> Reply {
    try usable { (session) throws(FTPError) in
      var rest = content[...]
      return try session.store(path) { buffer in
        let block = rest.prefix(buffer.count)
        buffer.copyBytes(from: block)
        rest = rest.dropFirst(block.count)
        return block.count
      }
    }
  }
}
