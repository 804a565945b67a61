import FTPClient
import Glibc

/// Waiting for more than a little in the middle of a large download (`SO_RCVLOWAT`).
///
/// Who deciphers faster than the server enciphers would otherwise be woken for each record, and acknowledge each: that costs as much as to
/// decipher it. The peer need not send that much, as when it asks for new keys and waits for the answer, or ends TLS and not the connection:
/// so the wait is short, and the next one not before as much again has come.
struct TLSGathering {
  /// How long to wait for so much before less will do.
  static let patience = Duration.milliseconds(20)
  /// How much. Two of these are read at once where they have come: the peer can send on while one of them is deciphered.
  static let amount: CInt = 128 * 1024
  /// After how much that came without a pause that is worth it.
  private static let threshold = 1024 * 1024

  /// Whether the connection counts as readable only with so much, or at its end.
  private(set) var isOn = false
  private var received = 0

  /// Takes note of what a read has brought.
  mutating func note(_ count: Int, _ socket: Socket) {
    guard !isOn else { return }
    received &+= count
    if received >= Self.threshold { isOn = Self.set(Self.amount, socket) }
  }

  /// From now on the least counts.
  mutating func stop(_ socket: Socket) {
    received = 0
    if isOn { isOn = !Self.set(1, socket) }
  }

  private static func set(_ count: CInt, _ socket: Socket) -> Bool {
    var count = count
    return setsockopt(socket.descriptor, SOL_SOCKET, SO_RCVLOWAT, &count, socklen_t(MemoryLayout<CInt>.size)) == 0
  }
}
