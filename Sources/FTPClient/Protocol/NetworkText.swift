internal import Glibc

/// Lines of text as they travel in TYPE A: each ended by CRLF (RFC 959 section 3.1.1.1).

/// Cuts the bytes of a text download into lines. A line ends at CRLF, LF or a bare CR ("universal newlines").
public struct TextLineSplitter {
  /// The beginning of a line whose end has not come yet.
  private var pending: [UInt8] = []
  private var swallowLineFeed = false

  /// A splitter at the beginning of a text.
  public init() {}

  /// Hands each line that `chunk` completes to `body`, without its end. The bytes are valid during the call.
  ///
  /// Throws what `body` throws, and `.tooLong` for a line longer than `limit` bytes.
  public mutating func append(
    _ chunk: UnsafeRawBufferPointer, limit: Int,
    _ body: (UnsafeRawBufferPointer) throws(FTPError) -> Void
  ) throws(FTPError) {
    var rest = chunk[...]
    // Sought once, however many lines end at CR before it.
    var lineFeed: Int?
    while let first = rest.first {
      if swallowLineFeed {
        swallowLineFeed = false
        if first == ASCII.lineFeed {
          rest = rest.dropFirst()
          continue
        }
      }
      let known = lineFeed.flatMap { $0 < rest.startIndex ? nil : $0 }
      let next = known ?? Self.first(ASCII.lineFeed, in: rest) ?? chunk.endIndex
      lineFeed = next
      let end = Self.first(ASCII.carriageReturn, in: rest[..<next]) ?? next
      guard end < chunk.endIndex else {
        guard pending.count + rest.count <= limit else { throw Self.tooLong(limit) }
        pending.append(contentsOf: rest)
        return
      }
      swallowLineFeed = rest[end] == ASCII.carriageReturn
      let line = rest[..<end]
      guard pending.count + line.count <= limit else { throw Self.tooLong(limit) }
      rest = rest[(end + 1)...]
      if pending.isEmpty {
        try body(UnsafeRawBufferPointer(rebasing: line))
      } else {
        pending.append(contentsOf: line)
        try flushPending(body)
      }
    }
  }

  /// Hands over a last line that had no end; returns whether there was one.
  public mutating func finish(
    _ body: (UnsafeRawBufferPointer) throws(FTPError) -> Void
  ) throws(FTPError) -> Bool {
    guard !pending.isEmpty else { return false }
    try flushPending(body)
    return true
  }

  private mutating func flushPending(
    _ body: (UnsafeRawBufferPointer) throws(FTPError) -> Void
  ) throws(FTPError) {
    let line = pending
    pending.removeAll(keepingCapacity: true)
    try line.withUnsafeBufferPointer { (bytes) throws(FTPError) in try body(UnsafeRawBufferPointer(bytes)) }
  }

  /// Where a byte comes first: `memchr` is several times as fast as a loop.
  private static func first(_ byte: UInt8, in bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
    guard let base = UnsafeRawBufferPointer(rebasing: bytes).baseAddress else { return nil }
    return memchr(base, CInt(byte), bytes.count).map { bytes.startIndex + (UnsafeRawPointer($0) - base) }
  }

  private static func tooLong(_ limit: Int) -> FTPError {
    FTPError(.tooLong, "got more than \(limit) bytes")
  }
}

extension [UInt8] {
  /// Appends a line of a text upload with CRLF for its end: a LF, CRLF or CR that it ends with is replaced, one
  /// that it lacks is added, a CR inside stays.
  public mutating func appendNetworkLine(_ line: some BidirectionalCollection<UInt8>) {
    var line = line[...]
    if line.last == ASCII.lineFeed { line = line.dropLast() }
    if line.last == ASCII.carriageReturn { line = line.dropLast() }
    append(contentsOf: line)
    append(ASCII.carriageReturn)
    append(ASCII.lineFeed)
  }
}
