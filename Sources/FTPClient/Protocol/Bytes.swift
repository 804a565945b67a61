/// Bytes that the protocol gives a meaning to, and the questions its parsers ask of them.
enum ASCII {
  static let nul: UInt8 = 0x00
  static let lineFeed: UInt8 = 0x0A
  static let carriageReturn: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let quote: UInt8 = 0x22
  static let parenthesisOpen: UInt8 = 0x28
  static let parenthesisClose: UInt8 = 0x29
  static let comma: UInt8 = 0x2C
  static let hyphen: UInt8 = 0x2D
  static let semicolon: UInt8 = 0x3B
  static let equals: UInt8 = 0x3D
}

extension UInt8 {
  /// The value of an ASCII digit.
  var digit: Int? { (0x30...0x39).contains(self) ? Int(self &- 0x30) : nil }

  /// ASCII letters in lower case, every other byte as it is.
  var lowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}

extension Collection<UInt8> {
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
