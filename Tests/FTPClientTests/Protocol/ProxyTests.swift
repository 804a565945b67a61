import FTPClient
import Testing

extension ClientTests {
  @Suite struct ProxyTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let url: String
      let scheme: Proxy.Scheme
      let host: String
      let port: UInt16
      let description: String
      let hasCredentials: Bool

      init(
        _ url: String, _ scheme: Proxy.Scheme, _ host: String, _ port: UInt16, _ description: String,
        login hasCredentials: Bool = false
      ) {
        self.url = url
        self.scheme = scheme
        self.host = host
        self.port = port
        self.description = description
        self.hasCredentials = hasCredentials
      }

      var testDescription: String { url }
    }

    static let rows = [
      Row("socks5://proxy.example:1081", .socks5, "proxy.example", 1081, "socks5://proxy.example:1081"),
      Row("socks5://proxy.example", .socks5, "proxy.example", 1080, "socks5://proxy.example:1080"),
      Row("socks5h://127.0.0.1", .socks5h, "127.0.0.1", 1080, "socks5h://127.0.0.1:1080"),
      // As desktops write it into all_proxy.
      Row("socks://localhost:9050/", .socks5h, "localhost", 9050, "socks5h://localhost:9050"),
      Row("http://proxy.example:3128", .http, "proxy.example", 3128, "http://proxy.example:3128"),
      Row("http://proxy.example/", .http, "proxy.example", 80, "http://proxy.example:80"),
      Row("HTTP://Proxy_1.Example.:8080", .http, "Proxy_1.Example.", 8080, "http://Proxy_1.Example.:8080"),
      Row("http://[::1]:3128", .http, "::1", 3128, "http://[::1]:3128"),
      Row("socks5://[2001:db8::1]", .socks5, "2001:db8::1", 1080, "socks5://[2001:db8::1]:1080"),
      Row("socks5://[::ffff:127.0.0.1]:1", .socks5, "::ffff:127.0.0.1", 1, "socks5://[::ffff:127.0.0.1]:1"),
      Row("http://p:65535", .http, "p", 65535, "http://p:65535"),
      Row("http://p:00080", .http, "p", 80, "http://p:80"),
      Row("http://user:secret@p:3128", .http, "p", 3128, "http://p:3128", login: true),
      Row("http://:secret@p", .http, "p", 80, "http://p:80", login: true),
      Row("http://@p", .http, "p", 80, "http://p:80", login: true),
      Row("socks5://user@p", .socks5, "p", 1080, "socks5://p:1080", login: true),
      Row("socks5h://us%40er:p%3A%2F%25w@[::1]:1", .socks5h, "::1", 1, "socks5h://[::1]:1", login: true),
      Row("socks5://user:a@b:c@p", .socks5, "p", 1080, "socks5://p:1080", login: true),
    ]

    /// Every one of them has the word `secret` where a password may stand.
    static let invalid: [(String, String)] = [
      ("", "scheme"), ("secret", "scheme"), ("secret.example:3128", "scheme"), ("user:secret@p:1", "scheme"),
      ("://secret", "unknown scheme"), ("http:/secret", "scheme"), ("secret://p", "unknown scheme"),
      ("ftp://user:secret@p", "unknown scheme"), ("socks6://p", "unknown scheme"),
      ("https://user:secret@p", "TLS connection to the proxy itself is not supported"),
      ("socks4://p", "SOCKS 4 is not supported"), ("SOCKS4A://user:secret@p", "socks4a://: SOCKS 4"),
      ("http://", "no host"), ("http:///", "no host"), ("http://:80", "no host"), ("http://user:secret@", "no host"),
      ("http://user:secret@:80", "no host"),
      ("http://p:", "port"), ("http://p:0", "port"), ("http://p:65536", "port"), ("http://p:-1", "port"),
      ("http://p:1x", "port"), ("http://p: 1", "port"), ("http://p:99999999999999999999", "port"),
      ("http://user:secret/x@p", "port"), ("http://user:1secret", "port"),
      ("http://p/secret", "goes on"), ("http://p?secret", "goes on"), ("http://p#secret", "goes on"),
      ("http://p//", "goes on"), ("http://user:1/secret@p", "goes on"),
      ("http://::1", "no host"), ("http://2001:db8::1:3128", "port"), ("http://[::1", "brackets"),
      ("http://[]", "brackets"), ("http://[p]", "brackets"), ("http://[127.0.0.1]", "brackets"),
      ("http://[fe80::1%25eth0]", "brackets"), ("http://[::1]3128", "port"), ("http://::1]", "no host"),
      ("http://p q", "host name"), ("http://p\r\nX: y", "host name"), ("http://p\nsecret:80", "host name"),
      ("http://127.0.0.1\0.example", "host name"), ("http://pröxy", "host name"), ("http://p%2e", "host name"),
      ("http://" + String(repeating: "p", count: 256), "host name"),
      ("http://user:secret%@p", "hexadecimal"), ("http://user:secret%4@p", "hexadecimal"),
      ("http://user:secret%4g@p", "hexadecimal"), ("http://%zz:secret@p", "hexadecimal"),
      ("http://user:secret%0d%0aX@p", "control character"), ("socks5://user%00:secret@p", "control character"),
      ("socks5://user:secret%0A@p", "control character"), ("http://us\ner:secret@p", "control character"),
      ("http://us%3Aer:secret@p", "colon"),
      ("socks5://:secret@p", "1 to 255 bytes"), ("socks5://@p", "1 to 255 bytes"),
      ("socks5://user:" + String(repeating: "secret", count: 43) + "@p", "1 to 255 bytes"),
      ("socks5h://" + String(repeating: "u", count: 256) + ":secret@p", "1 to 255 bytes"),
    ]

    @Test(arguments: rows)
    func `a URL is read`(_ row: Row) throws {
      let proxy = try Proxy(url: row.url)
      #expect(proxy.scheme == row.scheme)
      #expect(proxy.host == row.host)
      #expect(proxy.port == row.port)
      #expect("\(proxy)" == row.description)
      #expect((proxy.credentials != nil) == row.hasCredentials)
    }

    @Test(arguments: invalid)
    func `what is no proxy's URL is an invalid argument, and the sentence does not repeat it`(
      _ url: String, _ words: String
    ) {
      let error = #expect(throws: FTPError.self) { try Proxy(url: url) }
      #expect(error?.word == "invalidArgument")
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
      #expect(error?.message.contains("secret") == false)
    }

    @Test func `credentials show in no text of a proxy`() throws {
      let proxy = try Proxy(url: "http://user:secret@p")
      var configuration = FTPSession.Configuration()
      configuration.proxy = proxy
      for text in ["\(proxy)", String(reflecting: proxy), "\([proxy])", "\(configuration)"] {
        #expect(text.contains("http://p:80") && !text.contains("secret") && !text.contains("user"), "\(text)")
      }
    }

    @Test(arguments: ["127.0.0.1", "::1", "2001:db8::1", "ftp.example.org", "a_b-c.", "1.2.3", "xn--e1afmkfd.example"])
    func `a host that can be asked for`(_ host: String) throws {
      let target = try ProxyTarget(host: host, port: 21)
      #expect(target.host == host)
      #expect(target.isAddress == ["127.0.0.1", "::1", "2001:db8::1"].contains(host))
      #expect(target.with(port: 2121).port == 2121)
    }

    @Test(arguments: [
      "", " ", "a b", "a\r\nb", "127.0.0.1\r\n", "127.0.0.1\0", "a\0", "é.example", "fe80::1%lo", "[::1]", "a:21", ":",
      "a/b",
      "a@b", "*", String(repeating: "a", count: 256),
    ])
    func `a host that cannot be asked for`(_ host: String) {
      #expect(thrown { try ProxyTarget(host: host, port: 21) } == "invalidArgument")
    }
  }
}
