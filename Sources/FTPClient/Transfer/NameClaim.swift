internal import Glibc

/// The right to write under a temporary name that others on this computer would choose too: two who write there at once could take each other's file for whole
/// where it is not.
///
/// It is a name among the system's sockets, which no file system sees, and which is free again when its holder ends, however that comes.
final class NameClaim {
  private let descriptor: CInt

  /// Nil where somebody has it, or where it cannot be had.
  init?(_ mark: String) {
    descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // A zero before it makes it a name of no file.
    let name = [0] + Array("ftplib \(mark)".utf8)
    let length = withUnsafeMutableBytes(of: &address.sun_path) { room in
      room.copyBytes(from: name.prefix(room.count))
      return min(name.count, room.count)
    }
    let size = (MemoryLayout.offset(of: \sockaddr_un.sun_path) ?? 2) + length
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(size)) }
    }
    guard status == 0 else {
      close(descriptor)
      return nil
    }
  }

  deinit { close(descriptor) }
}
