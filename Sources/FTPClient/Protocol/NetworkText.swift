internal import Glibc

// Lines of text as they travel in TYPE A: each ended by CRLF (RFC 959 section 3.1.1.1).

/// Cuts the bytes of a text download into lines. A line ends at CRLF, LF or a bare CR ("universal newlines").
public struct TextLineSplitter {
  /// The beginning of a line whose end has not come yet.
  private var pending: [UInt8] = []
  private var swallowLineFeed = false
  /// Those of the chunk that is cut now: memory that is used again.
  private var lines: [UnsafeRawBufferPointer] = []

  /// A splitter at the beginning of a text.
  public init() {}

  /// Hands each line that `chunk` completes to `body`, without its end. The bytes are valid during the call.
  ///
  /// Throws what `body` throws, and `.tooLong` for a line longer than `limit` characters of UTF-8.
  public mutating func append(
    _ chunk: UnsafeRawBufferPointer, limit: Int,
    _ body: (UnsafeRawBufferPointer) throws(FTPError) -> Void
  ) throws(FTPError) {
    func each(_ lines: [UnsafeRawBufferPointer]) throws(FTPError) { for line in lines { try body(line) } }
    try cut(chunk, limit: limit, each)
  }

  /// The same as `append`, with many lines in one call of `body`: for who has very many to handle.
  public mutating func cut(
    _ chunk: UnsafeRawBufferPointer, limit: Int,
    _ body: ([UnsafeRawBufferPointer]) throws(FTPError) -> Void
  ) throws(FTPError) {
    guard let start = chunk.baseAddress else { return }
    lines.removeAll(keepingCapacity: true)
    var position = 0
    // Sought once, however many lines end at CR before it.
    var lineFeed = -1
    while position < chunk.count {
      if swallowLineFeed {
        swallowLineFeed = false
        if chunk[position] == ASCII.lineFeed {
          position += 1
          continue
        }
      }
      if lineFeed < position {
        lineFeed =
          Self.first(ASCII.lineFeed, from: start + position, chunk.count - position).map { $0 - start } ?? chunk.count
      }
      let end =
        Self.first(ASCII.carriageReturn, from: start + position, lineFeed - position).map { $0 - start } ?? lineFeed
      let line = UnsafeRawBufferPointer(start: start + position, count: end - position)
      guard pending.count + line.count <= limit || !(pending + line).isLonger(than: limit) else {
        try body(lines)
        throw FTPError(longerThan: limit)
      }
      guard end < chunk.count else {
        pending.append(contentsOf: line)
        break
      }
      swallowLineFeed = end < lineFeed
      position = end + 1
      if pending.isEmpty {
        lines.append(line)
      } else {
        pending.append(contentsOf: line)
        try flushPending { (line) throws(FTPError) in try body([line]) }
      }
    }
    if !lines.isEmpty { try body(lines) }
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
  private static func first(_ byte: UInt8, from start: UnsafeRawPointer, _ count: Int) -> UnsafeRawPointer? {
    memchr(start, CInt(byte), count).map { UnsafeRawPointer($0) }
  }
}

extension Collection<UInt8> {
  /// Whether a line has more characters of UTF-8 than `limit`. None takes more than four bytes: so bytes that are none count as well.
  func isLonger(than limit: Int) -> Bool {
    guard count > limit else { return false }
    return (count + 3) / 4 > limit || reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 } > limit
  }
}

extension [UInt8] {
  /// Appends a line of a text upload with CRLF for its end: a LF, CRLF or CR that it ends with is replaced, one
  /// that it lacks is added, a CR inside stays.
  package mutating func appendNetworkLine(_ line: some BidirectionalCollection<UInt8>) {
    var line = line[...]
    if line.last == ASCII.lineFeed { line = line.dropLast() }
    if line.last == ASCII.carriageReturn { line = line.dropLast() }
    append(contentsOf: line)
    append(ASCII.carriageReturn)
    append(ASCII.lineFeed)
  }
}
