/// A session with an FTP server: connect, log in, call, quit (RFC 959).
///
/// Every call blocks until the server has answered, at most as long as `Configuration` allows. A call that a server
/// refuses throws `.reply` and leaves the session usable; so does a transfer that was broken off: what the server still
/// says about it is read before the next command. One thread at a time.
public final class FTPSession {
  /// How a session connects and waits. One serves any number of sessions, on any threads.
  public struct Configuration: Sendable {
    /// How long to wait until a connection is open. Default 60 seconds, nil is for ever.
    public var connectTimeout: Duration? = .seconds(60)
    /// How long a reply may take, the greeting too, and how long a data connection may be silent. Default 300 seconds, nil is for
    /// ever.
    public var timeout: Duration? = .seconds(300)
    /// How often a transfer sends a `NOOP` on the control connection, which gateways forget when it is silent for minutes.
    /// Default: never. (The system's own probes, one a minute, are always on.)
    public var keepAlive: Duration?
    /// Which addresses of the host to use. Default: all, in the resolver's order.
    public var family: SocketAddress.Family = .any
    /// Whether the client opens data connections (`PASV`, `EPSV`) or the server (`PORT`, `EPRT`). Default: the client.
    public var isPassive = true
    /// Whether to connect to the host that a 227 reply names instead of the control connection's. A hostile server can
    /// name any host there (CVE-2020-8284). Default: no.
    public var trustsPassiveAddress = false
    /// The proxy that all connections go through; the server's data connections cannot, so `isPassive` must be true. A `family` other
    /// than `any` makes the host's name be resolved here, whatever the proxy's scheme says. Default: none.
    public var proxy: Proxy?
    /// TLS for all connections, such as `TLS` of the product `FTPTLS`. It is required then: the session says `AUTH TLS` before anything
    /// else, and ends when the server refuses. Default: none, all that is sent can be read on the way.
    public var security: (any TransportSecurity)?
    /// Whether TLS begins with the first byte, on port 990 unless another is named, instead of by `AUTH TLS`. It needs `security`: a session
    /// without that is refused. Default: no.
    public var isImplicitlySecure = false
    /// Whether data connections are secured too (`PROT P`), where `security` is set. Default: yes.
    public var protectsData = true
    /// Whether a download must end as TLS prescribes, or have the size that the server names. Some old servers never end TLS: with
    /// those their 226 must do. Default: yes.
    public var requiresCloseNotify = true
    /// Asked during every wait. Default: nothing is asked.
    public var interrupt: Interrupt?

    /// The defaults.
    public init() {}
  }

  /// How data is represented on its way (RFC 959 section 3.1.1).
  public enum Representation: String, Sendable {
    /// `TYPE A`: lines of text ended by CRLF.
    case text = "A"
    /// `TYPE I`: bytes as they are.
    case binary = "I"

    /// What a `TYPE` sets: `L`, whose bytes are eight bits long everywhere today, is binary, `E` is text.
    init(setBy command: Command) {
      let type = command.line.dropFirst(4).first { $0 != ASCII.space }?.lowercased
      self = type == UInt8(ascii: "i") || type == UInt8(ascii: "l") ? .binary : .text
    }
  }

  /// The host that was asked for.
  public let host: String
  /// The server's greeting.
  public let welcome: Reply
  /// The control connection; another object when TLS has begun or ended on it.
  public internal(set) var control: ControlConnection

  package let configuration: Configuration
  /// The control connection below TLS.
  package let socket: Socket
  /// The control connection inside TLS, whose TLS session data connections resume; kept after `CCC`.
  var secured: (any SecureStream)?
  /// Whether the server knows whether data connections are secured.
  var hasAgreedOnProtection = false
  /// Whether the server has no `MLSD`.
  var lacksMachineListing = false
  /// Whether `EPSV` is of no use through the proxy: refused, or its port cannot be reached.
  var refusesExtendedPassive = false
  let local: SocketAddress
  let peer: SocketAddress
  /// What the proxy was asked for: with one, `peer` is the proxy's address.
  let proxied: ProxyTarget?
  /// The transfer that this session has begun and not ended.
  weak var running: DataTransfer?
  /// Who was logged in last.
  var user: String?
  /// What the last `TYPE` of this session's that was accepted has set; nil when none was since the login.
  var representation: Representation?
  /// The connection's count when `representation` was set: an object of a script's may have changed it since. Nil when it is to be set again all
  /// the same.
  var representationSetAt: RepresentationChanges?

