/// A server's reply: its code and its text as the server sent it (RFC 959 section 4.2).
public struct Reply: Sendable, Hashable {
  /// The lines as bytes, without CRLF, joined by LF.
  public let bytes: [UInt8]

  /// A reply of these lines, joined by LF.
  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// The first digit's meaning (RFC 959 section 4.2.1).
  public enum Category: Sendable {
    /// 1yz: begun, another reply follows.
    case preliminary
    /// 2yz: done.
    case completion
    /// 3yz: accepted, the next command of the sequence is awaited.
    case intermediate
    /// 4yz: not done, may be tried again.
    case transient
    /// 5yz: not done.
    case permanent
  }

  /// What the first digit says; nil when the reply does not begin with 1 to 5.
  public var category: Category? {
    switch bytes.first {
    case UInt8(ascii: "1"): .preliminary
    case UInt8(ascii: "2"): .completion
    case UInt8(ascii: "3"): .intermediate
    case UInt8(ascii: "4"): .transient
    case UInt8(ascii: "5"): .permanent
    default: nil
    }
  }

  /// The three-digit code; nil when the reply does not begin with one.
  public var code: Int? {
    guard bytes.count >= 3, let hundreds = bytes[0].digit, let tens = bytes[1].digit, let ones = bytes[2].digit else {
      return nil
    }
    return 100 * hundreds + 10 * tens + ones
  }

  /// Whether it is one that answers `ABOR`: 225, 226, or the 426 of the transfer that it ended (RFC 959 section 5.4).
  package var answersAbort: Bool { code.map { [225, 226, 426].contains($0) } ?? false }

  /// Whether it says that the server does not have the command at all: 500 or 502.
  package var saysNoSuchCommand: Bool { code == 500 || code == 502 }

  /// Whether it says that the server does not know the command, or not with such an argument, or not for this network (RFC 959 section 4.2.2; 522 is
  /// RFC 2428's).
  package var saysUnknownCommand: Bool { code.map { [500, 501, 502, 504, 522].contains($0) } ?? false }

  /// Whether it says of a directory, which must be known to exist, that nothing is in it: some servers refuse to list an empty one.
  package var saysEmptyDirectory: Bool {
    guard code == 450 || code == 550 else { return false }
    let words = bytes.dropFirst(3).map(\.lowercased).text
    if ["no files", "empty"].contains(where: words.contains) { return true }
    guard let phrase = words.firstRange(of: "no such file") ?? words.firstRange(of: "not found") else { return false }
    // What is not there may be a thing in the directory, as at Twisted's, which lists none that has a link to nowhere: "550 link: No such
    // file or directory". A pattern for all of them is no name.
    let before = words[..<phrase.lowerBound].filter { $0.isLetter || $0.isNumber }
    return before.isEmpty || before == "file" || before == "files"
  }

  /// The refusal that a confirmed listing is, when the server says in it that it could not read the directory: then what was listed, nothing, is
  /// not what is there. vsftpd: "226 Transfer done (but failed to open directory)."
  package var refusalOfListing: FTPError? {
    guard category == .completion, bytes.map(\.lowercased).text.contains("failed to open directory") else { return nil }
    // To a program it is what other servers say: 550.
    return FTPError(.reply(Reply(bytes: Array("550".utf8) + bytes.dropFirst(3))), text)
  }

  /// Whether it is Pure-FTPd's last word on a transfer that its client has broken off: how fast that was, with the code 150 that it
  /// began with.
  package var measuresBrokenTransfer: Bool {
    guard code == 150 else { return false }
    let lastLine = bytes.lastIndex(of: ASCII.lineFeed).map { bytes[($0 + 1)...] } ?? bytes[...]
    let words = lastLine.dropFirst(4).drop { $0.digit != nil || $0 == UInt8(ascii: ".") }
    return words.starts(with: " seconds (measured here), ".utf8)
  }

  /// The whole reply as text; bytes that are not UTF-8 become U+FFFD.
  public var text: String { bytes.text }
}

/// Puts lines together to replies.
///
/// A reply is one line, or begins with `ddd-` and ends with the first line that begins with the same three
/// characters and no hyphen after them (RFC 959 section 4.2).
public struct ReplyParser {
  private var bytes: [UInt8] = []
  private var lines = 0
  private var code: [UInt8] = []
  private var lastLine: [UInt8] = []

  /// A parser that awaits the first line of a reply.
  public init() {}

  /// Whether a reply has begun and not ended.
  public var isInside: Bool { lines > 0 }

  /// Whether the last line looks like the end of a reply, but with another code than the first line's.
  ///
  /// RFC 959 allows such a line inside a reply; glftpd ends its replies so. The reader decides by waiting:
  /// when nothing follows for a moment, `endEarly()`.
  public var mayHaveEnded: Bool {
    isInside && lastLine.count > 3 && lastLine[3] == ASCII.space && lastLine.prefix(3).decimal() != nil
  }

  /// Takes a line without its end, and returns the reply that it completes.
  ///
  /// Throws `.tooLong` when the reply grows over `Limits.reply` bytes or `Limits.replyLines` lines, one of status over
  /// `Limits.statusReply` and `Limits.statusReplyLines`.
  public mutating func append(_ line: [UInt8]) throws(FTPError) -> Reply? {
    let isFirst = lines == 0
    lines += 1
    let (most, mostLines) =
      isStatus ? (Limits.statusReply, Limits.statusReplyLines) : (Limits.reply, Limits.replyLines)
    guard bytes.count + line.count < most, lines <= mostLines else {
      throw FTPError(.tooLong, "the server's reply is longer than \(most) bytes or \(mostLines) lines")
    }
    if !isFirst { bytes.append(ASCII.lineFeed) }
    bytes += line
    lastLine = line
    let hyphen = line.count > 3 && line[3] == ASCII.hyphen
    if isFirst {
      // Another protocol's greeting, as `SSH-2.0-...`, begins no reply that would have an end.
      guard hyphen, line.prefix(3).decimal() != nil else { return finish(bytes) }
      code = Array(line.prefix(3))
      return nil
    }
    return line.starts(with: code) && !hyphen ? finish(bytes) : nil
  }

  /// Ends a reply at the line that `mayHaveEnded` spoke of: that line alone is the reply.
  public mutating func endEarly() -> Reply { finish(lastLine) }

  /// Whether the reply that has begun is one of status (RFC 959 section 4.2.1).
  private var isStatus: Bool {
    switch code.decimal() {
    case .some(211...213): true
    default: false
    }
  }

  private mutating func finish(_ bytes: [UInt8]) -> Reply {
    defer { self = ReplyParser() }
    return Reply(bytes: bytes)
  }
}
