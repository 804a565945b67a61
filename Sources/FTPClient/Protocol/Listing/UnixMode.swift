/// The first field of `ls -l`: `drwxr-xr-x`, with what may follow it.
struct UnixMode {
  /// The field without a count of links that is attached to it: `drwxr-x---+`.
  let text: ArraySlice<UInt8>
  /// The count of links in `drwxr-x---+1464`: the column was too narrow.
  let attachedLinks: UInt64?

  private static let letters = Array("rwxsStTlL-".utf8)

  init?(_ field: ArraySlice<UInt8>) {
    // HylaFAX has six letters instead of nine.
    let width = field.count == 7 ? 7 : 10
    guard field.count >= width, let type = field.first, type.isLetter || type == ASCII.hyphen,
      field.prefix(width).dropFirst().allSatisfy(Self.letters.contains)
    else { return nil }
    var rest = field.dropFirst(width)
    // Access control lists (`+`), a security context (`.`), extended attributes (`@`).
    if let mark = rest.first, Array("+.@*".utf8).contains(mark) { rest = rest.dropFirst() }
    guard rest.isEmpty || rest.isDecimal else { return nil }
    text = field[..<rest.startIndex]
    attachedLinks = rest.decimal()
  }

  /// What the letter before the permissions stands for. Files are also `f`, `m` (migrated), `a` (append only).
  var kind: ListingEntry.Kind {
    switch text.first {
    case ASCII.hyphen, UInt8(ascii: "f"), UInt8(ascii: "m"), UInt8(ascii: "a"): .file
    case UInt8(ascii: "d"): .directory
    case UInt8(ascii: "l"): .link
    default: .other
    }
  }

  /// Whether it is a device, which has numbers where others have a size.
  var isDevice: Bool { text.first == UInt8(ascii: "c") || text.first == UInt8(ascii: "b") }

  /// The permission bits; nil when there are not nine of them, or a letter stands where it has no meaning.
  var bits: UInt16? {
    guard text.count >= 10 else { return nil }
    var bits: UInt16 = 0
    for (index, byte) in text.dropFirst().prefix(9).enumerated() {
      let bit: UInt16 = 0o400 >> UInt16(index)
      // Set user id, set group id, sticky.
      let special: UInt16 = 0o4000 >> UInt16(index / 3)
      switch (byte, index % 3) {
      case (ASCII.hyphen, _): break
      case (UInt8(ascii: "r"), 0), (UInt8(ascii: "w"), 1), (UInt8(ascii: "x"), 2): bits |= bit
      case (UInt8(ascii: "s"), 2) where index < 6, (UInt8(ascii: "t"), 2) where index == 8: bits |= bit | special
      case (UInt8(ascii: "S"), 2) where index < 6, (UInt8(ascii: "T"), 2) where index == 8: bits |= special
      // System V: the group's set id without execution, mandatory locking.
      case (UInt8(ascii: "l"), 2) where index == 5, (UInt8(ascii: "L"), 2) where index == 5: bits |= special
      default: return nil
      }
    }
    return bits
  }
}
