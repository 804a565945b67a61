import FTPClient
import Glibc
import PythonBridge

/// Connections through a SOCKS 5 or HTTP proxy: what the attribute `proxy` asks for.
///
/// It is read each time a connection is opened. `_ftplib_proxied_host` keeps what the proxy was asked for on behalf of the control connection:
/// `getpeername()` of a socket that goes through a proxy names the proxy.
extension FTPObject {
  /// The proxy for this object's connections: `proxy` as a URL, or with `True` what the environment says; nil for none.
  ///
  /// Data connections go the way of the control connection: `host` and `port` decide about `no_proxy`, whatever the data's port.
  func proxy() throws -> Proxy? {
    if try object.hasNoneAttribute(state.names[.proxy]) { return nil }
    let value = try attribute(.proxy)
    if value === PythonObject.bool(true) { return try environmentProxy() }
    // What is no `str` is not meant for this: CPython's class has no such attribute, and a subclass may call anything so.
    guard value.isString, try value.isTrue() else { return nil }
    // Nor is a subclass's own host of a proxy, as of the kind that logs in by `USER user@host`.
    let isOurs = object.isExactly(state.ftpType) || object.isExactly(state.ftpTLSType)
    guard try isOurs || value.text().contains("://") else { return nil }
    return try Proxy(url: Self.proxyURL(value))
  }

  /// Throws `TypeError` when the constructor's `proxy` is none that there can be.
  static func requireProxy(_ value: PythonObject) throws(PythonError) {
    if value.isString || value === PythonObject.bool(true) || value === PythonObject.bool(false) { return }
    throw .type(
      "proxy must be a str as in 'socks5h://host:1080', True for the environment's, or None, not '\(value.typeName)'")
  }

  /// `ftp_proxy`, or else `all_proxy`, in small or capital letters, unless `no_proxy` names the host: as `urllib.request` reads them.
  private func environmentProxy() throws -> Proxy? {
    let urllib = try importModule("urllib.request")
    let proxies = try urllib.callMethod("getproxies_environment")
    for scheme in ["ftp", "all"] {
      let value = try proxies.callMethod("get", .string(scheme), .string(""))
      guard try value.isTrue() else { continue }
      let host = try text(.host)
      // With the port, for an entry in no_proxy may have one; an IPv6 address without brackets cannot be told from it then.
      let server = host.utf8.contains(UInt8(ascii: ":")) ? host : "\(host):\(try text(.port))"
      if try urllib.callMethod("proxy_bypass_environment", .string(server), proxies).isTrue() { return nil }
      do {
        let url = try Self.proxyURL(value)
        // curl, wget and requests take a bare host and port for an HTTP proxy.
        let hasScheme = url.utf8.drop { $0 != UInt8(ascii: ":") }.starts(with: "://".utf8)
        return try Proxy(url: hasScheme ? url : "http://\(url)")
      } catch let error as FTPError {
        throw FTPError(error.kind, "\(scheme)_proxy in the environment: \(error.message)")
      }
    }
    return nil
  }

  /// The text of a proxy's URL. The `UnicodeEncodeError` for one that has none would hold all of it, the password too.
  private static func proxyURL(_ value: PythonObject) throws -> String {
    guard let url = try value.withEncodableUTF8({ String(decoding: $0, as: UTF8.self) }) else {
      throw FTPError(
        .invalidArgument,
        "the proxy's URL has bytes that are no UTF-8, or lone surrogates; they are percent-encoded in it")
    }
    return url
  }

