internal import Glibc

/// Connections that go through a proxy.
public enum ProxyTunnel {
  /// Asks a proxy, over a connection to it, to connect to `target`; afterwards the stream's bytes are the server's.
  ///
  /// Reads nothing that comes behind the proxy's own answer. Blocks until `deadline`. Throws `.proxy` for a refusal, `.timedOut`, or what
  /// the stream throws; the message begins with "cannot" and `action`, as in "connect to ftp.example.org port 21". The stream is the
  /// caller's to close.
  public static func open(
    over stream: any ByteStream, _ proxy: Proxy, to target: ProxyTarget, action: String, until deadline: Deadline
  ) throws(FTPError) {
    do throws(FTPError) { try shakeHands(over: stream, ProxyHandshake(proxy, to: target), until: deadline) } catch {
      if case .interrupted = error.kind { throw error }
      throw FTPError(error.kind, "cannot \(action) through the proxy \(proxy): \(error.message)")
    }
  }

  private static func shakeHands(
    over stream: any ByteStream, _ handshake: ProxyHandshake, until deadline: Deadline
  ) throws(FTPError) {
    var handshake = handshake
    while true {
      // A proxy whose bytes come one by one must not go on for ever.
      guard !deadline.hasPassed else { throw FTPError(.timedOut, "timed out") }
      switch try handshake.next() {
      case .established: return
      case .send(let bytes): try stream.write(bytes, idleTimeout: deadline.remaining)
      case .read(let count):
        let bytes = try read(atMost: count, from: stream, until: deadline)
        guard !bytes.isEmpty else { throw FTPError(.proxy(ECONNRESET), "it closed the connection") }
        handshake.receive(bytes)
      }
    }
  }

  private static func read(
    atMost count: Int, from stream: any ByteStream, until deadline: Deadline
  ) throws(FTPError) -> [UInt8] {
    try withUnsafeTemporaryBuffer(of: max(1, count)) { (buffer) throws(FTPError) in
      do throws(FTPError) {
        return Array(buffer.prefix(try stream.read(into: buffer, until: deadline)))
      } catch {
        guard case .timedOut = error.kind else { throw error }
        throw FTPError(.timedOut, "timed out")
      }
    }
  }

  /// What to ask the proxy for, to be tried in turn: the host itself, or its addresses where this side resolves names, as it does for
  /// `socks5://` and for a host whose addresses are to be of one family.
  ///
  /// Blocks as long as the system's resolver does. Throws `.unresolved`, and `.invalidArgument` for a host that cannot be sent.
  static func targets(
    _ host: String, port: UInt16, family: SocketAddress.Family, _ proxy: Proxy
  ) throws(FTPError) -> [ProxyTarget] {
    if proxy.scheme != .socks5, family == .any { return [try ProxyTarget(host: host, port: port)] }
    var targets: [ProxyTarget] = []
    for address in try SocketAddress.resolve(host, port: port, family: family) {
      targets.append(try ProxyTarget(host: address.host, port: port))
    }
    return targets
  }

  /// Whether another address of the server may fare better than the one that failed: not when the proxy wants no part of this client.
  public static func mayTryOthers(after error: FTPError) -> Bool {
    switch error.kind {
    case .proxy(EACCES): false
    case .proxy, .timedOut: true
    default: false
    }
  }

  /// Connects to the proxy, and through it to the first of the targets that answers.
  ///
  /// Blocks until `deadline` at most. Throws as `open`, and for a proxy that cannot be reached as `Socket.connect`.
  static func connect(
    to targets: [ProxyTarget], through proxy: Proxy, action: String, until deadline: Deadline, interrupt: Interrupt?
  ) throws(FTPError) -> (socket: Socket, target: ProxyTarget) {
    var failure = FTPError(.unresolved(EAI_NONAME), "cannot \(action): the host name has no address")
    for (index, target) in targets.enumerated() {
      let share = Deadline.after(deadline.remaining.map { $0 / (targets.count - index) })
      let socket = try reach(proxy, action: action, until: share, interrupt: interrupt)
      do throws(FTPError) {
        try open(over: socket, proxy, to: target, action: action, until: share)
        return (socket, target)
      } catch {
        socket.close()
        guard mayTryOthers(after: error) else { throw error }
        failure = error
      }
    }
    throw failure
  }

  private static func reach(
    _ proxy: Proxy, action: String, until deadline: Deadline, interrupt: Interrupt?
  ) throws(FTPError) -> Socket {
    do throws(FTPError) {
      let addresses = try SocketAddress.resolve(proxy.host, port: proxy.port)
      return try Socket.connect(to: proxy.host, addresses, until: deadline, interrupt: interrupt)
    } catch {
      if case .interrupted = error.kind { throw error }
      throw FTPError(error.kind, "cannot reach the proxy \(proxy) to \(action): \(error.message)")
    }
  }
}
