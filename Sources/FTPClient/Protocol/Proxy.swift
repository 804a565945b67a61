/// A proxy through which a session's connections go, as its URL names it.
///
/// | URL | protocol | port when none is given | the FTP server's name is resolved |
/// |---|---|---|---|
/// | `socks5://[user:password@]host[:port]` | SOCKS 5 (RFC 1928) | 1080 | here |
/// | `socks5h://...`, `socks://...` | SOCKS 5 | 1080 | by the proxy |
/// | `http://...` | HTTP `CONNECT` (RFC 9110 section 9.3.6) | 80 | by the proxy |
public struct Proxy: Sendable, Equatable, CustomStringConvertible {
  /// The protocol that the proxy speaks, and who resolves the server's name.
  public enum Scheme: String, Sendable {
    /// SOCKS 5 with the server's address: the name is resolved here.
    case socks5
    /// SOCKS 5 with the server's name: the proxy resolves it.
    case socks5h
    /// HTTP `CONNECT`: the proxy resolves the server's name.
    case http
  }

  /// A user name and a password for the proxy, percent-decoded.
  public struct Credentials: Sendable, Equatable {
    let user: [UInt8]
    let password: [UInt8]
  }

  /// What to speak.
  public let scheme: Scheme
  /// The proxy's host: a name, or an address without brackets.
  public let host: String
  /// The proxy's port, 1 to 65535.
  public let port: UInt16
  /// The login; nil when the URL names no user.
  public let credentials: Credentials?

  /// The URL without the user and the password, for messages.
  public var description: String {
    "\(scheme.rawValue)://\(host.utf8.contains(ASCII.colon) ? "[\(host)]" : host):\(port)"
  }

  /// Reads a URL. Throws `.invalidArgument` with a sentence that repeats nothing of the URL: any part may be a password
  /// that was not percent-encoded.
  public init(url: String) throws(FTPError) {
    let bytes = Array(url.utf8)
    guard let colon = bytes.firstIndex(of: ASCII.colon), bytes[colon...].starts(with: "://".utf8) else {
      throw Self.invalid("does not begin with a scheme; \(Self.known)")
    }
    scheme = try Self.scheme(bytes[..<colon].map(\.lowercased).text)

    var authority = bytes[colon...].dropFirst(3)
    let end = authority.firstIndex { [ASCII.slash, ASCII.questionMark, ASCII.numberSign].contains($0) }
    if let end {
      guard authority[end...].elementsEqual([ASCII.slash]) else {
        throw Self.invalid("goes on after the host and port; in a user name or password / ? # are %2F %3F %23")
      }
      authority = authority[..<end]
    }
    // The last one: a password may hold others that nobody has encoded.
    if let at = authority.lastIndex(of: ASCII.at) {
      credentials = try Self.credentials(authority[..<at], scheme)
      authority = authority[at...].dropFirst()
    } else {
      credentials = nil
    }
    let (host, rest) = try Self.host(authority)
    self.host = host
    guard let mark = rest.first else {
      port = scheme == .http ? 80 : 1080
      return
    }
    let number = rest.dropFirst().decimal(limit: UInt64(UInt16.max)).flatMap(UInt16.init(exactly:))
    guard mark == ASCII.colon, let number, number > 0 else {
      throw Self.invalid("has a port that is no number from 1 to 65535")
    }
    port = number
  }

  private static let known = "it can be socks5://host:1080, socks5h://host:1080 or http://host:port"

  private static func invalid(_ reason: String) -> FTPError { FTPError(.invalidArgument, "the proxy's URL \(reason)") }

  private static func scheme(_ name: String) throws(FTPError) -> Scheme {
    switch name {
    // Desktops write `socks://` into all_proxy and mean what Chromium takes it for.
    case "socks": return .socks5h
    case "https":
      throw invalid("begins with https://: a TLS connection to the proxy itself is not supported; \(known)")
    case "socks4", "socks4a": throw invalid("begins with \(name)://: SOCKS 4 is not supported; \(known)")
    default:
      guard let scheme = Scheme(rawValue: name) else { throw invalid("has an unknown scheme; \(known)") }
      return scheme
    }
  }

  /// Splits `host:port` after the host; IPv6 addresses stand in brackets (RFC 3986 section 3.2.2).
  private static func host(_ authority: ArraySlice<UInt8>) throws(FTPError) -> (String, ArraySlice<UInt8>) {
    if authority.first == ASCII.bracketOpen {
      guard
        let close = authority.firstIndex(of: ASCII.bracketClose),
        let host = HostForm(authority[..<close].dropFirst()), case .ipv6 = host
      else { throw invalid("has no IPv6 address between its brackets") }
      return (authority[..<close].dropFirst().text, authority[close...].dropFirst())
    }
    let name = authority.prefix { $0 != ASCII.colon }
    guard !name.isEmpty else { throw invalid("names no host") }
    guard HostForm(name) != nil else { throw invalid("has a host that is no host name; IPv6 addresses need brackets") }
    return (name.text, authority[name.endIndex...])
  }

  private static func credentials(_ text: ArraySlice<UInt8>, _ scheme: Scheme) throws(FTPError) -> Credentials {
    let user = text.prefix { $0 != ASCII.colon }
    let credentials = Credentials(
      user: try percentDecoded(user), password: try percentDecoded(text[user.endIndex...].dropFirst()))
    for text in [credentials.user, credentials.password] {
      // RFC 7617 section 2 allows no control characters; SOCKS servers write what they get into their logs.
      guard !text.contains(where: \.isControl) else {
        throw invalid("has a control character in its user name or password")
      }
    }
    if scheme == .http {
      guard !credentials.user.contains(ASCII.colon) else {
        throw invalid("has a colon in its user name, which HTTP cannot send (RFC 7617 section 2)")
      }
    } else {
      guard
        (1...Limits.socksText).contains(credentials.user.count), credentials.password.count <= Limits.socksText
      else { throw invalid("has a user name or password that is not 1 to \(Limits.socksText) bytes long (RFC 1929)") }
    }
    return credentials
  }

  /// `%40` is `@`, and so on (RFC 3986 section 2.1).
  private static func percentDecoded(_ text: ArraySlice<UInt8>) throws(FTPError) -> [UInt8] {
    var decoded: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == ASCII.percent else {
        decoded.append(byte)
        continue
      }
      guard let high = rest.popFirst()?.hexadecimal, let low = rest.popFirst()?.hexadecimal else {
        throw invalid("has a % in its user name or password without two hexadecimal digits; a % itself is %25")
      }
      decoded.append(high << 4 | low)
    }
    return decoded
  }
}
