internal import Glibc

/// The request by which an HTTP proxy makes a connection (`CONNECT`, RFC 9110 section 9.3.6).
enum HTTPConnect {
  /// The request, with its blank line.
  static func request(_ target: ProxyTarget, _ credentials: Proxy.Credentials?) -> [UInt8] {
    var lines = "CONNECT \(target.authority) HTTP/1.1\r\nHost: \(target.authority)\r\n"
    if let credentials { lines += "Proxy-Authorization: Basic \(token(credentials))\r\n" }
    return Array((lines + "\r\n").utf8)
  }

  /// What `Basic` sends: user, colon and password in base64 (RFC 7617 section 2).
  static func token(_ credentials: Proxy.Credentials) -> String {
    Base64.encoded(credentials.user + [ASCII.colon] + credentials.password)
  }
}

/// A proxy's response to `CONNECT`: a status line and headers up to a blank line. Any 2xx is followed by the server's own bytes, whatever
/// the headers say (RFC 9110 section 9.3.6).
struct HTTPConnectResponse {
  private let credentials: Proxy.Credentials?
  private var line: [UInt8] = []
  private var size = 0
  private var status: Int?
  private var words = ""
  /// The first `Proxy-Authenticate` header: how the proxy wants to be logged in to.
  private var challenge: String?

  init(_ credentials: Proxy.Credentials?) { self.credentials = credentials }

  /// Takes the next bytes, at most as many as the last answer said; `needs` without any is how it begins.
  ///
  /// Throws `.proxy` for a status that is no 2xx, for what is no HTTP, and for more than `Limits.proxyHeader` bytes.
  mutating func append(_ bytes: some Collection<UInt8>) throws(FTPError) -> Parsed<Void> {
    for byte in bytes {
      size += 1
      guard size <= Limits.proxyHeader else {
        throw FTPError(.proxy(nil), "its answer is longer than \(Limits.proxyHeader) bytes")
      }
      guard byte == ASCII.lineFeed else {
        line.append(byte)
        if status == nil { try requireHTTP() }
        continue
      }
      if line.last == ASCII.carriageReturn { line.removeLast() }
      if try end(of: line) { return .value(()) }
      line = []
    }
    // The end is a line feed, and one more when a line has begun. A lone one ends a line too (RFC 9112 section 2.2).
    let isBetweenLines = status != nil && (line.isEmpty || line == [ASCII.carriageReturn])
    return .needs(isBetweenLines ? 1 : 2)
  }

  /// Another protocol's server shows with its first bytes, and may await ours for ever.
  private func requireHTTP() throws(FTPError) {
    guard zip(line, "HTTP/1.".utf8).allSatisfy({ $0 == $1 }) else { throw Self.noHTTP }
  }

  private static var noHTTP: FTPError { FTPError(.proxy(nil), "it does not speak HTTP/1.1") }

  /// Takes a line without its end; returns whether it ends a response that grants the connection.
  private mutating func end(of line: [UInt8]) throws(FTPError) -> Bool {
    guard let status else {
      try readStatus(line)
      return false
    }
    guard line.isEmpty else {
      let name = line.prefix { $0 != ASCII.colon }
      if challenge == nil, name.map(\.lowercased).elementsEqual("proxy-authenticate".utf8) {
        challenge =
          line[name.endIndex...].dropFirst().drop { $0 == ASCII.space }
          .prefix { $0 != ASCII.space && $0 != ASCII.comma }.text
      }
      return false
    }
    switch status {
    case 100...199:
      // Another one follows (RFC 9110 section 15.2).
      self.status = nil
      return false
    case 200...299: return true
    default: throw refusal(status)
    }
  }

  /// `HTTP/1.1 200 Connection established`; the words may be missing.
  private mutating func readStatus(_ line: [UInt8]) throws(FTPError) {
    let fields = line.split(separator: ASCII.space, maxSplits: 2, omittingEmptySubsequences: false)
    guard
      fields.count >= 2, fields[0].count == 8, fields[0].last?.digit != nil, fields[1].count == 3,
      let code = fields[1].decimal(), code >= 100
    else { throw Self.noHTTP }
    status = Int(code)
    words = fields.count > 2 ? Self.printable(fields[2]) : ""
    challenge = nil
  }

  private func refusal(_ status: Int) -> FTPError {
    var cause = isSecret(words) || words.isEmpty ? "HTTP status \(status)" : "\(words) (HTTP status \(status))"
    if status == 407 {
      let scheme = Self.printable(Array((challenge ?? "").utf8)[...])
      if scheme.isEmpty || scheme.lowercased() == "basic" || isSecret(scheme) {
        cause +=
          credentials == nil ? "; it wants a user name and a password" : "; it refused the user name or the password"
      } else {
        cause += "; it wants a login of the kind \(scheme), which is not supported"
      }
    }
    return FTPError(.proxy([401, 403, 407].contains(status) ? EACCES : nil), cause)
  }

  /// Whether a proxy repeats the login that it was sent.
  private func isSecret(_ words: String) -> Bool {
    guard let credentials else { return false }
    return [credentials.password.text, HTTPConnect.token(credentials)].contains { words.holds($0) }
  }

  /// The proxy's words for a message, without what could deceive a terminal.
  private static func printable(_ words: ArraySlice<UInt8>) -> String {
    words.filter { !$0.isControl }.prefix(Limits.proxyWords).text
  }
}

extension String {
  /// Whether some text, not an empty one, is part of this. (`contains` is the string processing module's.)
  fileprivate func holds(_ other: String) -> Bool {
    !other.isEmpty && indices.contains { self[$0...].hasPrefix(other) }
  }
}

/// Bytes as text in base64 (RFC 4648 section 4). The standard library has none.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encoded(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let block = rest.prefix(3)
      rest = rest.dropFirst(3)
      var bits = block.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - block.count))
      var digits: [UInt8] = []
      for _ in 0..<4 {
        digits.append(alphabet[bits & 63])
        bits >>= 6
      }
      text += digits.reversed().prefix(block.count + 1)
      text += [UInt8](repeating: ASCII.equals, count: 3 - block.count)
    }
    return text.text
  }
}
