/// Bytes that look random and are the same on every run (SplitMix64), so that a failure can be repeated.
struct SeededBytes: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  /// `count` bytes, drawn from `alphabet` when it is not empty.
  mutating func bytes(_ count: Int, from alphabet: [UInt8] = []) -> [UInt8] {
    (0..<count).map { _ in alphabet.randomElement(using: &self) ?? UInt8.random(in: .min ... .max, using: &self) }
  }
}
