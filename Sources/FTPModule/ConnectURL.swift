import CPython
import FTPClient
import PythonBridge

/// `connect_url`: a session from a URL (RFC 1738 section 3.2).
enum ConnectURL {
  static let function = PyMethodDef.function(
    "connect_url",
    """
    connect_url($module, url, *, netrc=True, timeout=..., context=None, verify=True, proxy=True, encoding='utf-8', errors='strict')
    --

    Connect, log in and change the directory as a URL says; return the FTP or FTP_TLS object.

    url is 'ftp://user:password@host:port/directory' (RFC 1738 section 3.2: each part of the
    path is one CWD, a path that begins with a second slash or %2F starts at the root),
    'ftpes://' for TLS by AUTH (RFC 4217) or 'ftps://' for TLS from the first byte, port 990;
    with TLS the data connections are protected too, and the certificate is verified unless
    context or verify=False say otherwise. Special characters in user, password and path are
    percent-encoded. Without a password in the URL it comes from netrc: the file of that name,
    with True the user's own if there is one, with False none. Without a user in either the
    login is anonymous. timeout, proxy, encoding and errors are as for FTP(); proxy=True takes
    the proxy from the environment.

    Raises ValueError for what is no such URL, and what FTP(), login() and cwd() raise; then
    nothing stays open.
    """
  ) {
    ModuleFunctions.call($0, $1, $2, $3, signature) { state, arguments in
      try open(arguments.required(0).text(), state, option: { arguments[$0] })
    }
  }

  private static let signature = Signature(
    "connect_url", ["url", "netrc", "timeout", "context", "verify", "proxy", "encoding", "errors"], required: 1,
    keywordOnly: 7)

  /// How a scheme speaks.
  private enum Scheme: String {
    case ftp, ftps, ftpes
  }

  /// Connects as `connect_url` does. `option` gives that function's other arguments by name; `prepare` gets the object before it
  /// connects.
  static func open(
    _ url: String, _ state: ModuleState, option: (String) -> PythonObject?,
    prepare: (FTPObject) throws -> Void = { _ in }
  ) throws -> PythonObject {
    // `urlsplit` would leave them out without a word.
    guard url.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
      throw PythonError.value("a URL has no control characters: connect_url() takes them percent-encoded")
    }
    let parse = try importModule("urllib.parse")
    let parts = try parse.callMethod("urlsplit", .string(url))
    func part(_ name: String) throws(PythonError) -> PythonObject? {
      let value = try parts.attribute(name)
      return value.isNone ? nil : value
    }
    func decoded(_ value: PythonObject) throws -> PythonObject {
      try parse.attribute("unquote").call(value, .string("utf-8"), .string("strict"))
    }
    guard let scheme = try Scheme(rawValue: parts.attribute("scheme").text()), let host = try part("hostname") else {
      throw PythonError.value("connect_url() needs 'ftp://host/...', 'ftpes://host/...' or 'ftps://host/...'")
    }
    var user = try part("username").map(decoded)
    var password = try part("password").map(decoded)
    var account: PythonObject?
    let port = try part("port")
    if password == nil, let entry = try netrcEntry(for: host, user, option("netrc") ?? .bool(true)) {
      (user, account, password) = (try entry.item(0), try entry.item(1), try entry.item(2))
    }
    var path = try parts.attribute("path").text()
    // To FTP a question mark is a character as any other (RFC 1738 section 5).
    if let query = try part("query")?.text(), !query.isEmpty { path += "?\(query)" }
    let directories = try directories(path).map { try directory(parse.callMethod("unquote_to_bytes", .string($0))) }

    let ftp = FTPObject(object: try make(scheme, state, option), state: state)
    do {
      try prepare(ftp)
      for directory in directories { try ftp.requireSendable(ftp.command("CWD", directory)) }
      try ftp.call(.connect, host, port)
      try ftp.call(.login, user ?? .string(""), password ?? .string(""), account ?? .string(""))
      if scheme != .ftp { try ftp.object.callMethod("prot_p") }
      for directory in directories { try ftp.object.callMethod("cwd", directory) }
      return ftp.object
    } catch {
      PythonError.closing { try ftp.call(.close) }
      throw error
    }
  }

  private static func make(
    _ scheme: Scheme, _ state: ModuleState, _ option: (String) -> PythonObject?
  ) throws -> PythonObject {
    let keywords = try PythonObject.dictionary()
    try keywords.set(option("proxy") ?? .bool(true), for: "proxy")
    for name in ["timeout", "encoding", "errors"] {
      if let value = option(name) { try keywords.set(value, for: name) }
    }
    guard scheme != .ftp else { return try state.ftpType.call(arguments: .tuple(), keywords: keywords) }
    try keywords.set(.bool(scheme == .ftps), for: "implicit")
    try keywords.set(option("verify") ?? .bool(true), for: "verify")
    if let context = option("context") { try keywords.set(context, for: "context") }
    return try state.ftpTLSType.call(arguments: .tuple(), keywords: keywords)
  }

  /// The directories that a URL's path names, one after the other, still encoded; a `;type=x` at its end is no part of it.
  private static func directories(_ path: String) -> [String] {
    var path = path.dropFirst()
    if let semicolon = path.lastIndex(of: ";"), path[semicolon...].hasPrefix(";type=") { path = path[..<semicolon] }
    let isAbsolute = path.first == "/"
    return (isAbsolute ? ["/"] : []) + path.split(separator: "/").map(String.init)
  }

  /// A directory's name: text where its bytes are UTF-8, otherwise the bytes, which are sent as they are.
  private static func directory(_ bytes: PythonObject) throws -> PythonObject {
    do { return try bytes.withBytes { try TextCodec.utf8.decode($0) } } catch {
      guard PythonError.matches(.unicodeError) else { throw error }
      PythonError.clear()
      return bytes
    }
  }

  /// `(login, account, password)` of the user's netrc file for a host; nil when there is none, or none for this user.
  private static func netrcEntry(
    for host: PythonObject, _ user: PythonObject?, _ file: PythonObject
  ) throws -> PythonObject? {
    guard try file.isTrue() else { return nil }
    let isOwn = file === PythonObject.bool(true)
    let entries: PythonObject
    do {
      entries = try importModule("netrc").callMethod("netrc", isOwn ? PythonObject.none : file)
    } catch {
      // Nobody need have one.
      guard isOwn, PythonError.matches(.osError) else { throw error }
      PythonError.clear()
      return nil
    }
    let entry = try entries.callMethod("authenticators", host)
    guard !entry.isNone else { return nil }
    if let user, try entry.item(0).text() != user.text() { return nil }
    return entry
  }
}
