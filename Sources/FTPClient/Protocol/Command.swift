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
        "a command of \(line.count) bytes is too long: servers accept at most \(Limits.command - 2)")
    }
    self.line = line + [ASCII.carriageReturn, ASCII.lineFeed]
  }

  /// A verb and its argument. Throws as `init(line:)`.
  public init(_ verb: String, _ argument: String? = nil) throws(FTPError) {
    let line = argument.map { "\(verb) \($0)" } ?? verb
    try self.init(line: line.utf8)
  }

  /// The first word, in upper case.
  package var verb: String { line.dropLast(2).prefix { $0 != ASCII.space }.text.uppercased() }

  /// Whether a data connection carries something to the server.
  package var isUpload: Bool { ["STOR", "STOU", "APPE"].contains(verb) }

  /// Whether 226 can answer it.
  var mayEndTransfer: Bool {
    ["RETR", "STOR", "STOU", "APPE", "LIST", "NLST", "MLSD", "ABOR", "SITE"].contains(verb)
  }

  /// Whether no server answers it with 200, in success or failure.
  var isAnsweredByItsOwnCode: Bool {
    [
      "USER", "PASS", "PWD", "XPWD", "MKD", "XMKD", "RNFR", "PASV", "EPSV", "SIZE", "MDTM", "MLST", "STAT", "SYST",
      "FEAT",
    ].contains(verb)
  }

  /// The line without its end, for a log or a message: the arguments of `PASS` and `ACCT` are masked.
  public var description: String {
    let text = line.dropLast(2)
    let verb = text.prefix { $0 != ASCII.space }
    let secret = ["pass", "acct"].contains { $0.utf8.elementsEqual(verb.map(\.lowercased)) }
    guard secret, verb.count < text.count else { return text.text }
    return "\(verb.text) " + String(repeating: "*", count: text.count - verb.count - 1)
  }
}
