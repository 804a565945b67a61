internal import FTPClient

/// A file on its way from the server, block by block: `for try await block in connection.download("file") { ... }`.
///
/// It begins when it is first read, and goes on as fast as it is read: nothing is fetched ahead but what the system's buffers hold. Each iteration is a download of
/// its own. Until it has ended no other call can be made on the connection; leaving the loop early, or cancelling the task, breaks it off.
public struct Download: AsyncSequence, Sendable {
  /// At least one byte, at most 256 KiB.
  public typealias Element = [UInt8]

  let connection: FTPConnection
  let path: String
  let offset: UInt64

  /// Begins anew.
  public func makeAsyncIterator() -> Iterator { Iterator(download: self) }

  /// Where an iteration stands.
  public struct Iterator: AsyncIteratorProtocol {
    private let download: Download
    private var owner: TransferOwner?
    private var isOver = false

    init(download: Download) { self.download = download }

    /// The next block; nil when the file is whole: the server has confirmed it, and its size is the announced one.
    ///
    /// Throws as `FTPSession.retrieve`; then what came is not the whole file.
    public mutating func next() async throws -> [UInt8]? {
      guard !isOver else { return nil }
      do {
        if owner == nil {
          let owner = TransferOwner(download.connection)
          try await download.connection.begin(
            Command("RETR", download.path), from: download.offset, owner: owner)
          self.owner = owner
        }
        guard let owner, let block = try await download.connection.receive(owner) else {
          isOver = true
          return nil
        }
        return block
      } catch {
        isOver = true
        throw error
      }
    }
  }
}

extension FTPConnection {
  /// A file to be read block by block (`RETR`), from `offset` on.
  public nonisolated func download(_ path: String, from offset: UInt64 = 0) -> Download {
    Download(connection: self, path: path, offset: offset)
  }

  /// The whole of a file (`RETR`), at most `limit` bytes. Throws `.tooLong` for a longer one, and as `FTPSession.retrieve`.
  public func content(of path: String, limit: Int = 64 * 1024 * 1024) throws -> [UInt8] {
    try usable { (session) throws(FTPError) in
      var content: [UInt8] = []
      try session.retrieve(path) { block in
        guard content.count + block.count <= limit else {
          throw FTPError(.tooLong, "'\(path)' is longer than \(limit) bytes")
        }
        content.append(contentsOf: block)
      }
      return content
    }
  }
}
