/// The size that many servers put in the reply that begins a transfer:
/// `150 Opening BINARY mode data connection for name (1024 bytes).`
public enum TransferSize {
  /// The number in a `(N bytes)` that ends a 150 reply's text, a full stop aside; nil when there is none.
  ///
  /// At the end alone: the file's name stands before it, and may hold the same words.
  public static func announced(in reply: Reply) -> UInt64? {
    guard reply.code == 150, reply.bytes.dropFirst(3).first == ASCII.space else { return nil }
    var text = reply.bytes[...]
    if text.last == UInt8(ascii: ".") { text = text.dropLast() }
    guard let open = text.lastIndex(of: ASCII.parenthesisOpen), text[..<open].last == ASCII.space else { return nil }
    return size(in: text[open...], isWhole: true)
  }

  /// The number in the last ` (N bytes)` anywhere in a 150 reply: CPython's `parse150`.
  public static func mentioned(in reply: Reply) -> UInt64? {
    guard reply.code == 150, reply.bytes.dropFirst(3).first == ASCII.space else { return nil }
    var rest = reply.bytes[...]
    while let open = rest.lastIndex(of: ASCII.parenthesisOpen) {
      rest = rest[..<open]
      if rest.last == ASCII.space, let size = size(in: reply.bytes[open...], isWhole: false) { return size }
    }
    return nil
  }

  /// Reads `(N bytes)` at the beginning of `text`, or as the whole of it.
  private static func size(in text: ArraySlice<UInt8>, isWhole: Bool) -> UInt64? {
    let digits = text.dropFirst().prefix { $0.digit != nil }
    let tail = text[digits.endIndex...]
    let suffix: StaticString = " bytes)"
    let count = suffix.utf8CodeUnitCount
    guard tail.count >= count, !isWhole || tail.count == count,
      zip(tail, UnsafeBufferPointer(start: suffix.utf8Start, count: count)).allSatisfy({ $0.lowercased == $1 })
    else { return nil }
    return digits.decimal()
  }
}
