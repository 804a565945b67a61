/// How far a transfer is.
public struct TransferProgress: Sendable, Equatable {
  /// Bytes of the file that have been transferred, those of an earlier part that is resumed included.
  public let done: UInt64
  /// The file's size, where it is known.
  public let total: UInt64?

  /// A progress, as for a test of a handler.
  public init(done: UInt64, total: UInt64?) {
    self.done = done
    self.total = total
  }
}
