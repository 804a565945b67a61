internal import Glibc

/// The messages of SOCKS 5 (RFC 1928) and of its login by user name and password (RFC 1929).
///
/// What comes from the proxy is read by functions that take the bytes so far of one message; they throw `.proxy` for a refusal, and for
/// bytes that are no such message.
enum SOCKS5 {
  private static let version: UInt8 = 5
  private static let loginVersion: UInt8 = 1
  private static let connect: UInt8 = 1
  private static let open: UInt8 = 0
  private static let password: UInt8 = 2

  /// How the proxy wants to be logged in to.
  enum Method {
    case open
    case password(Proxy.Credentials)
  }

  /// The first message: the methods that may be chosen from. Without credentials there is nothing to log in with.
  static func greeting(_ credentials: Proxy.Credentials?) -> [UInt8] {
    credentials == nil ? [version, 1, open] : [version, 2, open, password]
  }

  /// The proxy's choice: two bytes.
  static func method(
    _ bytes: [UInt8], _ credentials: Proxy.Credentials?
  ) throws(FTPError) -> Parsed<Method> {
    try requireVersion(bytes)
    guard bytes.count >= 2, let choice = bytes.last else { return .needs(2 - bytes.count) }
    if choice == open { return .value(.open) }
    if choice == password, let credentials { return .value(.password(credentials)) }
    guard choice == 0xFF else {
      throw FTPError(.proxy(nil), "it chose a way to log in that it was not offered (\(choice))")
    }
    throw FTPError(
      .proxy(EACCES),
      credentials == nil
        ? "it wants a user name and a password, or does not serve this client"
        : "it takes neither a user name and password nor nothing")
  }

  /// The login. The credentials' lengths have been checked when the URL was read.
  static func login(_ credentials: Proxy.Credentials) -> [UInt8] {
    [loginVersion] + counted(credentials.user) + counted(credentials.password)
  }

  /// The answer to the login: two bytes. The first is the version, which servers get wrong and clients ignore, curl for one.
  static func loginAnswer(_ bytes: [UInt8]) throws(FTPError) -> Parsed<Void> {
    guard bytes.count >= 2, let status = bytes.last else { return .needs(2 - bytes.count) }
    guard status == 0 else { throw FTPError(.proxy(EACCES), "it refused the user name or the password") }
    return .value(())
  }

  /// The request to connect.
  static func request(_ target: ProxyTarget) -> [UInt8] {
    let host: [UInt8] =
      switch target.form {
      case .ipv4(let address): [1] + address
      case .name(let name): [3] + counted(name)
      case .ipv6(let address): [4] + address
      }
    return [version, connect, 0] + host + [UInt8(target.port >> 8), UInt8(target.port & 0xFF)]
  }

  /// The reply to the request: four bytes, an address and a port, which say where the proxy connects from and matter to nobody.
  static func reply(_ bytes: [UInt8]) throws(FTPError) -> Parsed<Void> {
    try requireVersion(bytes)
    // A refusal is clear from its second byte on; some proxies send no more.
    if let code = bytes.dropFirst().first, code != 0 { throw refusal(code) }
    guard let type = bytes.dropFirst(3).first else { return .needs(4 - bytes.count) }
    let length: Int
    switch type {
    case 1: length = 4
    case 3:
      guard let count = bytes.dropFirst(4).first else { return .needs(1) }
      length = 1 + Int(count)
    case 4: length = 16
    default: throw FTPError(.proxy(nil), "its reply has an unknown type of address (\(type))")
    }
    let missing = 4 + length + 2 - bytes.count
    return missing > 0 ? .needs(missing) : .value(())
  }

  /// The reply codes of RFC 1928 section 6.
  static func refusal(_ code: UInt8) -> FTPError {
    let (cause, number): (String, CInt?) =
      switch code {
      case 1: ("it failed, or cannot reach the server", nil)
      case 2: ("its rules do not allow this connection", EACCES)
      case 3: ("network unreachable", ENETUNREACH)
      case 4: ("host unreachable", EHOSTUNREACH)
      case 5: ("connection refused", ECONNREFUSED)
      // There is no code for a time-out: microsocks and Dante say this one.
      case 6: ("TTL expired, or the connection timed out", ETIMEDOUT)
      case 7: ("it does not support the command CONNECT", EOPNOTSUPP)
      case 8: ("it does not support this type of address", EAFNOSUPPORT)
      default: ("a reply code that has no meaning", nil)
      }
    return FTPError(.proxy(number), "\(cause) (SOCKS reply \(code))")
  }

  private static func counted(_ text: [UInt8]) -> [UInt8] { [UInt8(clamping: text.count)] + text.prefix(255) }

  private static func requireVersion(_ bytes: [UInt8]) throws(FTPError) {
    guard let first = bytes.first, first != version else { return }
    throw FTPError(.proxy(nil), "it does not speak SOCKS 5")
  }
}

/// What a parser has made of the bytes so far of one message.
enum Parsed<Value> {
  /// The message has at least so many bytes more: reading them takes nothing that comes behind it.
  case needs(Int)
  /// The message is whole.
  case value(Value)
}
