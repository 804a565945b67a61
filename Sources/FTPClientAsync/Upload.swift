public import FTPClient

extension FTPConnection {
  /// Uploads what a sequence brings, block by block (`STOR`), as fast as the server takes it. Returns the server's final 2yz reply.
  ///
  /// `offset` puts it behind the first so many bytes of the server's file (`REST`).
  ///
  /// Until it has ended no other call can be made on the connection. What the sequence throws breaks the upload off and is thrown on; then, as after a
  /// cancellation, the server may hold a part.
  @discardableResult
  public nonisolated func upload<Blocks: AsyncSequence>(
    _ blocks: sending Blocks, to path: String, from offset: UInt64 = 0
  ) async throws -> Reply
  where Blocks.Element == [UInt8] {
    let owner = TransferOwner(self)
    try await begin(Command("STOR", path), from: offset, owner: owner)
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

  /// Uploads bytes (`STOR`), behind the first `offset` bytes of the server's file (`REST`). Returns the server's final 2yz reply.
  @discardableResult
  public func upload(_ content: [UInt8], to path: String, from offset: UInt64 = 0) throws -> Reply {
    try usable { (session) throws(FTPError) in
      var rest = content[...]
      return try session.store(path, from: offset) { rest.move(into: $0) }
    }
  }

  /// Adds bytes to the end of a file, or makes it (`APPE`). Returns the server's final 2yz reply.
  @discardableResult
  public func append(_ content: [UInt8], to path: String) throws -> Reply {
    try usable { (session) throws(FTPError) in
      var rest = content[...]
      return try session.append(to: path) { rest.move(into: $0) }
    }
  }

  /// Uploads bytes under a name that the server chooses (`STOU`), which its reply names on most servers.
  @discardableResult
  public func uploadUnique(_ content: [UInt8]) throws -> Reply {
    try usable { (session) throws(FTPError) in
      var rest = content[...]
      return try session.storeUnique { rest.move(into: $0) }
    }
  }
}

extension ArraySlice<UInt8> {
  /// Fills the buffer with the first bytes, which go from here; how many they are.
  fileprivate mutating func move(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let block = prefix(buffer.count)
    buffer.copyBytes(from: block)
    self = dropFirst(block.count)
    return block.count
  }
}
