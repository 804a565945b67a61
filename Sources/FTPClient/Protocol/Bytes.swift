/// Bytes that the protocol gives a meaning to, and the questions its parsers ask of them.
enum ASCII {
  static let nul: UInt8 = 0x00
  static let tab: UInt8 = 0x09
  static let lineFeed: UInt8 = 0x0A
  static let carriageReturn: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let quote: UInt8 = 0x22
  static let numberSign: UInt8 = 0x23
  static let percent: UInt8 = 0x25
  static let parenthesisOpen: UInt8 = 0x28
  static let parenthesisClose: UInt8 = 0x29
  static let plus: UInt8 = 0x2B
  static let comma: UInt8 = 0x2C
  static let hyphen: UInt8 = 0x2D
  static let dot: UInt8 = 0x2E
  static let slash: UInt8 = 0x2F
  static let colon: UInt8 = 0x3A
  static let semicolon: UInt8 = 0x3B
  static let equals: UInt8 = 0x3D
  static let questionMark: UInt8 = 0x3F
  static let at: UInt8 = 0x40
  static let bracketOpen: UInt8 = 0x5B
  static let backslash: UInt8 = 0x5C
  static let bracketClose: UInt8 = 0x5D
}

extension UInt8 {
  /// The value of an ASCII digit.
  var digit: Int? { (0x30...0x39).contains(self) ? Int(self &- 0x30) : nil }

  /// The value of an ASCII hexadecimal digit.
  var hexadecimal: UInt8? {
    switch lowercased {
    case 0x30...0x39: self &- 0x30
    case 0x61...0x66: lowercased &- 0x57
    default: nil
    }
  }

  /// Whether it is an ASCII letter.
  var isLetter: Bool { (0x61...0x7A).contains(lowercased) }

  /// Whether it is a space or a tab, which separate fields.
  var isBlank: Bool { self == ASCII.space || self == ASCII.tab }

  /// Whether it is an ASCII control character, NUL and DEL included.
  var isControl: Bool { self < 0x20 || self == 0x7F }

  /// ASCII letters in lower case, every other byte as it is.
  var lowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}

extension [UInt8] {
  /// What stands behind the last slash of a path: the whole of one without.
  var lastComponent: [UInt8] { lastIndex(of: ASCII.slash).map { Array(self[($0 + 1)...]) } ?? self }
}

extension Collection<UInt8> {
  /// For C a text ends at a NUL: it would be another one. `what` is its name for a reader. Throws `.invalidArgument`.
  package func requireNoNUL(_ what: String) throws(FTPError) {
    if contains(ASCII.nul) { throw FTPError(.invalidArgument, "\(what) cannot contain NUL") }
  }

  /// The number that the whole of these ASCII digits writes; nil when empty, not a number, or above `limit`.
  func decimal(limit: UInt64 = .max) -> UInt64? {
    guard !isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in self {
      guard let digit = byte.digit else { return nil }
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carry, sum <= limit else { return nil }
      value = sum
    }
    return value
  }

  /// These bytes as text for a message or a Swift caller; bytes that are not UTF-8 become U+FFFD.
  var text: String { String(decoding: self, as: UTF8.self) }
}
