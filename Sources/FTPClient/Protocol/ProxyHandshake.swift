/// What is said to a proxy and heard from it until a connection through it stands. No I/O: it says what to send and how much to read.
public struct ProxyHandshake {
  /// What to do next.
  public enum Step: Sendable, Equatable {
    /// Send these bytes.
    case send([UInt8])
    /// Read one byte at least and so many at most, and give them to `receive`: what the server says may come right behind.
    case read(atMost: Int)
    /// From here on both sides' bytes are the server's and the client's.
    case established
  }

  private enum Stage { case start, method, loginAnswer, request, reply, response, established }

  private let proxy: Proxy
  private let target: ProxyTarget
  private var stage = Stage.start
  /// The message of the proxy that is being read.
  private var message: [UInt8] = []
  private var response: HTTPConnectResponse

  /// A handshake that has not begun.
  public init(_ proxy: Proxy, to target: ProxyTarget) {
    self.proxy = proxy
    self.target = target
    response = HTTPConnectResponse(proxy.credentials)
  }

  /// Takes what was read: at most what the last step asked for.
  public mutating func receive(_ bytes: some Collection<UInt8>) { message += bytes }

  /// The next step. Throws `.proxy` when the proxy refused, or said what is no answer.
  public mutating func next() throws(FTPError) -> Step {
    while true {
      switch stage {
      case .start:
        if proxy.scheme == .http { return send(HTTPConnect.request(target, proxy.credentials), then: .response) }
        return send(SOCKS5.greeting(proxy.credentials), then: .method)
      case .method:
        switch try SOCKS5.method(message, proxy.credentials) {
        case .needs(let count): return .read(atMost: count)
        case .value(.open): enter(.request)
        case .value(.password(let credentials)): return send(SOCKS5.login(credentials), then: .loginAnswer)
        }
      case .loginAnswer:
        if case .needs(let count) = try SOCKS5.loginAnswer(message) { return .read(atMost: count) }
        enter(.request)
      case .request: return send(SOCKS5.request(target), then: .reply)
      case .reply:
        if case .needs(let count) = try SOCKS5.reply(message) { return .read(atMost: count) }
        enter(.established)
      case .response:
        let parsed = try response.append(message)
        message = []
        if case .needs(let count) = parsed { return .read(atMost: count) }
        enter(.established)
      case .established: return .established
      }
    }
  }

  private mutating func send(_ bytes: [UInt8], then stage: Stage) -> Step {
    enter(stage)
    return .send(bytes)
  }

  private mutating func enter(_ stage: Stage) {
    message = []
    self.stage = stage
  }
}
