/// The CRC of zip and Ethernet (ISO 3309), which servers tell by `XCRC` and `HASH CRC32`, by eight tables: eight bytes in a step.
package final class CRC32: ContentHash {
  private var value: UInt32 = .max

  /// Of no bytes yet.
  package init() {}

  package func update(_ bytes: UnsafeRawBufferPointer) {
    Self.tables.withUnsafeBufferPointer { table in
      var value = value
      var rest = bytes[...]
      while rest.count >= 8 {
        let word = UInt64(littleEndian: UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: UInt64.self))
        let low = UInt32(truncatingIfNeeded: word) ^ value
        let high = UInt32(truncatingIfNeeded: word >> 32)
        value = table[1792 + Int(low & 0xff)] ^ table[1536 + Int(low >> 8 & 0xff)]
        value ^= table[1280 + Int(low >> 16 & 0xff)] ^ table[1024 + Int(low >> 24)]
        value ^= table[768 + Int(high & 0xff)] ^ table[512 + Int(high >> 8 & 0xff)]
        value ^= table[256 + Int(high >> 16 & 0xff)] ^ table[Int(high >> 24)]
        rest = rest.dropFirst(8)
      }
      for byte in rest { value = table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ value >> 8 }
      self.value = value
    }
  }

  package func finish() -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: ~value >> (24 - 8 * $0)) } }

  /// Eight tables of 256: the `n`th is what a byte does to the value with `n` zeros behind it.
  private static let tables: [UInt32] = {
    var tables: [UInt32] = []
    for byte: UInt32 in 0..<256 {
      var value = byte
      for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : (value >> 1) ^ 0xedb8_8320 }
      tables.append(value)
    }
    for index in 256..<2048 {
      let before = tables[index - 256]
      tables.append(tables[Int(before & 0xff)] ^ before >> 8)
    }
    return tables
  }()
}
