/// One command line as it goes to the server, checked and ended with CRLF (RFC 959 section 4.1).
public struct Command: Sendable, Equatable, CustomStringConvertible {
  /// The bytes to send, CRLF included.
  public let line: [UInt8]

  /// Takes a whole line without its end, as in `RETR name`.
  ///
  /// Throws `.invalidArgument` for CR, LF or NUL, by which a name could carry a second command
  /// (CPython issue 74305, GHSA-8mhj-xm4h-m5m6 and others), and `.tooLong` above `Limits.command` bytes.
  public init(line: some Collection<UInt8>) throws(FTPError) {
    for byte in line where byte == ASCII.carriageReturn || byte == ASCII.lineFeed || byte == ASCII.nul {
      throw FTPError(
        .invalidArgument,
        byte == ASCII.nul
          ? "an illegal NUL character should not be contained in a command"
          : "an illegal newline character should not be contained in a command")
    }
    guard line.count <= Limits.command - 2 else {
      throw FTPError(
        .tooLong,
        "a command of \(line.count) bytes is too long: the limit is \(Limits.command - 2)")
    }
    self.line = line + [ASCII.carriageReturn, ASCII.lineFeed]
  }

  /// Takes a whole line in an array. Throws as the other.
  public init(line: [UInt8]) throws(FTPError) {
    guard let command = line.withUnsafeBytes({ Command(sendable: $0) }) else {
      // For its words.
      try self.init(line: line[...])
      return
    }
    self = command
  }

  /// Takes a whole line as well; nil where the other throws.
  package init?(sendable bytes: UnsafeRawBufferPointer) {
    guard Self.canBeSent(bytes) else { return nil }
    line = [UInt8](unsafeUninitializedCapacity: bytes.count + 2) { buffer, count in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
      buffer[bytes.count] = ASCII.carriageReturn
      buffer[bytes.count + 1] = ASCII.lineFeed
      count = bytes.count + 2
    }
  }

  /// A line without its end that can be sent, in somebody's memory, while that holds it: for what is said very often.
  package struct Ready {
    private let line: UnsafeRawBufferPointer
    package let word: Word

    /// Takes a line; nil where `init(line:)` throws.
    package init?(_ line: UnsafeRawBufferPointer) {
      guard Command.canBeSent(line) else { return nil }
      self.line = line
      word = Word(line)
    }

    /// How many bytes it is with its end.
    var count: Int { line.count + 2 }

    /// The line with its end, in memory that has room for it.
    func bytes(in memory: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
      let count = min(line.count, memory.count - 2)
      memory.copyMemory(from: UnsafeRawBufferPointer(start: line.baseAddress, count: count))
      memory[count] = ASCII.carriageReturn
      memory[count + 1] = ASCII.lineFeed
      return UnsafeRawBufferPointer(start: memory.baseAddress, count: count + 2)
    }
  }

  /// Whether a line without its end can be sent: `init(line:)` does not throw.
  package static func canBeSent(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count <= Limits.command - 2 else { return false }
    for byte in bytes where byte <= ASCII.carriageReturn {
      if byte == ASCII.carriageReturn || byte == ASCII.lineFeed || byte == ASCII.nul { return false }
    }
    return true
  }

  /// A verb and its argument. Throws as `init(line:)`.
  public init(_ verb: String, _ argument: String? = nil) throws(FTPError) {
    let line = argument.map { "\(verb) \($0)" } ?? verb
    try self.init(line: line.utf8)
  }

  /// The first word, in upper case.
  package var verb: String { line.dropLast(2).prefix { $0 != ASCII.space }.text.uppercased() }

  package var word: Word { line.withUnsafeBytes { Word($0) } }

  /// The first word in one number: each command that is sent is compared with dozens.
  package struct Word: Equatable, Sendable, ExpressibleByStringLiteral {
    private var code: UInt64 = 0

    /// The word that ends at the first blank or CR; the empty one for more than eight bytes, which no command has.
    @inline(__always)
    init(_ line: UnsafeRawBufferPointer) {
      var length = 0
      for byte in line {
        if byte == ASCII.space || byte == ASCII.carriageReturn { return }
        length += 1
        guard length <= 8 else {
          code = 0
          return
        }
        code = code << 8 | UInt64(byte.lowercased)
      }
    }

    @inline(__always)
    package init(stringLiteral text: StaticString) {
      self.init(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
  }

  /// Whether a data connection carries something to the server.
  package var isUpload: Bool { word.isUpload }

  /// The line without its end, for a log or a message: the arguments of `PASS` and `ACCT` are masked.
  public var description: String {
    let text = line.dropLast(2)
    let verb = text.prefix { $0 != ASCII.space }
    let secret = ["pass", "acct"].contains { $0.utf8.elementsEqual(verb.map(\.lowercased)) }
    guard secret, verb.count < text.count else { return text.text }
    return "\(verb.text) " + String(repeating: "*", count: text.count - verb.count - 1)
  }
}
