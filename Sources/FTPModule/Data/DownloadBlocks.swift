import FTPClient
import PythonBridge

/// The memory that a download is read into, and that becomes the `bytes` of its callback.
struct DownloadBlocks {
  /// From how many bytes on to ask for what waits costs less than to copy it.
  private static let worthAsking = 16 * 1024

  /// The most that one block may have.
  private let largest: Int
  private var block: BytesBlock
  /// As large as what waits, which is less than the block.
  private var exact: BytesBlock?

  /// The first block is small. Attached. Throws only `MemoryError`.
  init(atMost size: Int) throws(PythonError) {
    largest = min(size, BlockSize.limit)
    block = try BytesBlock(capacity: min(largest, DataTransfer.firstRead))
  }

  /// What to read into next, detached or not.
  var memory: UnsafeMutableRawBufferPointer { exact?.memory ?? block.memory }

  /// Hands the first `count` bytes of the memory to the callback, and has memory for the next. Attached.
  mutating func pass(_ count: Int, to callback: PythonObject, from stream: PythonStream?) throws {
    if let exact {
      self.exact = nil
      _ = try callback.call(exact.take(count))
    } else {
      _ = try callback.call(block.take(count))
      guard block.isAtHand else {
        if block.memory.count < largest { keepHeap() }
        // Behind the call, which has given the full block's memory back: the processor's cache still knows it.
        block = try BytesBlock(capacity: largest)
        return
      }
    }
    // What does not fill the block is copied: a callback that takes long finds as much there each time as the server may send ahead.
    guard count >= Self.worthAsking, let waiting = stream?.waitingCount, waiting >= Self.worthAsking,
      waiting < block.memory.count
    else { return }
    exact = try BytesBlock(capacity: waiting)
  }

  /// Has the C library keep the memory of a few blocks, instead of giving it back to the system and having it cleared for the next: it keeps
  /// twice what has been the largest piece until then that came from the system alone and was freed (`M_TRIM_THRESHOLD`).
  private func keepHeap() {
    do { _ = try BytesBlock(capacity: 4 * largest) } catch { PythonError.clear() }
  }
}
