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
    context or verify=False say otherwise. Special characters in user, password, host and path
    are percent-encoded. Without a password in the URL it comes from netrc: the file of that name,
    with True the user's own if there is one, with False none. Without a user in either the
    login is anonymous. timeout, proxy, encoding and errors are as for FTP(); proxy=True takes
    the proxy from the environment.

    Raises ValueError for what is no such URL or no netrc file, PermissionError when others may
    read the user's own netrc file, OSError when netrc names one that cannot be read; they repeat
    nothing of the URL or the file. Raises what FTP(), login() and cwd() raise; then nothing stays
    open.
    """
  ) {
    ModuleFunctions.call($0, $1, $2, $3, signature) { state, arguments in
      try open(arguments.required(0), state, option: { arguments[$0] })
    }
  }

  private static let signature = Signature(
    "connect_url", ["url", "netrc", "timeout", "context", "verify", "proxy", "encoding", "errors"], required: 1,
    keywordOnly: 7)

  /// Connects as `connect_url` does. `option` gives that function's other arguments by name; `prepare` gets the object before it
  /// connects.
  static func open(
    _ url: PythonObject, _ state: ModuleState, option: (String) -> PythonObject?,
    prepare: (FTPObject) throws -> Void = { _ in }
  ) throws -> PythonObject {
    let url = try ServerURL(url)
    var (user, password, account) = (url.user, url.password, PythonObject?.none)
    if password == nil, let entry = try Netrc.entry(for: url.host, user, option("netrc") ?? .bool(true)) {
      (user, account, password) = (try entry.item(0), try entry.item(1), try entry.item(2))
    }

    let ftp = FTPObject(object: try make(url.scheme, state, option), state: state)
    do {
      try prepare(ftp)
      for directory in url.directories { try ftp.requireSendable(ftp.command("CWD", directory)) }
      try ftp.call(.connect, url.host, url.port)
      try ftp.call(.login, user ?? .string(""), password ?? .string(""), account ?? .string(""))
      if url.scheme != .ftp { try ftp.object.callMethod("prot_p") }
      for directory in url.directories { try ftp.object.callMethod("cwd", directory) }
      return ftp.object
    } catch {
      PythonError.closing { try ftp.call(.close) }
      throw error
    }
  }

  private static func make(
    _ scheme: ServerURL.Scheme, _ state: ModuleState, _ option: (String) -> PythonObject?
  ) throws -> PythonObject {
    let keywords = try PythonObject.dictionary()
    try keywords.set(option("proxy") ?? .bool(true), for: "proxy")
    for name in ["timeout", "encoding", "errors"] {
      if let value = option(name) { try keywords.set(value, for: name) }
    }
    guard scheme != .ftp else { return try state.ftpType.call(arguments: .tuple(), keywords: keywords) }
    try keywords.set(.bool(scheme == .ftps), for: "implicit")
    let context = option("context").flatMap { $0.isNone ? nil : $0 }
    if let context { try keywords.set(context, for: "context") }
    let verify =
      try option("verify")
      ?? .bool(context.map { context throws(PythonError) in try FTPObject.verifies(context) } ?? true)
    try keywords.set(verify, for: "verify")
    return try state.ftpTLSType.call(arguments: .tuple(), keywords: keywords)
  }
}
