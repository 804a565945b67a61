internal import FTPClient

/// Transfers from and to files of this computer, on the connection's thread.
extension FTPConnection {
  /// Downloads into a file, which is made or overwritten once the server has agreed. Returns how far it came, which is the end.
  ///
  /// With `resume` the download goes on behind what the file holds already (`REST`); nothing is transferred when that is the whole size. Throws `.state`
  /// when it is longer than the server's, by its `SIZE`: it is another. The last bytes of the part are fetched again: throws `.mismatch` when they differ,
  /// for the server has another file or has begun elsewhere, and when more comes than what is left of the size; the file is as it was before then.
  /// `progress` is called after each block, on the connection's thread, and delays the transfer as long as it takes.
  ///
  /// Throws as `FTPSession.retrieve`, and `.system` for the file. Then, and after a cancellation, the file holds what came: to be resumed or
  /// removed.
  @discardableResult
  public func download(
    _ path: String, toFile file: String, resume: Bool = false,
    progress: (@Sendable (TransferProgress) -> Void)? = nil
  ) throws -> TransferProgress {
    try usable { (session) throws(FTPError) in
      let command = try Command("RETR", path)
      try session.setRepresentation(.binary)
      let size = try Self.size(of: path, session)
      let offset = resume ? try LocalFile.size(of: file) : 0
      if let size, offset > size {
        throw FTPError(.state, "'\(file)' is longer than '\(path)' on the server: \(offset) of \(size) bytes")
      }
      if resume, offset > 0, offset == size { return TransferProgress(done: offset, total: size) }
      var tail = try PartTail(of: file, to: offset)
      let start = offset - UInt64(tail.left.count)
      let transfer = try session.beginTransfer(command, from: start)
      var report = TransferProgress(done: offset, total: size)
      var begun: LocalFile?
      do throws(FTPError) {
        let local = try ours { () throws(FTPError) in
          try LocalFile(writing: file, from: offset, interrupt: session.configuration.interrupt)
        }
        begun = local
        try transfer.receive(blockSize: .max) { block in
          try Task.checkCancellation()
          let count = try ours { () throws(FTPError) in try tail.match(block, of: path) }
          guard count < block.count else { return }
          try ours { () throws(FTPError) in try local.write(UnsafeRawBufferPointer(rebasing: block.dropFirst(count))) }
          report = TransferProgress(done: start &+ transfer.transferred, total: size)
          progress?(report)
        }
        try session.endTransfer(transfer)
        // Not every server announces the size when it begins.
        if let size { try transfer.verify(size: size) }
        try tail.requireMatched(of: path)
        if report.isExcessive, offset > 0 { report = try Self.grown(report, path, session) }
        try ours { () throws(FTPError) in try local.close() }
      } catch {
        if report.isExcessive, offset > 0 { begun?.cut(at: offset) }
        throw session.breakOff(transfer, after: error)
      }
      return report
    }
  }

  /// Uploads a file (`STOR`). Returns how far it came, which is the end.
  ///
  /// With `resume` the upload goes on behind what the server's file holds already (`SIZE`, `REST`), and nothing is transferred when that is as long as
  /// this one. Throws `.state` when the server's is longer: it is another; `.mismatch` when it is not all there afterwards, for the server has begun
  /// elsewhere. `progress` is called after each block, on the connection's thread, and delays the transfer as long as it takes.
  ///
  /// Throws as `FTPSession.store`, and `.system` for the file; then, and after a cancellation, the server may hold a part.
  @discardableResult
  public func upload(
    file: String, to path: String, resume: Bool = false, progress: (@Sendable (TransferProgress) -> Void)? = nil
  ) throws -> TransferProgress {
    try usable { (session) throws(FTPError) in
      let local = try LocalFile(reading: file, interrupt: session.configuration.interrupt)
      let size = local.size
      let offset = resume ? try Self.sizeForResuming(path, session) : 0
      if let size, offset > size {
        throw FTPError(.state, "'\(path)' on the server is longer than '\(file)': \(offset) of \(size) bytes")
      }
      if resume, offset > 0, offset == size { return TransferProgress(done: offset, total: size) }
      try local.skip(to: offset)
      var report = TransferProgress(done: offset, total: size)
      var isFirst = true
      try session.store(path, from: offset) { buffer in
        if !isFirst { progress?(report) }
        isFirst = false
        try Task.checkCancellation()
        let count = try ours { () throws(FTPError) in try local.read(into: buffer) }
        report = TransferProgress(done: report.done &+ UInt64(count), total: size)
        return count
      }
      if offset > 0, let there = try session.size(of: path), there != report.done {
        throw FTPError(
          .mismatch,
          "the server says that it goes on with '\(path)' and does not: it has \(there) of \(report.done) bytes")
      }
      return report
    }
  }

