internal import Glibc

// Text files as they travel in TYPE A, whole blocks of lines at a time: for who writes or reads a file, and sees no single line.

/// Makes a text file of a text download: each line ended by LF. What `TextLineSplitter` takes for a line's end is one here too.
public struct TextBlockDecoder {
  /// The beginning of a line whose end has not come yet.
  private var pending: [UInt8] = []
  private var swallowLineFeed = false

  /// A decoder at the beginning of a text.
  public init() {}

  /// The lines that `chunk` completes, each with a LF; empty when it completes none.
  ///
  /// Throws `.tooLong` for a line longer than `limit` characters of UTF-8.
  public mutating func append(_ chunk: UnsafeRawBufferPointer, limit: Int) throws(FTPError) -> [UInt8] {
    var chunk = chunk[...]
    if swallowLineFeed, let first = chunk.first {
      swallowLineFeed = false
      if first == ASCII.lineFeed { chunk = chunk.dropFirst() }
    }
    guard let base = UnsafeRawBufferPointer(rebasing: chunk).baseAddress else { return [] }
    let source = UnsafeRawBufferPointer(start: base, count: chunk.count)
    var isTooLong = false
    var rest = 0
    var lines = [UInt8](unsafeUninitializedCapacity: pending.count + source.count) { lines, count in
      guard let target = lines.baseAddress else { return }
      pending.withUnsafeBytes { count = Self.copy($0, to: target, at: 0) }
      // Where the line begins that is being read.
      var start = 0
      var position = 0
      while position < source.count {
        let end = Self.first(ASCII.carriageReturn, in: source, from: position)
        let run = UnsafeRawBufferPointer(rebasing: source[position..<(end ?? source.count)])
        let before = count
        count = Self.copy(run, to: target, at: count)
        // Only a run that is longer than a line may be needs a look at the LFs in it, but for the last.
        if count - start > limit || end == nil {
          let written = UnsafeRawBufferPointer(start: target, count: count)
          var search = before
          while let lineFeed = Self.first(ASCII.lineFeed, in: written, from: search) {
            if written[start..<lineFeed].isLonger(than: limit) { isTooLong = true }
            start = lineFeed + 1
            search = start
          }
          if written[start...].isLonger(than: limit) { isTooLong = true }
        }
        guard let end else { break }
        target[count] = ASCII.lineFeed
        count += 1
        start = count
        position = end + 1
        if position == source.count {
          swallowLineFeed = true
        } else if source[position] == ASCII.lineFeed {
          position += 1
        }
      }
      rest = count - start
    }
    if isTooLong { throw FTPError(longerThan: limit) }
    pending = Array(lines.suffix(rest))
    lines.removeLast(rest)
    return lines
  }

  /// A last line that had no end, without one; empty when there is none.
  public mutating func finish() -> [UInt8] {
    defer { pending = [] }
    return pending
  }

  private static func first(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard start < bytes.count, let base = bytes.baseAddress else { return nil }
    return memchr(base + start, CInt(byte), bytes.count - start).map { UnsafeRawPointer($0) - base }
  }

  fileprivate static func copy(
    _ bytes: UnsafeRawBufferPointer, to target: UnsafeMutablePointer<UInt8>, at position: Int
  ) -> Int {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return position }
    memcpy(target + position, base, bytes.count)
    return position + bytes.count
  }
}

/// Makes a text upload of a text file: as `appendNetworkLine` for each line, a line being what ends at LF.
public struct TextBlockEncoder {
  /// The beginning of a line whose end has not been read yet.
  private var pending: [UInt8] = []
  /// After `.tooLong`: the bytes of the block behind the first `limit + 1` of the line.
  public private(set) var unread = 0

  /// An encoder at the beginning of a text.
  public init() {}

  /// The lines that `block` completes, each ended by CRLF.
  ///
  /// Throws `.tooLong` for a line that is longer than `limit` bytes, its end included.
  public mutating func append(_ block: UnsafeRawBufferPointer, limit: Int) throws(FTPError) -> [UInt8] {
    var position = 0
    var tooLong: Int?
    // A line grows by a byte at most.
    let lines = [UInt8](unsafeUninitializedCapacity: pending.count + 2 * block.count + 2) { lines, count in
      guard let target = lines.baseAddress, let base = block.baseAddress else { return }
      while position < block.count, let found = memchr(base + position, CInt(ASCII.lineFeed), block.count - position) {
        let end = UnsafeRawPointer(found) - base
        guard pending.count + (end + 1 - position) <= limit else { break }
        let start = count
        if !pending.isEmpty {
          count = pending.withUnsafeBytes { TextBlockDecoder.copy($0, to: target, at: count) }
          pending.removeAll(keepingCapacity: true)
        }
        count = TextBlockDecoder.copy(UnsafeRawBufferPointer(rebasing: block[position..<end]), to: target, at: count)
        if count > start, target[count - 1] == ASCII.carriageReturn { count -= 1 }
        target[count] = ASCII.carriageReturn
        target[count + 1] = ASCII.lineFeed
        count += 2
        position = end + 1
      }
      let length = pending.count + block.count - position
      if length > limit { tooLong = position + limit + 1 - pending.count }
    }
    if let tooLong {
      unread = block.count - tooLong
      throw FTPError(longerThan: limit)
    }
    pending.append(contentsOf: block[position...])
    return lines
  }

  /// A last line that had no end, with one; empty when there is none.
  public mutating func finish() -> [UInt8] {
    guard !pending.isEmpty else { return [] }
    var line: [UInt8] = []
    line.appendNetworkLine(pending)
    pending = []
    return line
  }
}