  /// Connects to the first of the host's addresses that answers, reads the greeting, and begins TLS where `security` asks for it. The port is
  /// 21 unless another is named, and 990 for TLS from the first byte.
  ///
  /// Throws `.unresolved`, `.timedOut`, `.system`, `.proxy` or, for a greeting that is no 2yz or a refusal of TLS, `.reply`; `.untrusted` or
  /// `.security` when TLS fails; `.invalidArgument`, before anything is connected, for active mode through a proxy, `isImplicitlySecure`
  /// without `security`, and a host with a NUL in it.
  public init(
    host: String, port: UInt16? = nil, configuration: Configuration = Configuration()
  ) throws(FTPError) {
    guard configuration.security != nil || !configuration.isImplicitlySecure else {
      throw FTPError(
        .invalidArgument,
        "isImplicitlySecure asks for TLS from the first byte, but the configuration's security names nothing that does TLS: "
          + "the login would go in the clear")
    }
    let port = port ?? (configuration.isImplicitlySecure ? 990 : 21)
    let deadline = Deadline.after(configuration.connectTimeout)
    let socket: Socket
    if let proxy = configuration.proxy {
      guard configuration.isPassive else {
        throw FTPError(
          .invalidArgument,
          "active mode cannot go through the proxy \(proxy): the server has no way to connect to this side")
      }
      let targets = try ProxyTunnel.targets(host, port: port, family: configuration.family, proxy)
      let opened = try ProxyTunnel.connect(
        to: targets, through: proxy, action: "connect to \(host) port \(port)", until: deadline,
        interrupt: configuration.interrupt)
      (socket, proxied) = (opened.socket, opened.target)
    } else {
      let addresses = try SocketAddress.resolve(host, port: port, family: configuration.family)
      socket = try Socket.connect(to: host, addresses, until: deadline, interrupt: configuration.interrupt)
      proxied = nil
    }
    guard
      let local = SocketAddress.local(of: socket.descriptor), let peer = SocketAddress.peer(of: socket.descriptor)
    else { throw FTPError(.closed, "\(host) closed the connection") }
    self.host = host
    self.configuration = configuration
    self.local = local
    self.peer = peer
    self.socket = socket
    if let security = configuration.security, configuration.isImplicitlySecure {
      secured = try Self.secure(socket, host: host, security, until: .after(configuration.connectTimeout))
    }
    control = ControlConnection(
      secured ?? socket, host: "\(host) port \(port)", replyTimeout: configuration.timeout)
    welcome = try control.greeting()
    guard welcome.category == .completion else { throw FTPError(unexpected: welcome) }
    if let security = configuration.security, !configuration.isImplicitlySecure { try startSecurity(security) }
  }

  /// Goes on over a plain connection that another object has opened and logged in. Throws `.closed` when it has no peer any more.
  package init(
    over socket: Socket, host: String, port: UInt16, welcome: Reply, configuration: Configuration
  ) throws(FTPError) {
    guard
      let local = SocketAddress.local(of: socket.descriptor), let peer = SocketAddress.peer(of: socket.descriptor)
    else { throw FTPError(.closed, "\(host) closed the connection") }
    self.host = host
    self.configuration = configuration
    self.local = local
    self.peer = peer
    self.socket = socket
    self.welcome = welcome
    proxied = nil
    control = ControlConnection(socket, host: "\(host) port \(port)", replyTimeout: configuration.timeout)
  }

  /// Logs in with `USER`, and with `PASS` and `ACCT` where the server asks for them (RFC 959 section 5.4); with TLS agrees then that data
  /// connections are secured too. Returns the reply to the login.
  ///
  /// Throws `.reply` with the server's refusal, as in `530 Login incorrect.`
  @discardableResult
  public func logIn(
    user: String = "anonymous", password: String? = nil, account: String = ""
  ) throws(FTPError) -> Reply {
    representation = nil
    self.user = user
    let password = password ?? (user == "anonymous" ? "anonymous@" : "")
    var reply = try control.execute(Command("USER", user))
    if reply.category == .intermediate { reply = try control.execute(Command("PASS", password)) }
    if reply.category == .intermediate { reply = try control.execute(Command("ACCT", account)) }
    guard reply.category == .completion else { throw FTPError(unexpected: reply) }
    try agreeOnProtection()
    return reply
  }

  /// Sends any command and returns its reply when that is 1yz, 2yz or 3yz. Throws `.reply` otherwise.
  public func execute(_ line: String) throws(FTPError) -> Reply {
    let command = try Command(line: line.utf8)
    // It may be PROT or REIN, or change what it does not name.
    representationSetAt = nil
    // Behind CCC nothing else can be agreed on.
    if isSecure { hasAgreedOnProtection = false }
    if command.word.beginsSession { representation = nil }
    if command.word == "USER" { user = Array(command.line.dropFirst(5).dropLast(2)).text }
    let reply = try control.execute(command)
    if command.word == "TYPE", reply.category == .completion { representation = Representation(setBy: command) }
    switch reply.category {
    case .preliminary, .completion, .intermediate: return reply
    default: throw FTPError(unexpected: reply)
    }
  }

  /// Takes leave with `QUIT` and closes, whatever the server answers.
  @discardableResult
  public func quit() throws(FTPError) -> Reply {
    defer { close() }
    return try control.complete(Command("QUIT"))
  }

  /// Closes without a word to the server. Later calls throw, and so does a transfer that is running: a sink or a source may call this, and the call that
  /// it belongs to throws `.state`.
  public func close() {
    running?.breakOff()
    running = nil
    control.close()
  }
}
