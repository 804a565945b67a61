import COpenSSL
import Glibc

/// What went wrong on the server's side of a test.
struct ScriptFault: Error, CustomStringConvertible {
  let description: String
  /// The system's `errno`, where that was the cause.
  var code: CInt = 0
}

/// A blocking TCP socket of the scripted server. Every call ends within `patience`.
///
/// It shares no code with the client that it tests.
final class Wire: @unchecked Sendable {
  /// How long the server waits for anything before it calls the script broken.
  static let patience = 10

  private var descriptor: CInt
  private var buffer: [UInt8] = []
  /// TLS, when that has begun.
  private var tls: OpaquePointer?

  init(descriptor: CInt) throws {
    guard descriptor >= 0 else { throw ScriptFault(description: "no socket: errno \(errno)") }
    self.descriptor = descriptor
    var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    var on: CInt = 1
    setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
  }

  deinit {
    close()
    SSL_free(tls)
  }

  // MARK: Making

  /// Listens on a free port of a numeric host.
  static func listening(on host: String, backlog: CInt = 16) throws -> Wire {
    let wire = try Wire(descriptor: newSocket(host))
    try wire.bind(to: host)
    guard listen(wire.descriptor, backlog) == 0 else { throw ScriptFault(description: "listen: errno \(errno)") }
    return wire
  }

  /// Connects to a numeric host, from another local address when `source` names one.
  static func connected(to host: String, port: UInt16, from source: String? = nil) throws -> Wire {
    let wire = try Wire(descriptor: newSocket(host))
    if let source { try wire.bind(to: source) }
    let status = try withAddress(host, port) { Glibc.connect(wire.descriptor, $0, $1) }
    guard status == 0 else { throw ScriptFault(description: "connect to \(host) port \(port): errno \(errno)") }
    return wire
  }

  /// A port on which nobody listens, now and for the life of the returned wire: it is bound, and does not listen.
  static func closedPort(on host: String) throws -> Wire {
    let wire = try Wire(descriptor: newSocket(host))
    try wire.bind(to: host)
    return wire
  }

  /// A listener whose queue is full: a further connection attempt gets no answer at all.
  static func silent(on host: String) throws -> (listener: Wire, occupants: [Wire]) {
    let listener = try listening(on: host, backlog: 0)
    let port = try listener.port
    var occupants: [Wire] = []
    for _ in 0..<4 {
      let occupant = try Wire(descriptor: newSocket(host))
      _ = fcntl(occupant.descriptor, F_SETFL, O_NONBLOCK)
      _ = try withAddress(host, port) { Glibc.connect(occupant.descriptor, $0, $1) }
      occupants.append(occupant)
    }
    return (listener, occupants)
  }

  private static func newSocket(_ host: String) -> CInt {
    socket(host.contains(":") ? AF_INET6 : AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
  }

  private static func withAddress(
    _ host: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
  ) throws -> CInt {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0, let entry = list, let address = entry.pointee.ai_addr
    else { throw ScriptFault(description: "'\(host)' is no numeric host") }
    defer { freeaddrinfo(list) }
    return body(address, entry.pointee.ai_addrlen)
  }

  private func bind(to host: String) throws {
    let status = try Self.withAddress(host, 0) { Glibc.bind(descriptor, $0, $1) }
    guard status == 0 else { throw ScriptFault(description: "bind to \(host): errno \(errno)") }
  }

  /// The local port.
  var port: UInt16 {
    get throws {
      var storage = sockaddr_in6()
      var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
      let status = withUnsafeMutablePointer(to: &storage) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
      }
      guard status == 0 else { throw ScriptFault(description: "getsockname: errno \(errno)") }
      // sin_port and sin6_port lie at the same place.
      return UInt16(bigEndian: storage.sin6_port)
    }
  }

  // MARK: Waiting

  /// Whether something can be read, or accepted, within a time.
  func isReadable(within time: Duration) -> Bool {
    let end = ContinuousClock.now + time
    while true {
      let left = max(.zero, ContinuousClock.now.duration(to: end))
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
      if poll(&request, 1, CInt(clamping: milliseconds)) > 0 { return true }
      if left == .zero { return false }
    }
  }

