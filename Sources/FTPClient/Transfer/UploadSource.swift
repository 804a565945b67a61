/// Where an upload comes from. What it throws is a failure of this side.
package protocol UploadSource: AnyObject {
  /// The place for messages.
  var name: String { get }
  /// Bytes, where that is known before they are read.
  var size: UInt64? { get }
  /// When the file was last changed.
  var modified: FileStatus.Time? { get }
  /// What tells this version of this file of this computer from all others; nil where nothing does.
  var identity: String? { get }
  /// Whether the file is another than it was when it was opened.
  var hasChanged: Bool { get }
  /// Looks at the file anew.
  func refresh() throws
  /// The regular file behind it, which may be sent without a copy in this process; nil where there is none.
  var file: CInt? { get }
  /// Reads from an offset on; 0 is the end. Throws for an offset that it cannot go back to.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int
}

extension UploadSource {
  package var file: CInt? { nil }

  /// The command that gives a file of the server's this one's time; nil where there is none. vsftpd and some others take `MDTM`.
  func timing(_ path: [UInt8], _ client: any TransferClient) throws -> RemoteRenaming.Command? {
    guard let modified else { return nil }
    let features = try client.features()
    guard let verb = ["MFMT", "MDTM"].first(where: features.has) else { return nil }
    return (verb, Array("\(modified.digits) ".utf8) + path)
  }

  /// Sends what there is from `start` on as far as that goes without a copy in this process; returns how far. `sent` gets what has gone each time. Of a
  /// small file it is not worth the calls.
  func move(over data: DataTransfer, from start: UInt64, _ sent: (_ count: Int) throws -> Void) throws -> UInt64 {
    guard let file, let size, size > start, size - start >= UInt64(DataTransfer.largestRead) else { return start }
    let before = data.transferred
    try data.send(file: file, from: start, sent)
    return start &+ (data.transferred &- before)
  }

  /// Sends what there is from `start` on. `sent` gets each block that has gone, and where it stands in the file.
  func send(
    over data: DataTransfer, from start: UInt64, _ sent: (UnsafeRawBufferPointer, _ place: UInt64) throws -> Void
  ) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: DataTransfer.largestRead, alignment: 16)
    defer { buffer.deallocate() }
    var place = start
    while true {
      let count = try LocalFailure.marking { min(try read(into: buffer, at: place), buffer.count) }
      guard count > 0 else { return }
      let block = UnsafeRawBufferPointer(rebasing: buffer.prefix(count))
      try data.send(block)
      try sent(block, place)
      place &+= UInt64(count)
    }
  }
}
