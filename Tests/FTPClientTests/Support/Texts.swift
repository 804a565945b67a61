import FTPClient

/// The bytes of a text.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Bytes as a text that shows every one of them, for the message of a failed test.
func shown(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { byte in
    switch byte {
    case 0x0D: "\\r"
    case 0x0A: "\\n"
    case 0x20...0x7E: String(UnicodeScalar(byte))
    default: "\\x" + String(byte, radix: 16)
    }
  }.joined()
}

extension Reply {
  /// A reply with this text.
  init(_ text: String) { self.init(bytes: FTPClientTests.bytes(text)) }
}

/// How long the body took.
func elapsed(_ body: () throws -> Void) throws -> Duration { try ContinuousClock().measure(body) }
