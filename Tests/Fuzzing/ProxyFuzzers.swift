/// What proxies say, and the URLs that name them.

private let password = "Geheim-Wort-7"

/// A handshake over the proxy's bytes, given out as the handshake asks for them: never more than it said, in pieces.
///
/// The same end after the same number of bytes however they come; none is taken that comes behind the proxy's answer, and no
/// sentence repeats the password.
private func shakeHands(_ proxy: Proxy, _ bytes: ArraySlice<UInt8>, seed: UInt8) -> (outcome: String, taken: Int) {
  guard let target = try? ProxyTarget(host: "ftp.example", port: 2121) else { preconditionFailure("no target") }
  var handshake = ProxyHandshake(proxy, to: target)
  var sizes = pieces(bytes, seed: seed).map(\.count)[...]
  var rest = bytes
  do throws(FTPError) {
    while true {
      switch try handshake.next() {
      case .established: return ("established", bytes.count - rest.count)
      case .send(let message): promise(!message.isEmpty)
      case .read(let count):
        promise((1...300).contains(count), "asks for \(count) bytes")
        guard !rest.isEmpty else { return ("needs more", bytes.count) }
        let piece = rest.prefix(min(count, sizes.popFirst() ?? 1))
        rest = rest[piece.endIndex...]
        handshake.receive(piece)
      }
    }
  } catch {
    promise(!error.message.contains(password), "the password is shown")
    promise(error.message.utf8.count < 2000 && error.message.utf8.allSatisfy { !$0.isControl })
    return (word(error), 0)
  }
}

private func fuzzProxy(_ url: String, _ input: ArraySlice<UInt8>) {
  let (seed, bytes) = seeded(input)
  guard let proxy = try? Proxy(url: url) else { preconditionFailure("no proxy") }
  let whole = shakeHands(proxy, bytes, seed: 0)
  let cut = shakeHands(proxy, bytes, seed: seed)
  promise(whole == cut, "\(cut) instead of \(whole)")
  if proxy.scheme != .http { promise(whole.taken <= 2 + 2 + 262 || whole.outcome != "established") }
}

/// SOCKS 5, with a login where the second byte is odd.
@Sendable func fuzzSOCKS(_ input: ArraySlice<UInt8>) {
  fuzzProxy((input.first ?? 0) % 2 == 0 ? "socks5h://p" : "socks5h://user:\(password)@p", input)
}

/// HTTP CONNECT, with a login where the first byte is odd.
@Sendable func fuzzConnect(_ input: ArraySlice<UInt8>) {
  fuzzProxy((input.first ?? 0) % 2 == 0 ? "http://p" : "http://user:\(password)@p", input)
}

/// `Proxy(url:)` and `ProxyTarget`: what is read can be written and read again, and nothing of a URL is in the error.
@Sendable func fuzzProxyURL(_ input: ArraySlice<UInt8>) {
  let text = String(decoding: input, as: UTF8.self)
  do throws(FTPError) {
    let proxy = try Proxy(url: text)
    promise(proxy.port > 0 && !proxy.host.isEmpty && proxy.host.utf8.count <= Limits.socksText)
    let again = try? Proxy(url: proxy.description)
    promise(again?.host == proxy.host && again?.port == proxy.port && again?.scheme == proxy.scheme)
    if proxy.scheme != .http, let credentials = proxy.credentials {
      promise(SOCKS5.login(credentials).count <= 3 + 2 * Limits.socksText)
    }
    let sent = HTTPConnect.request(try ProxyTarget(host: proxy.host, port: proxy.port), proxy.credentials)
    promise(
      sent.filter { $0 == 0x0A }.count == (proxy.credentials == nil ? 3 : 4), "a header of somebody else's making")
  } catch {
    // Shorter ones are words of the sentence by chance.
    promise(text.utf8.count < 24 || !error.message.contains(text))
  }
  if let target = try? ProxyTarget(host: text, port: 21) {
    promise(!target.authority.utf8.contains { $0.isControl || $0 == 0x20 || $0 == 0x2F || $0 == 0x40 })
    promise(SOCKS5.request(target).count <= 7 + Limits.socksText)
  }
}
