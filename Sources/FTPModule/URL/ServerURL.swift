import CPython
import FTPClient
import PythonBridge

/// The parts of a URL that `connect_url` takes, percent-decoded. They are Python's objects, as `urllib.parse` gives them.
///
/// No error repeats anything of the URL, nor has a cause that does: any part of it may be a password that was not percent-encoded.
struct ServerURL {
  /// How a scheme speaks.
  enum Scheme: String {
    case ftp, ftps, ftpes
  }

  let scheme: Scheme
  let host: PythonObject
  let port: PythonObject?
  let user: PythonObject?
  let password: PythonObject?
  /// The directories of the path, one after the other: text where their bytes are UTF-8, otherwise the bytes, which are sent as they are.
  let directories: [PythonObject]

  private static let encoding =
    "in a user name or password : @ / ? # [ ] % are %3A %40 %2F %3F %23 %5B %5D %25"

  /// Raises `ValueError`.
  init(_ url: PythonObject) throws {
    guard let text = try url.string().withEncodableUTF8({ String(decoding: $0, as: UTF8.self) }) else {
      throw PythonError.value("a URL has no lone surrogates: bytes that are no UTF-8 are percent-encoded in it")
    }
    // `urlsplit` would leave them out without a word.
    guard !Self.hasControl(text) else {
      throw PythonError.value("a URL has no control characters: connect_url() takes them percent-encoded")
    }
    let parse = try importModule("urllib.parse")
    let parts = try Self.saying("the URL names no host, nor an IPv6 address in brackets; \(Self.encoding)") {
      try parse.callMethod("urlsplit", .string(text))
    }
    func part(_ name: String) throws(PythonError) -> PythonObject? {
      let value = try parts.attribute(name)
      return value.isNone ? nil : value
    }
    func decoded(_ name: String, _ value: PythonObject?) throws -> PythonObject? {
      guard let value else { return nil }
      return try Self.saying("the URL's \(name) is not UTF-8 when it is percent-decoded") {
        try parse.attribute("unquote").call(value, .string("utf-8"), .string("strict"))
      }
    }
    guard let scheme = try Scheme(rawValue: parts.attribute("scheme").text()), let host = try part("hostname") else {
      throw PythonError.value("connect_url() needs 'ftp://host/...', 'ftpes://host/...' or 'ftps://host/...'")
    }
    self.scheme = scheme
    port = try Self.saying("the URL's port is no number from 1 to 65535; \(Self.encoding)") {
      let port = try part("port")
      // To `connect` it would be the usual one.
      guard try port?.isTrue() ?? true else { throw PythonError.value("") }
      return port
    }
    self.host = try Self.host(host.text()) { try decoded("host", .string($0)) }
    user = try decoded("user name", part("username"))
    password = try decoded("password", part("password"))
    var path = try parts.attribute("path").text()
    // To FTP a question mark is a character as any other (RFC 1738 section 5).
    if let query = try part("query")?.text(), !query.isEmpty || text.hasSuffix("?") { path += "?\(query)" }
    // A password's: what stands before it would pass for the host.
    if let fragment = try part("fragment")?.text(), fragment.contains("@") {
      throw PythonError.value("the URL has a # that is not percent-encoded; \(Self.encoding)")
    }
    directories = try Self.directories(path).map {
      try Self.directory(parse.callMethod("unquote_to_bytes", .string($0)))
    }
  }

  /// Says what is wrong in place of an exception of Python's that quotes what it was given.
  private static func saying<Result>(_ reason: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch {
      guard PythonError.matches(.valueError) else { throw error }
      PythonError.clear()
      throw PythonError.value(reason)
    }
  }

  /// A host without its percent-encoding (RFC 3986 section 3.2.2); the zone of an IPv6 address stands behind `%25` (RFC 6874), or behind a
  /// bare `%` as in what other programs print.
  private static func host(_ text: String, _ decoded: (String) throws -> PythonObject?) throws -> PythonObject {
    guard let percent = text.firstIndex(of: "%") else { return try .string(text) }
    let host: String
    if text.contains(":") {
      let zone = text[percent...].dropFirst()
      guard zone.hasPrefix("25"), zone.count > 2 else { return try .string(text) }
      let name = try decoded(String(zone.dropFirst(2)))?.text() ?? ""
      guard !name.contains(where: { ":[]".contains($0) }) else { throw unfit }
      host = "\(text[..<percent])%\(name)"
    } else {
      host = try decoded(text)?.text() ?? ""
      guard !host.contains(where: { ":[]".contains($0) }) else { throw unfit }
    }
    guard !hasControl(host), !host.contains(where: { "/?#@".contains($0) }) else { throw unfit }
    return try .string(host)
  }

  private static var unfit: PythonError {
    .value("the URL's host has a character that no host has when it is percent-decoded; \(encoding)")
  }

  private static func hasControl(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
  }

  /// The directories that a URL's path names, one after the other, still encoded; a `;type=x` at its end is no part of it.
  private static func directories(_ path: String) -> [String] {
    var path = path.dropFirst()
    if let semicolon = path.lastIndex(of: ";"), path[semicolon...].hasPrefix(";type="),
      !path[semicolon...].contains("/")
    {
      path = path[..<semicolon]
    }
    let isAbsolute = path.first == "/"
    return (isAbsolute ? ["/"] : []) + path.split(separator: "/").map(String.init)
  }

  private static func directory(_ bytes: PythonObject) throws -> PythonObject {
    do { return try bytes.withBytes { try TextCodec.utf8.decode($0) } } catch {
      guard PythonError.matches(.unicodeError) else { throw error }
      PythonError.clear()
      return bytes
    }
  }
}
