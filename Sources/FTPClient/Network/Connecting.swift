internal import Glibc

extension Socket {
  /// Connects to the first address that answers, each tried in turn.
  ///
  /// Blocks until `deadline` at most; an address that stays silent leaves time for those after it. When all fail the
  /// error is the last one's, and names host, port and cause.
  public static func connect(
    to host: String, _ addresses: [SocketAddress], until deadline: Deadline, interrupt: Interrupt? = nil
  ) throws(FTPError) -> Socket {
    var failure = FTPError(.unresolved(EAI_NONAME), "the host name '\(host)' has no address")
    for (index, address) in addresses.enumerated() {
      let share = deadline.remaining.map { $0 / (addresses.count - index) }
      do {
        return try connect(to: address, host: host, until: .after(share), interrupt: interrupt)
      } catch {
        if case .interrupted = error.kind { throw error }
        failure = error
      }
    }
    throw failure
  }

  private static func connect(
    to address: SocketAddress, host: String, until deadline: Deadline, interrupt: Interrupt?
  ) throws(FTPError) -> Socket {
    let name = host == address.host ? host : "\(host) (\(address.host))"
    let action = "connect to \(name) port \(address.port)"
    let socket = try open(like: address, peer: "\(address.host) port \(address.port)", interrupt: interrupt)
    if address.withSystemAddress({ Glibc.connect(socket.descriptor, $0, $1) }) != 0 {
      guard errno == EINPROGRESS || errno == EINTR else { throw FTPError(errno: errno, action) }
      guard try socket.wait(for: POLLOUT, until: deadline) else {
        throw FTPError(.timedOut, "cannot \(action): timed out")
      }
      var code: CInt = 0
      var length = socklen_t(MemoryLayout<CInt>.size)
      getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
      guard code == 0 else { throw FTPError(errno: code, action) }
    }
    // Commands are small and await their reply: Nagle's algorithm would only delay them.
    var on: CInt = 1
    setsockopt(
      socket.descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    keepAlive(socket.descriptor)
    return socket
  }

  /// A descriptor that can be connected to an address like that one; nil when the system gives none. For who knows the host before the port:
  /// it is made while the server looks for one. A call on it waits for a slice of time, an upload's read too: a file may be made of its descriptor.
  package static func unconnected(like address: SocketAddress) -> CInt? {
    let descriptor = Glibc.socket(
      address.isIPv6 ? AF_INET6 : AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    limit(descriptor, SO_SNDTIMEO, milliseconds: Interrupt.period)
    limit(descriptor, SO_RCVTIMEO, milliseconds: Interrupt.period)
    return descriptor
  }

  /// Connects for a data connection that nobody else knows: it needs no options, and its calls wait in slices of their own.
  ///
  /// `descriptor` is of `unconnected(like:)`; it is taken over, and closed when it cannot be connected. Blocks until `deadline`. Throws as the
  /// other, with "cannot" and `action`, as in "open the data connection to 127.0.0.1 port 20001".
  package static func connect(
    _ descriptor: CInt?, sharingNothing address: SocketAddress, _ action: @autoclosure () -> String, peer: PeerName,
    until deadline: Deadline, interrupt: Interrupt?
  ) throws(FTPError) -> Socket {
    guard let descriptor = descriptor ?? unconnected(like: address) else {
      throw FTPError(errno: errno, action())
    }
    do throws(FTPError) { try dial(descriptor, address, action, until: deadline, interrupt) } catch {
      Glibc.close(descriptor)
      throw error
    }
    let socket = Socket(descriptor: descriptor, owned: true, name: peer, interrupt: interrupt)
    socket.waitsInCalls = true
    return socket
  }

  /// Connects a descriptor of somebody else's. Blocks and throws as the other.
  ///
  /// Where it is a blocking one a `write` to it waits for a slice of time from now on, and then returns: `waitForWriting` takes that back.
  package static func connect(
    _ descriptor: CInt, isBlocking: Bool, to address: SocketAddress, _ action: () -> String, until deadline: Deadline,
    interrupt: Interrupt?
  ) throws(FTPError) {
    if isBlocking { limit(descriptor, SO_SNDTIMEO, milliseconds: Interrupt.period) }
    try dial(descriptor, address, action, until: deadline, interrupt)
  }

  /// Has a `write` to a descriptor wait for ever.
  package static func waitForWriting(_ descriptor: CInt) { limit(descriptor, SO_SNDTIMEO, milliseconds: 0) }

  /// One call, which returns after a slice of time, in the place of three that would not block.
  private static func dial(
    _ descriptor: CInt, _ address: SocketAddress, _ action: () -> String, until deadline: Deadline,
    _ interrupt: Interrupt?
  ) throws(FTPError) {
    if address.withSystemAddress({ Glibc.connect(descriptor, $0, $1) }) == 0 { return }
    var code = errno
    if code == EINPROGRESS || code == EINTR {
      try interrupt?.check()
      let socket = Socket(descriptor: descriptor, owned: false, peer: address.host, interrupt: interrupt)
      guard try socket.wait(for: POLLOUT, until: deadline) else {
        throw FTPError(.timedOut, "cannot \(action()): timed out")
      }
      var length = socklen_t(MemoryLayout<CInt>.size)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    }
    guard code == 0 else { throw FTPError(errno: code, action()) }
  }

  /// How long a blocking call waits on a descriptor; 0 is for ever.
  static func limit(_ descriptor: CInt, _ option: CInt, milliseconds: CInt) {
    var time = timeval(tv_sec: 0, tv_usec: __suseconds_t(milliseconds) * 1000)
    setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Has the system ask after a silent peer every minute, as curl does, rather than after two hours: gateways forget
  /// connections that are silent for a few minutes, such as the control connection of a long transfer.
  package static func keepAlive(_ descriptor: CInt) {
    for (level, option, value) in [
      (SOL_SOCKET, SO_KEEPALIVE, 1), (CInt(IPPROTO_TCP), TCP_KEEPIDLE, 60), (CInt(IPPROTO_TCP), TCP_KEEPINTVL, 60),
    ] {
      var value = CInt(value)
      setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
    }
  }

  /// A new non-blocking socket of the address's family, closed on exec.
  fileprivate static func open(
    like address: SocketAddress, peer: String, interrupt: Interrupt?
  ) throws(FTPError) -> Socket {
    let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let descriptor = Glibc.socket(address.isIPv6 ? AF_INET6 : AF_INET, CInt(type), 0)
    guard descriptor >= 0 else { throw FTPError(errno: errno, "open a socket for \(peer)") }
    return Socket(descriptor: descriptor, owned: true, peer: peer, interrupt: interrupt)
  }
}

/// A socket that waits for the server to connect: active mode (RFC 959 section 3.2).
public final class Listener {
  private let socket: Socket
  private let interrupt: Interrupt?
  /// Where it listens.
  public let address: SocketAddress

  /// Listens on a free port of `address`, whose own port is not used. Throws `.system`.
  public init(on address: SocketAddress, interrupt: Interrupt? = nil) throws(FTPError) {
    let action = "listen on \(address.host)"
    let free = address.with(port: 0)
    let socket = try Socket.open(like: address, peer: "the data connection", interrupt: interrupt)
    guard
      free.withSystemAddress({ bind(socket.descriptor, $0, $1) }) == 0, listen(socket.descriptor, 1) == 0,
      let bound = SocketAddress.local(of: socket.descriptor)
    else { throw FTPError(errno: errno, action) }
    self.socket = socket
    self.interrupt = interrupt
    self.address = bound
  }

  /// Whether somebody connects until `deadline`.
  func isReady(until deadline: Deadline) throws(FTPError) -> Bool { try socket.isReadable(until: deadline) }

  /// Waits for a connection from `host`; others are closed at once, for anyone may connect to an open port.
  ///
  /// Blocks until `deadline`, then throws `.timedOut`.
  public func accept(from host: String, until deadline: Deadline) throws(FTPError) -> Socket {
    while true {
      // Strangers who keep connecting must not keep it waiting.
      guard !deadline.hasPassed, try socket.wait(for: POLLIN, until: deadline) else {
        throw FTPError(
          .timedOut, "\(host) did not connect to \(address.host) port \(address.port) for the data: timed out")
      }
      let descriptor = Glibc.accept(socket.descriptor, nil, nil)
      guard descriptor >= 0 else {
        if errno == EAGAIN || errno == EINTR || errno == ECONNABORTED { continue }
        throw FTPError(errno: errno, "accept the data connection of \(host)")
      }
      // Glibc's Swift module has no accept4.
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      let peer = SocketAddress.peer(of: descriptor)
      let accepted = Socket(
        descriptor: descriptor, owned: true, peer: "\(host) port \(peer?.port ?? 0)", interrupt: interrupt)
      if peer?.host == host { return accepted }
    }
  }
}
