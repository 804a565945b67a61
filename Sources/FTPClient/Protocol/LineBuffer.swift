internal import Glibc

/// Cuts the bytes of a control connection into lines. No I/O: bytes go in, lines come out.
///
/// A line ends at CRLF, LF or a bare CR, as CPython's text reader has it. Telnet commands (RFC 854; some
/// servers greet with `IAC WILL ECHO`) are dropped before and inside a reply's code, a doubled IAC is one byte 0xFF.
public struct LineBuffer {
  private var bytes: [UInt8] = []
  private var start = 0
  /// Where the search for the end of the line goes on: a byte is looked at once, however slowly they come.
  private var scanned = 0
  /// The last line ended at a CR: a LF that follows belongs to it.
  private var swallowLineFeed = false
  /// Room for most replies.
  private static let usualReply = 96
  /// The bytes of the last reply of one line: their memory is used again when nobody has kept them.
  private var only: [UInt8] = []

  /// An empty buffer.
  public init() {}

  /// Whether no byte waits: neither a line nor the beginning of one. The LF of a CRLF belongs to the line before.
  public var isEmpty: Bool {
    start == bytes.count || swallowLineFeed && start + 1 == bytes.count && bytes[start] == ASCII.lineFeed
  }

  /// Whether the last line ended at a CR, and nothing is here behind it: its LF may be on the way.
  public var mayLackLineFeed: Bool { swallowLineFeed && start == bytes.count }

  /// Takes bytes from the server.
  public mutating func append(_ chunk: some Collection<UInt8>) {
    if start > 0 {
      bytes.removeFirst(start)
      scanned -= start
      start = 0
    }
    bytes.append(contentsOf: chunk)
  }

  /// Takes a chunk that is one whole reply of one line, ended by CRLF, and nothing else; nil for any other, which is then to be appended.
  mutating func takeOnlyReply(_ chunk: UnsafeRawBufferPointer, limit: Int) -> Reply? {
    let count = chunk.count - 2
    guard isEmpty, !mayLackLineFeed, count > 3, count <= limit, chunk[count] == ASCII.carriageReturn,
      chunk[count + 1] == ASCII.lineFeed, chunk[3] != ASCII.hyphen
    else { return nil }
    if saysOnlyAgain(chunk, count) { return Reply(bytes: only) }
    // 0xFF wraps to 0: one comparison finds IAC as well as what lies below CR.
    for index in 0..<count where chunk[index] &+ 1 <= ASCII.carriageReturn + 1 {
      switch chunk[index] {
      case ASCII.lineFeed, ASCII.carriageReturn, ASCII.nul, Telnet.interpretAsCommand: return nil
      default: break
      }
    }
    if start < bytes.count {
      bytes.removeAll(keepingCapacity: true)
      (start, scanned, swallowLineFeed) = (0, 0, false)
    }
    only.removeAll(keepingCapacity: true)
    only.reserveCapacity(Self.usualReply)
    only.append(contentsOf: UnsafeRawBufferPointer(start: chunk.baseAddress, count: count))
    return Reply(bytes: only)
  }

  /// Whether a chunk begins with the last reply of one line, as mostly: what that is made of has been looked at.
  private func saysOnlyAgain(_ chunk: UnsafeRawBufferPointer, _ count: Int) -> Bool {
    guard start == bytes.count, count == only.count else { return false }
    return only.withUnsafeBytes { last in
      guard let last = last.baseAddress, let new = chunk.baseAddress else { return false }
      return memcmp(last, new, count) == 0
    }
  }

  /// The next line without its end, or nil when more bytes are needed.
  ///
  /// Throws `.malformed` for a NUL in the line, and `.tooLong` for more than `limit` characters of UTF-8 without an end.
  public mutating func next(limit: Int = Limits.line) throws(FTPError) -> [UInt8]? {
    if swallowLineFeed, start < bytes.count {
      swallowLineFeed = false
      if bytes[start] == ASCII.lineFeed {
        start += 1
        scanned = max(scanned, start)
      }
    }
    while scanned < bytes.count {
      let byte = bytes[scanned]
      if byte == ASCII.lineFeed || byte == ASCII.carriageReturn {
        let line = bytes[start..<scanned]
        swallowLineFeed = byte == ASCII.carriageReturn
        scanned += 1
        start = scanned
        guard !line.isLonger(than: limit) else { throw FTPError(longerThan: limit) }
        return try text(of: line)
      }
      scanned += 1
    }
    guard !bytes[start...].isLonger(than: limit) else { throw FTPError(longerThan: limit) }
    return nil
  }

  /// Takes what remains after the server closed the connection: a last line without an end, or nil.
  ///
  /// Throws `.malformed` for a NUL in it.
  public mutating func rest() throws(FTPError) -> [UInt8]? {
    guard !isEmpty else { return nil }
    defer { self = LineBuffer() }
    return try text(of: bytes[start...])
  }

  private func text(of line: ArraySlice<UInt8>) throws(FTPError) -> [UInt8] {
    let text = Telnet.strip(line)
    guard !text.contains(ASCII.nul) else {
      throw FTPError(.malformed, "the server's reply contains a NUL character")
    }
    return text
  }
}

/// The Telnet protocol's share in a control connection (RFC 959 section 4.1, RFC 854).
enum Telnet {
  static let interpretAsCommand: UInt8 = 0xFF
  private static let commands: ClosedRange<UInt8> = 240...250
  private static let options: ClosedRange<UInt8> = 251...254
  /// Digits in a reply's code.
  private static let codeLength = 3

  /// The line without the Telnet commands before and inside its code. In its text a byte 0xFF is a character of a single-byte encoding,
  /// whatever follows: in Windows-1251 `IAC NOP` are the letters of "яс".
  static func strip(_ line: ArraySlice<UInt8>) -> [UInt8] {
    guard line.contains(interpretAsCommand) else { return Array(line) }
    var stripped: [UInt8] = []
    var rest = line
    while let byte = rest.popFirst() {
      guard byte == interpretAsCommand, let next = rest.first else {
        stripped.append(byte)
        continue
      }
      let isInText = stripped.count > codeLength
      if isInText, next != interpretAsCommand {
        stripped.append(byte)
      } else if options.contains(next) {
        rest = rest.dropFirst(2)
      } else if commands.contains(next) {
        rest = rest.dropFirst()
      } else {
        stripped.append(byte)
        if next == interpretAsCommand { rest = rest.dropFirst() }
      }
    }
    return stripped
  }
}
