internal import Glibc

/// An IPv4 or IPv6 address with a port.
public struct SocketAddress: Sendable, Equatable {
  /// The address as digits, as in "127.0.0.1" or "::1".
  public let host: String
  /// The port.
  public private(set) var port: UInt16
  /// Whether it is an IPv6 address.
  public let isIPv6: Bool

  /// Which addresses of a name to use.
  public enum Family: Sendable {
    /// Whatever the resolver gives, in its order.
    case any
    /// IPv4 alone.
    case ipv4
    /// IPv6 alone.
    case ipv6
  }

  var storage: sockaddr_storage
  var length: socklen_t

  /// Every address that `host` resolves to, in the resolver's order (RFC 6724). `nil` is the wildcard address
  /// for a listener. Blocks as long as the system's resolver does: `getaddrinfo` knows no deadline.
  ///
  /// Throws `.unresolved` with the resolver's code; `.invalidArgument` for a NUL, at which the name would end for the resolver.
  public static func resolve(
    _ host: String?, port: UInt16, family: Family = .any
  ) throws(FTPError) -> [SocketAddress] {
    try host?.utf8.requireNoNUL("a host's name")
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | (host == nil ? AI_PASSIVE : 0)
    hints.ai_family =
      switch family {
      case .any: AF_UNSPEC
      case .ipv4: AF_INET
      case .ipv6: AF_INET6
      }
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)
    guard code == 0 else {
      throw FTPError(
        .unresolved(code), "cannot resolve the host name '\(host ?? "")': \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var next = list
    while let entry = next {
      if let address = entry.pointee.ai_addr,
        let resolved = SocketAddress(address, length: entry.pointee.ai_addrlen)
      {
        addresses.append(resolved)
      }
      next = entry.pointee.ai_next
    }
    return addresses
  }

  /// An address from its digits; nil for a name, and for digits with a zone behind them.
  package init?(digits: String, port: UInt16) {
    var (four, six) = (sockaddr_in(), sockaddr_in6())
    var storage = sockaddr_storage()
    let length: Int
    if inet_pton(AF_INET, digits, &four.sin_addr) == 1 {
      (four.sin_family, four.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: four, as: sockaddr_in.self) }
      length = MemoryLayout<sockaddr_in>.size
    } else if inet_pton(AF_INET6, digits, &six.sin6_addr) == 1 {
      (six.sin6_family, six.sin6_port) = (sa_family_t(AF_INET6), port.bigEndian)
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: six, as: sockaddr_in6.self) }
      length = MemoryLayout<sockaddr_in6>.size
    } else {
      return nil
    }
    (self.storage, self.length) = (storage, socklen_t(length))
    (self.host, self.port, isIPv6) = (digits, port, length == MemoryLayout<sockaddr_in6>.size)
  }

  /// An address in the system's form; nil for another family.
  init?(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
    var storage = sockaddr_storage()
    guard Int(length) <= MemoryLayout<sockaddr_storage>.size else { return nil }
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
    }
    self.init(storage: storage, length: length)
  }

  private init?(storage: sockaddr_storage, length: socklen_t) {
    self.storage = storage
    self.length = length
    switch CInt(storage.ss_family) {
    case AF_INET:
      let address = withUnsafeBytes(of: storage) { $0.load(as: sockaddr_in.self) }
      port = UInt16(bigEndian: address.sin_port)
      isIPv6 = false
      host = Self.digits(AF_INET, address.sin_addr)
    case AF_INET6:
      let address = withUnsafeBytes(of: storage) { $0.load(as: sockaddr_in6.self) }
      port = UInt16(bigEndian: address.sin6_port)
      isIPv6 = true
      host = Self.digits(AF_INET6, address.sin6_addr)
    default: return nil
    }
  }

  private static func digits<Address>(_ family: CInt, _ address: Address) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
      buffer.initialize(repeating: 0)
      guard let base = buffer.baseAddress else { return "" }
      _ = withUnsafeBytes(of: address) { inet_ntop(family, $0.baseAddress, base, socklen_t(buffer.count)) }
      return String(cString: base)
    }
  }

  /// Equal address and port.
  public static func == (left: Self, right: Self) -> Bool {
    left.host == right.host && left.port == right.port && left.isIPv6 == right.isIPv6
  }

  /// This address with another port.
  package func with(port: UInt16) -> SocketAddress {
    var address = self
    address.port = port
    withUnsafeMutableBytes(of: &address.storage) { bytes in
      // sin_port and sin6_port lie at the same place (POSIX does not say so, every system has it so).
      bytes.storeBytes(
        of: port.bigEndian, toByteOffset: MemoryLayout<sockaddr_in>.offset(of: \.sin_port) ?? 2, as: UInt16.self)
    }
    return address
  }

  /// Calls `body` with the system's form.
  func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  /// What `getsockname` or `getpeername` says of a descriptor.
  private static func of(
    _ query: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
  ) -> SocketAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { query($0, &length) }
    }
    return status == 0 ? SocketAddress(storage: storage, length: length) : nil
  }

  /// The near end of a socket; nil when it has none.
  public static func local(of descriptor: CInt) -> SocketAddress? { of { getsockname(descriptor, $0, $1) } }

  /// The far end of a socket; nil when it is not connected.
  public static func peer(of descriptor: CInt) -> SocketAddress? { of { getpeername(descriptor, $0, $1) } }
}