  /// The next connection.
  func accept() throws -> Wire {
    guard isReadable(within: .seconds(Self.patience)) else { throw ScriptFault(description: "nobody connected") }
    return try Wire(descriptor: Glibc.accept(descriptor, nil, nil))
  }

  // MARK: Bytes

  /// Sends all bytes; throws when the client does not take them.
  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { bytes in
        if let tls { return Int(SSL_write(tls, bytes.baseAddress, CInt(bytes.count))) }
        return Glibc.send(descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw ScriptFault(description: "the client takes no more bytes: errno \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  /// One line without its CRLF. A line that ends otherwise is a fault: the client must send CRLF.
  func readLine() throws -> String {
    while true {
      if let end = buffer.firstIndex(of: 0x0A) {
        let line = buffer[..<end]
        buffer.removeFirst(end + 1)
        guard line.last == 0x0D else { throw ScriptFault(description: "a command without CRLF: \(shown(line))") }
        return String(decoding: line.dropLast(), as: UTF8.self)
      }
      guard let chunk = try read() else {
        throw ScriptFault(description: "the client closed after '\(shown(buffer))'")
      }
      buffer += chunk
    }
  }

  /// So many bytes.
  func read(count: Int) throws -> [UInt8] {
    while buffer.count < count {
      guard let chunk = try read() else {
        throw ScriptFault(description: "the client closed after '\(shown(buffer))'")
      }
      buffer += chunk
    }
    defer { buffer.removeFirst(count) }
    return Array(buffer.prefix(count))
  }

  /// Whether the client said nothing for a time.
  func isQuiet(for time: Duration) -> Bool { buffer.isEmpty && !isReadable(within: time) }

  /// Everything up to the end of the stream.
  func readAll() throws -> [UInt8] {
    var all = buffer
    buffer = []
    while let chunk = try read() { all += chunk }
    return all
  }

  /// Waits until the client has closed, in whatever way, and drops what it still sends.
  func awaitEnd() throws {
    let end = ContinuousClock.now + .seconds(Self.patience)
    while true {
      guard ContinuousClock.now < end else { throw ScriptFault(description: "the client neither stopped nor closed") }
      do {
        guard try read() != nil else { return }
      } catch let fault as ScriptFault where fault.code == ECONNRESET || fault.code == EPIPE {
        return
      }
    }
  }

  /// Some bytes; nil at the end of the stream.
  private func read() throws -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    if let tls {
      let count = SSL_read(tls, &chunk, CInt(chunk.count))
      if count > 0 { return Array(chunk[..<Int(count)]) }
      // Only `close_notify` is an end.
      guard SSL_get_error(tls, count) == SSL_ERROR_ZERO_RETURN else {
        throw ScriptFault(description: "TLS did not end: errno \(errno)", code: errno)
      }
      return nil
    }
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count >= 0 else {
      let code = errno
      let cause = code == EAGAIN ? "the client neither sent nor closed" : "cannot read: errno \(code)"
      throw ScriptFault(description: cause, code: code)
    }
    return count == 0 ? nil : Array(chunk[..<count])
  }

  // MARK: TLS

  /// Shakes hands as the server, with a context of `ServerContext`. The thread must block SIGPIPE.
  func startTLS(_ context: OpaquePointer) throws {
    guard buffer.isEmpty, let tls = SSL_new(context) else { throw ScriptFault(description: "no TLS") }
    self.tls = tls
    SSL_set_fd(tls, descriptor)
    ERR_clear_error()
    guard SSL_accept(tls) == 1 else {
      let reason = ERR_reason_error_string(ERR_get_error()).map { String(cString: $0) } ?? "the client closed"
      throw ScriptFault(description: "no handshake: \(reason)")
    }
  }

  /// Sends `close_notify`.
  func endTLS() { SSL_shutdown(tls) }

  /// Waits for the end of the connection below TLS, and drops what comes before.
  func awaitSocketEnd() throws {
    SSL_free(tls)
    tls = nil
    try awaitEnd()
  }

  // MARK: Ending

  /// Closes: with FIN, or at once with RST.
  func close(reset: Bool = false) {
    guard descriptor >= 0 else { return }
    if reset {
      var option = linger(l_onoff: 1, l_linger: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
    Glibc.close(descriptor)
    descriptor = -1
  }
}
