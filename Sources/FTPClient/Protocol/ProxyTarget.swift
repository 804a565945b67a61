internal import Glibc

/// What a proxy is asked to connect to.
public struct ProxyTarget: Sendable, Equatable {
  /// The host as it was given: a name or an address.
  public let host: String
  /// The port.
  public let port: UInt16
  let form: HostForm

  /// Whether the host is an address, which nobody has to resolve.
  public var isAddress: Bool {
    if case .name = form { false } else { true }
  }

  /// A host that can be sent to a proxy: an IPv4 or IPv6 address without a scope, or a name of letters, digits, `-`, `_` and `.`.
  ///
  /// Throws `.invalidArgument` for anything else: CR, LF or NUL would be a request of somebody else's making, and a name beyond
  /// ASCII has to be given in its `xn--` form.
  public init(host: String, port: UInt16) throws(FTPError) {
    guard let form = HostForm(Array(host.utf8)[...]) else {
      throw FTPError(
        .invalidArgument,
        "a proxy can be asked for an address without a scope, or for a host name of at most \(Limits.socksText) ASCII letters, "
          + "digits, '-', '_' and '.'")
    }
    self.host = host
    self.port = port
    self.form = form
  }

  private init(_ other: ProxyTarget, port: UInt16) {
    host = other.host
    self.port = port
    form = other.form
  }

  /// The same host with another port.
  public func with(port: UInt16) -> ProxyTarget { ProxyTarget(self, port: port) }

  /// `host:port`, an IPv6 address in brackets (RFC 9110 section 7.2).
  var authority: String {
    if case .ipv6 = form { "[\(host)]:\(port)" } else { "\(host):\(port)" }
  }
}

/// A host in the form in which protocols tell addresses from names.
enum HostForm: Sendable, Equatable {
  /// Four bytes.
  case ipv4([UInt8])
  /// Sixteen bytes.
  case ipv6([UInt8])
  /// A name of at most `Limits.socksText` bytes.
  case name([UInt8])

  /// Nil when the text is neither an address nor a host name.
  init?(_ text: ArraySlice<UInt8>) {
    let isSpelled = text.allSatisfy { $0.digit != nil || $0.isLetter || "-.:_".utf8.contains($0) }
    // Looked at before inet_pton, for which a NUL ends the text.
    guard isSpelled, (1...Limits.socksText).contains(text.count) else { return nil }
    if let address = Self.address(AF_INET, text.text, length: 4) {
      self = .ipv4(address)
    } else if let address = Self.address(AF_INET6, text.text, length: 16) {
      self = .ipv6(address)
    } else if !text.contains(ASCII.colon) {
      self = .name(Array(text))
    } else {
      return nil
    }
  }

  /// The bytes of an address in digits.
  private static func address(_ family: CInt, _ text: String, length: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: length)
    return inet_pton(family, text, &bytes) == 1 ? bytes : nil
  }
}
