// Questions that the formats of listings ask of a field.

extension Collection<UInt8> {
  /// Whether these are ASCII digits, and at least one.
  var isDecimal: Bool { !isEmpty && allSatisfy { $0.digit != nil } }

  /// Whether the field is this word, in whatever case; `word` is in lower case.
  func isWord(_ word: String) -> Bool {
    count == word.utf8.count && zip(self, word.utf8).allSatisfy { $0.lowercased == $1 }
  }

  /// The number that these digits of a base up to 16 write; nil when empty, not a number, or too large.
  private func number(radix: UInt64) -> UInt64? {
    guard !isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in self {
      guard let digit = byte.hexadecimal.map(UInt64.init), digit < radix else { return nil }
      let (shifted, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) = shifted.addingReportingOverflow(digit)
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }

  /// The number that these octal digits write.
  func octal() -> UInt64? { number(radix: 8) }

  /// The number that these hexadecimal digits write.
  func hexadecimal() -> UInt64? { number(radix: 16) }

  /// A number of one to `digits` digits within `range`.
  func number(in range: ClosedRange<Int>, digits: ClosedRange<Int> = 1...2) -> Int? {
    guard digits.contains(count), let value = decimal(limit: UInt64(range.upperBound)) else { return nil }
    return range.contains(Int(value)) ? Int(value) : nil
  }
}

extension ArraySlice<UInt8> {
  /// The bytes without blanks at their ends.
  var trimmed: ArraySlice<UInt8> {
    var rest = drop(while: \.isBlank)
    while let last = rest.last, last.isBlank { rest = rest.dropLast() }
    return rest
  }

  /// A size: `1024`, with thousands separated (`1,234,567`, also by `.`, `'` or the no-break spaces of Latin-1 and
  /// code page 437), or with a unit of 1024 (`33.5k`, `2KB`). Nil when it is none, or above what 64 bits hold.
  var byteSize: UInt64? { decimal() ?? groupedSize ?? unitSize }

  private var groupedSize: UInt64? {
    let separators: [UInt8] = [ASCII.comma, ASCII.dot, UInt8(ascii: "'"), 0xA0, 0xFF]
    guard let separator = first(where: { $0.digit == nil }), separators.contains(separator) else { return nil }
    let groups = split(separator: separator, omittingEmptySubsequences: false)
    guard (groups.first.map { (1...3).contains($0.count) }) == true,
      groups.dropFirst().allSatisfy({ $0.count == 3 })
    else { return nil }
    return Array(groups.joined()).decimal()
  }

  private var unitSize: UInt64? {
    var number = self
    if number.last?.lowercased == UInt8(ascii: "b") { number = number.dropLast() }
    var unit: UInt64 = 1
    if let letter = number.last?.lowercased, let power = Array("kmgt".utf8).firstIndex(of: letter) {
      unit = 1 << (10 * UInt64(power + 1))
      number = number.dropLast()
    }
    guard number.endIndex < endIndex else { return nil }
    let whole = number.prefix { $0.digit != nil }
    let tail = number[whole.endIndex...]
    let fraction = tail.dropFirst()
    guard tail.isEmpty || tail.first == ASCII.dot && (1...3).contains(fraction.count) else { return nil }
    guard let wholes = whole.decimal(), tail.isEmpty || fraction.isDecimal else { return nil }
    let (bytes, overflow) = wholes.multipliedReportingOverflow(by: unit)
    let scale: UInt64 = fraction.reduce(1) { scale, _ in scale * 10 }
    let (sum, carry) = bytes.addingReportingOverflow((fraction.decimal() ?? 0) * unit / scale)
    return overflow || carry ? nil : sum
  }
}
