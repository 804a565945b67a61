/// How large the blocks are that transfers make `bytes` objects of.
///
/// The largest are what the client works fastest with. A host that gives its script little memory sets a smaller limit, once,
/// before the interpreter starts.
package enum BlockSize {
  /// The most that one block may have.
  nonisolated(unsafe) static private(set) var limit = 256 * 1024

  /// The first read of an upload when nobody said a size; it grows to the limit.
  static var first: Int { min(64 * 1024, limit) }

  /// Keeps blocks to a sixteenth of a heap: one is alive while the next is made, and the script's buffers need room too. Never below
  /// the device's own block of 2 KiB.
  package static func limit(toHeap bytes: Int) { limit = min(256 * 1024, max(2048, bytes / 16)) }
}