  /// How much of a file the server has; 0 when it has none.
  private static func sizeForResuming(_ path: String, _ session: FTPSession) throws(FTPError) -> UInt64 {
    try session.setRepresentation(.binary)
    do throws(FTPError) { return try session.size(of: path) ?? 0 } catch {
      guard case .reply(let reply) = error.kind, reply.code == 550 else { throw error }
      return 0
    }
  }

  /// What has been downloaded behind a part is more than was left: right for a file that has grown meanwhile. Throws `.mismatch` for another.
  private static func grown(
    _ report: TransferProgress, _ path: String, _ session: FTPSession
  ) throws(FTPError) -> TransferProgress {
    let later = TransferProgress(done: report.done, total: try size(of: path, session) ?? report.total)
    guard later.isExcessive else { return later }
    throw FTPError(
      .mismatch,
      "the server says that it goes on with '\(path)' and does not: with what was here that makes \(later.done) of "
        + "\(later.total ?? 0) bytes")
  }

  /// The size of the server's file; nil when the server does not say.
  private static func size(of path: String, _ session: FTPSession) throws(FTPError) -> UInt64? {
    do throws(FTPError) { return try session.size(of: path) } catch {
      switch error.kind {
      // A refusal, or an answer without a number.
      case .reply, .malformed: return nil
      default: throw error
      }
    }
  }
}

/// The last bytes of a part, which a server that goes on where it should begins with.
private struct PartTail {
  /// Those that have not come yet.
  private(set) var left: ArraySlice<UInt8>
  private let file: String

  /// So much tells files apart that are not the same byte over and over.
  private static let most: UInt64 = 256

  /// Reads them from a file of `size` bytes. Throws `.system`.
  init(of file: String, to size: UInt64) throws(FTPError) {
    self.file = file
    left = []
    guard size > 0 else { return }
    let local = try LocalFile(reading: file, interrupt: nil)
    let count = min(size, Self.most)
    try local.skip(to: size - count)
    left = try local.bytes(Int(count))[...]
  }

  /// Takes what has come against them; returns how many bytes of it they were. Throws `.mismatch`.
  mutating func match(_ block: UnsafeRawBufferPointer, of path: String) throws(FTPError) -> Int {
    let count = min(left.count, block.count)
    guard left.prefix(count).elementsEqual(block.prefix(count)) else { throw mismatch(path) }
    left = left.dropFirst(count)
    return count
  }

  /// Throws `.mismatch` when the file has ended before they have come.
  func requireMatched(of path: String) throws(FTPError) { if !left.isEmpty { throw mismatch(path) } }

  private func mismatch(_ path: String) -> FTPError {
    FTPError(
      .mismatch,
      "cannot go on with '\(path)': what the server sends where '\(file)' ends is not what that holds there. It has another file, or has begun elsewhere"
    )
  }
}

extension TransferProgress {
  /// Whether it is beyond the size.
  fileprivate var isExcessive: Bool { total.map { done > $0 } ?? false }
}

/// Marks what goes wrong on this side in the middle of a transfer: the server's word on that must not take its place.
private func ours<Result>(_ body: () throws(FTPError) -> Result) throws(FTPError) -> Result {
  do throws(FTPError) { return try body() } catch {
    // Whoever stops it is no fault of the file's.
    if case .interrupted = error.kind { throw error }
    throw FTPError(interruptedBy: error)
  }
}
