/// Where the client waits for the data connection in active mode: the arguments of `PORT` and `EPRT`.
public enum ActiveAddress {
  /// `PORT h1,h2,h3,h4,p1,p2` for a dotted IPv4 address (RFC 959 section 4.1.2).
  public static func port(host: String, port: UInt16) throws(FTPError) -> Command {
    try Command("PORT", "\(host.replacing(".", with: ",")),\(port >> 8),\(port & 0xFF)")
  }

  /// `EPRT |1|address|port|` for IPv4, `|2|` for IPv6 (RFC 2428 section 2).
  public static func extendedPort(host: String, port: UInt16, isIPv6: Bool) throws(FTPError) -> Command {
    try Command("EPRT", "|\(isIPv6 ? 2 : 1)|\(host)|\(port)|")
  }
}

extension String {
  /// The standard library's own `replacing` needs Foundation or the string processing module.
  fileprivate func replacing(_ character: Character, with other: Character) -> String {
    String(map { $0 == character ? other : $0 })
  }
}
