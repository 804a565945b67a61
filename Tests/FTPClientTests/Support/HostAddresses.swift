import Glibc

/// What this machine's network can do, for tests that need it.
enum HostAddresses {
  /// Whether `::1` can be listened on.
  static let hasIPv6 = (try? Wire.listening(on: "::1")) != nil

  /// An IPv6 address that is valid on one link alone, with its scope, as in "fe80::1%eth0"; nil without one.
  static let linkLocal: String? = {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return nil }
    defer { freeifaddrs(list) }
    var next = list
    while let entry = next {
      next = entry.pointee.ifa_next
      guard let address = entry.pointee.ifa_addr, CInt(address.pointee.sa_family) == AF_INET6 else { continue }
      var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let length = socklen_t(MemoryLayout<sockaddr_in6>.size)
      guard getnameinfo(address, length, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else { continue }
      let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if host.hasPrefix("fe80:"), host.contains("%") { return host }
    }
    return nil
  }()
}
