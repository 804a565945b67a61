/// Where a download goes.
///
/// `write` and `read` are called detached from the interpreter. What a sink throws is a failure of this side, and ends the transfer.
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
  /// Notes which parts are in place while they do not come in order, none to begin with, for a later run; nil ends that: what is behind `length`
  /// is dropped then. Called detached or not.
  func note(_ parts: [Range<UInt64>]?) throws
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
