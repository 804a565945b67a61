/// Where a download goes.
///
/// Detached calls: `write`, `read`. What a sink throws is a failure of this side, and ends the transfer.
package protocol DownloadSink: AnyObject {
  /// The place for messages.
  var name: String { get }
  /// Bytes from the beginning that are in place.
  var length: UInt64 { get }
  /// Whether what has been written can be read again.
  var isReadable: Bool { get }
  /// Whether it takes bytes in any order.
  var isRandom: Bool { get }
  /// Makes ready for a file with these facts; `length` is then what an earlier run has left of it.
  func open(for facts: RemoteFacts, identity: String, resuming: Bool) throws
  /// Writes at an offset; behind `length` only where `isRandom`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws
  /// Writes what a stream has, at most `most` bytes, at an offset, without a copy of it in this process. Returns how many they were, 0 at the stream's
  /// end; nil where that cannot be, when nothing was taken.
  func move(_ stream: any FileReceiving, at offset: UInt64, most: Int, until deadline: Deadline) throws -> Int?
  /// Reads what is in place; 0 is its end.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int
  /// Forgets all that was written. Throws where that cannot be.
  func restart(for facts: RemoteFacts, identity: String) throws
  /// Notes which parts are in place when they do not come in order, for a later run; none ends that, and what is behind `length` is
  /// dropped.
  func note(_ parts: [Range<UInt64>]) throws
  /// The parts that an earlier run noted, beyond `length`.
  var noted: [Range<UInt64>] { get }
  /// All is in place: shows it under its name, with its time.
  func complete(modified: FileStatus.Time?) throws
  /// It did not come to an end; `keeping` is for a later run.
  func abandon(keeping: Bool)
}

extension DownloadSink {
  package func move(_ stream: any FileReceiving, at offset: UInt64, most: Int, until deadline: Deadline) throws -> Int?
  { nil }
}

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
