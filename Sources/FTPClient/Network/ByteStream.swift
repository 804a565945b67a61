/// A connection: the one protocol through which a session reads and writes.
///
/// `Socket` is the plain one; TLS, or a socket that lives in another language, are others. A stream is used by one
/// thread at a time.
public protocol ByteStream: AnyObject {
  /// Reads what is there, at least one byte, at most the buffer; 0 is the end of the stream.
  ///
  /// Blocks until `deadline`, then throws `.timedOut`.
  func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) throws(FTPError) -> Int

  /// Writes all bytes. Blocks; throws `.timedOut` when nothing could be written for `idleTimeout`.
  func write(_ bytes: UnsafeRawBufferPointer, idleTimeout: Duration?) throws(FTPError)

  /// How many bytes of the last `write` had gone when it threw `.interrupted`; nil where nobody knows.
  var interruptedWrite: Int? { get }

  /// Whether a `read` would return at once, now or within `timeout`.
  func isReadable(within timeout: Duration) throws(FTPError) -> Bool

  /// Ends both directions without closing: whoever waits on the stream wakes and reads its end.
  func shutdown()

  /// Closes. Later calls do nothing.
  func close()
}

/// What a stream of another language threw, as `.interrupted`, where it is the connection that has failed.
package protocol StreamFailure: Error {}

extension ByteStream {
  /// Nobody knows.
  public var interruptedWrite: Int? { nil }

  /// Writes all of an array's bytes.
  public func write(_ bytes: [UInt8], idleTimeout: Duration?) throws(FTPError) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(FTPError) in
      try write(UnsafeRawBufferPointer(buffer), idleTimeout: idleTimeout)
    }
  }
}