  /// Opens a socket through a proxy, once for each of the host's addresses where this side resolves the name, until one answers.
  ///
  /// The connection to the proxy is made by `connectDirectly`; the handshake gets the connect timeout once more for itself.
  /// A socket on which it fails is closed.
  func openThroughProxy(
    _ proxy: Proxy, _ host: PythonObject, _ port: PythonObject, _ action: String
  ) throws -> Dialled {
    let hosts = try hostsToAskFor(proxy, host, port, action)
    for (index, name) in hosts.enumerated() {
      let target = try ProxyTarget(host: name, port: portNumber(port))
      let dialled = try connectDirectly(
        .string(proxy.host), .integer(Int(proxy.port)), "reach the proxy \(proxy) to \(action)")
      do {
        try shakeHands(on: dialled.socket, proxy, target, action, within: dialled.limit)
        if try opensControlConnection() { try set(._ftplib_proxied_host, .string(name)) }
        return dialled
      } catch {
        PythonError.closing { try dialled.socket.callMethod(state.names[.close]) }
        guard let failure = error as? FTPError else { throw error }
        if case .interrupted(let cause) = failure.kind {
          // What a socket's own methods raised, when it is not a plain one; a signal's exception passes.
          throw cause is PythonError
            ? state.rewordConnectError("\(action) through the proxy \(proxy)") : state.exception(for: failure)
        }
        guard index + 1 < hosts.count, ProxyTunnel.mayTryOthers(after: failure) else { throw failure }
      }
    }
    throw FTPError(.unresolved(EAI_NONAME), "cannot \(action): the host name has no address")
  }

  /// Speaks with the proxy, detached from the interpreter; the socket's own time limit stays as it is.
  private func shakeHands(
    on socket: PythonObject, _ proxy: Proxy, _ target: ProxyTarget, _ action: String, within limit: Double?
  ) throws {
    let stream = try PythonStream(socket, peer: "the proxy \(proxy)", state: state)
    let deadline = Deadline.after(seconds: limit)
    try Attachment.detach {
      try ProxyTunnel.open(over: stream, proxy, to: target, action: action, until: deadline)
    }
  }

  /// The host itself, or its addresses for `socks5://`, in the order in which `socket.create_connection` would try them.
  private func hostsToAskFor(
    _ proxy: Proxy, _ host: PythonObject, _ port: PythonObject, _ action: String
  ) throws -> [String] {
    // A name beyond ASCII goes out as the socket module would send it to a resolver.
    let name = try host.encoded("idna").withBytes { String(decoding: $0, as: UTF8.self) }
    guard proxy.scheme == .socks5, try !ProxyTarget(host: name, port: portNumber(port)).isAddress else { return [name] }
    let socket = try state.socket()
    do {
      let entries = try socket.attribute("getaddrinfo").call(
        arguments: .tuple(host, port, .integer(0), socket.attribute("SOCK_STREAM")), keywords: nil)
      var addresses: [String] = []
      for entry in try entries.items() {
        let address = try entry.item(4).item(0).utf8Text()
        if !addresses.contains(address) { addresses.append(address) }
      }
      return addresses
    } catch {
      throw state.rewordConnectError("\(action) through the proxy \(proxy), for which the name is resolved here")
    }
  }

  /// Whether the connection to be opened is the control connection: there is none.
  private func opensControlConnection() throws(PythonError) -> Bool { try socketInPlace().isNone }

  /// Says that the control connection goes through no proxy.
  func forgetProxiedHost() throws {
    if try !object.hasNoneAttribute(state.names[._ftplib_proxied_host]), try opensControlConnection() {
      try set(._ftplib_proxied_host, .none)
    }
  }

  /// The host that the proxy reached for the control connection; nil without a proxy.
  func proxiedHost() throws -> PythonObject? {
    guard try proxy() != nil else { return nil }
    let host = try attribute(._ftplib_proxied_host)
    return host.isNone ? try attribute(.host) : host
  }

  /// `makepasv()` behind a proxy: `EPSV`, and `PASV` where that is unknown, for nobody here knows whether the proxy reached the server over
  /// IPv4, which `PASV` is for. `trust_server_pasv_ipv4_address` wants the address that only `PASV` names.
  func passiveAddressBehindProxy(_ host: PythonObject) throws -> PythonObject {
    let trusts = try attribute(.trust_server_pasv_ipv4_address).isTrue()
    if try !trusts && connection()?.refusesExtendedPassive != true {
      do { return try extendedPassive(host) } catch {
        try requireUnknownCommand(error)
        try connection()?.refusesExtendedPassive = true
      }
    }
    return try passiveAddress(in: sendcmd("PASV"), orAt: host)
  }

  /// Throws when the connections go through a proxy: no server can open one to this side then.
  func requireNoProxy() throws {
    guard let proxy = try proxy() else { return }
    throw FTPError(
      .state,
      "active mode cannot go through the proxy \(proxy): the server has no way to connect to this side; use set_pasv(True)"
    )
  }
}
