/// How many whole TLS records have come, by the heads of the records alone (RFC 8446 section 5.1, RFC 5246 section 6.2.1).
///
/// Who knows it need not ask OpenSSL for a record that is not there yet: that answers by an exception, which costs as much as a record
/// does to read.
struct TLSRecords {
  /// Whole records that have not been read, or more: those without data in them are read along with the next.
  private(set) var whole = 0
  /// Whether something came that is the head of no record: what it is, OpenSSL says.
  private(set) var isOdd = false

  /// The head that is being read.
  private var head: (count: Int, length: Int) = (0, 0)
  /// What the record lacks once its head is known.
  private var missing = 0

  /// Type, version, length.
  private static let headSize = 5
  /// The most that a record of TLS 1.2 may have behind its head; one of TLS 1.3 has less.
  private static let largest = 16384 + 2048

  /// Takes in what has come.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    while !isOdd, !rest.isEmpty {
      if missing > 0 {
        let count = min(missing, rest.count)
        missing -= count
        rest = rest.dropFirst(count)
        if missing == 0 { whole &+= 1 }
        continue
      }
      guard let byte = rest.popFirst() else { return }
      take(head: byte)
    }
  }

  private mutating func take(head byte: UInt8) {
    switch head.count {
    // From change_cipher_spec to application_data; of any version the first byte is 3.
    case 0: isOdd = !(20...23).contains(byte)
    case 1: isOdd = byte != 3
    case 3, 4: head.length = head.length << 8 | Int(byte)
    default: break
    }
    head.count += 1
    guard head.count == Self.headSize else { return }
    missing = head.length
    isOdd = isOdd || missing > Self.largest || missing == 0
    head = (0, 0)
  }

  /// A record has been read to its end.
  mutating func consume() { whole = max(0, whole - 1) }

  /// OpenSSL has read all that there is.
  mutating func consumeAll() { whole = 0 }
}
