/// The hashes by which servers tell a file's content.
public enum HashAlgorithm: String, Sendable, CaseIterable {
  /// SHA-2 with 256 bits (FIPS 180-4).
  case sha256 = "SHA-256"
  /// SHA-2 with 512 bits.
  case sha512 = "SHA-512"
  /// SHA-1: collisions can be made on purpose; it finds what went wrong by chance.
  case sha1 = "SHA-1"
  /// MD5, likewise.
  case md5 = "MD5"
  /// The CRC of zip and Ethernet: it finds what went wrong by chance.
  case crc32 = "CRC32"

  /// Bytes of a hash.
  public var count: Int {
    switch self {
    case .sha256: 32
    case .sha512: 64
    case .sha1: 20
    case .md5: 16
    case .crc32: 4
    }
  }

  static let preferred: [HashAlgorithm] = [.sha256, .sha512, .sha1, .md5, .crc32]

  /// The commands that ask for this one alone.
  var verbs: [String] {
    switch self {
    case .sha256: ["XSHA256"]
    case .sha512: ["XSHA512"]
    case .sha1: ["XSHA1", "XSHA"]
    case .md5: ["XMD5", "MD5"]
    case .crc32: ["XCRC"]
    }
  }
}

/// Computes hashes: a library of the host's, as OpenSSL or Python's `hashlib`.
public protocol ContentHashing {
  /// A hash of no bytes yet; nil for an algorithm that is not to be had here.
  func begin(_ algorithm: HashAlgorithm) throws -> (any ContentHash)?
}

/// A hash that grows with a file.
public protocol ContentHash: AnyObject {
  /// Takes the next bytes.
  func update(_ bytes: UnsafeRawBufferPointer) throws
  /// The hash of all bytes, the most significant first. Called once, at the end.
  func finish() throws -> [UInt8]
}

/// A command by which a server tells a file's hash.
struct HashCommand {
  let algorithm: HashAlgorithm
  let verb: String

  init(_ algorithm: HashAlgorithm, verb: String) {
    self.algorithm = algorithm
    self.verb = verb
  }

  /// The server's hash of a whole file; nil when it has none to tell: a refusal, another algorithm, a part only.
  func ask(_ client: any TransferClient, _ path: [UInt8]) throws -> [UInt8]? {
    if verb == "HASH", try client.completes("OPTS", Array("HASH \(algorithm.rawValue)".utf8)) == nil { return nil }
    guard let reply = try client.completes(verb, path) else { return nil }
    return hash(in: reply)
  }

  /// Reads `213 SHA-256 0-49 169cd2...e1 name` of `HASH`, and `250 169CD2...` or `251 name 169cd2...` of the others.
  func hash(in reply: Reply) -> [UInt8]? {
    let words = reply.bytes.split(separator: ASCII.lineFeed).last.map { $0.split(separator: ASCII.space) } ?? []
    if verb == "HASH" {
      guard words.count >= 4, words[1].text.uppercased() == algorithm.rawValue, words[2].starts(with: Array("0-".utf8))
      else { return nil }
      return digest(words[3])
    }
    return words.dropFirst().reversed().lazy.compactMap(digest).first
  }

  /// A word that is a hash of the algorithm's length; a CRC may lack zeros at its beginning.
  private func digest(_ word: ArraySlice<UInt8>) -> [UInt8]? {
    let digits = word.compactMap(\.hexadecimal)
    let count = algorithm.count * 2
    guard digits.count == word.count, algorithm == .crc32 ? (1...count).contains(digits.count) : digits.count == count
    else { return nil }
    let padded = [UInt8](repeating: 0, count: count - digits.count) + digits
    return stride(from: 0, to: count, by: 2).map { padded[$0] << 4 | padded[$0 + 1] }
  }
}

extension [UInt8] {
  /// The bytes in hexadecimal digits, two for each.
  package var hexadecimalDigits: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
