import FTPClient
import Testing

extension ClientTests {
  @Suite struct ProxyHandshakeTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let url: String
      let host: String
      /// What goes to the proxy.
      let sent: [UInt8]
      /// What the proxy answers, and how it ends: "established", "needs more", or an error's word and a part of its sentence.
      let answer: [UInt8]
      let outcome: String
      let words: String

      init(
        _ url: String, _ host: String = "ftp.example", sent: [UInt8], _ answer: [UInt8],
        _ outcome: String = "established",
        _ words: String = ""
      ) {
        self.url = url
        self.host = host
        self.sent = sent
        self.answer = answer
        self.outcome = outcome
        self.words = words
      }

      var testDescription: String { "\(url) \(host) \(shown(answer))" }
    }

    private static let open: [UInt8] = [5, 1, 0]
    private static let either: [UInt8] = [5, 2, 0, 2]
    private static let login: [UInt8] = [1, 4] + bytes("user") + [6] + bytes("secret")
    /// Connects to ftp.example port 2121.
    private static let name: [UInt8] = [5, 1, 0, 3, 11] + bytes("ftp.example") + [8, 73]
    private static let done: [UInt8] = [5, 0, 0, 1, 127, 0, 0, 1, 4, 1]
    private static let socks = "socks5h://p"
    private static let loggedIn = "socks5h://user:secret@p"

    static let socksRows =
      [
        Row(socks, sent: open + name, [5, 0] + done),
        Row(socks, "127.0.0.1", sent: open + [5, 1, 0, 1, 127, 0, 0, 1, 8, 73], [5, 0] + done),
        Row(socks, "::1", sent: open + [5, 1, 0, 4] + [UInt8](repeating: 0, count: 15) + [1, 8, 73], [5, 0] + done),
        Row("socks5://p", "10.1.2.3", sent: open + [5, 1, 0, 1, 10, 1, 2, 3, 8, 73], [5, 0] + done),
        // What looks like an address and is none, for the proxy to make of it what it likes.
        Row(socks, "127.1", sent: open + [5, 1, 0, 3, 5] + bytes("127.1") + [8, 73], [5, 0] + done),
        // The bound address in every form.
        Row(socks, sent: open + name, [5, 0, 5, 0, 0, 4] + [UInt8](repeating: 7, count: 18)),
        Row(socks, sent: open + name, [5, 0, 5, 0, 0, 3, 3] + bytes("abc") + [0, 0]),
        Row(socks, sent: open + name, [5, 0, 5, 0, 0, 3, 0, 0, 0]),
        Row(socks, sent: open + name, [5, 0, 5, 0, 0, 3, 255] + [UInt8](repeating: 255, count: 257)),
        // Logging in: when the proxy asks for it alone. The version of its answer is not looked at.
        Row(loggedIn, sent: either + name, [5, 0] + done),
        Row(loggedIn, sent: either + login + name, [5, 2, 1, 0] + done),
        Row(loggedIn, sent: either + login + name, [5, 2, 5, 0] + done),
        Row(
          "socks5h://%C3%BC:p%40%3A@p", sent: either + [1, 2, 0xC3, 0xBC, 3] + bytes("p@:") + name, [5, 2, 1, 0] + done),
        Row("socks5h://user@p", sent: either + [1, 4] + bytes("user") + [0] + name, [5, 2, 1, 0] + done),
        Row(loggedIn, sent: either + login, [5, 2, 1, 1], "proxy 13", "refused the user name or the password"),
        Row(loggedIn, sent: either + login, [5, 2, 1, 255], "proxy 13", "refused the user name or the password"),
        Row(loggedIn, sent: either, [5, 255], "proxy 13", "neither"),
        Row(socks, sent: open, [5, 255], "proxy 13", "wants a user name and a password"),
        Row(socks, sent: open, [5, 2], "proxy", "was not offered (2)"),
        Row(loggedIn, sent: either, [5, 1], "proxy", "was not offered (1)"),
        // Other protocols.
        Row(socks, sent: open, [4], "proxy", "does not speak SOCKS 5"),
        Row(socks, sent: open, [0, 90], "proxy", "does not speak SOCKS 5"),
        Row(socks, sent: open, bytes("HTTP/1.0 400 Bad Request\r\n"), "proxy", "does not speak SOCKS 5"),
        Row(socks, sent: open, bytes("220 ready\r\n"), "proxy", "does not speak SOCKS 5"),
        Row(socks, sent: open + name, [5, 0, 4], "proxy", "does not speak SOCKS 5"),
        Row(socks, sent: open + name, [5, 0, 5, 0, 0, 2], "proxy", "unknown type of address (2)"),
        Row(socks, sent: open + name, [5, 0, 5, 0, 0, 255], "proxy", "unknown type of address (255)"),
        // Endings that are none.
        Row(socks, sent: open, [], "needs more"), Row(socks, sent: open, [5], "needs more"),
        Row(socks, sent: open + name, [5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 4], "needs more"),
      ]
      + [
        (1, "proxy", "cannot reach the server"), (2, "proxy 13", "rules do not allow"),
        (3, "proxy 101", "network unreachable"), (4, "proxy 113", "host unreachable"),
        (5, "proxy 111", "connection refused (SOCKS reply 5)"), (6, "proxy 110", "timed out"),
        (7, "proxy 95", "CONNECT"), (8, "proxy 97", "type of address"), (9, "proxy", "no meaning (SOCKS reply 9)"),
        (255, "proxy", "no meaning (SOCKS reply 255)"),
      ].map { Row(socks, sent: open + name, [5, 0, 5, UInt8($0.0)], $0.1, $0.2) }

    private static let request = "CONNECT ftp.example:2121 HTTP/1.1\r\nHost: ftp.example:2121\r\n"
    private static let plain = bytes(request + "\r\n")
    private static let basic = bytes(request + "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n")
    private static let web = "http://p"
    private static let webLogin = "http://user:secret@p"

    private static func web(_ answer: String, _ outcome: String = "established", _ words: String = "") -> Row {
      Row(web, sent: plain, bytes(answer), outcome, words)
    }
    private static func webLogin(_ answer: String, _ outcome: String = "established", _ words: String = "") -> Row {
      Row(webLogin, sent: basic, bytes(answer), outcome, words)
    }

    static let httpRows = [
      // tinyproxy, squid, privoxy, mitmproxy.
      web("HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n"),
      web("HTTP/1.1 200 Connection established\r\n\r\n"), web("HTTP/1.1 200 Connection established\r\nX:\r\n\r\n"),
      // Without words, without CR, with other 2xx, and with lengths that mean nothing here.
      web("HTTP/1.1 200\r\n\r\n"), web("HTTP/1.1 200 \r\n\r\n"), web("HTTP/1.1 200 OK\n\n"),
      web("HTTP/1.1 200 OK\nA: b\n\r\n"),
      web("HTTP/1.1 299 Fine\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n"),
      web("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
      web("HTTP/1.1 200 OK\r\nA: \rb\r\n\r\n"), web("HTTP/1.1 200 OK\r\n:\r\nno colon\r\n \r\n\r\n"),
      webLogin("HTTP/1.1 200 OK\r\n\r\n"),
      Row(
        web, "::1", sent: bytes("CONNECT [::1]:2121 HTTP/1.1\r\nHost: [::1]:2121\r\n\r\n"), bytes("HTTP/1.1 200\n\n")),
      Row(
        web, "10.0.0.1", sent: bytes("CONNECT 10.0.0.1:2121 HTTP/1.1\r\nHost: 10.0.0.1:2121\r\n\r\n"),
        bytes("HTTP/1.1 200\n\n")),
      Row("http://:@p", sent: bytes(request + "Proxy-Authorization: Basic Og==\r\n\r\n"), bytes("HTTP/1.1 200\n\n")),
      Row("http://u:@p", sent: bytes(request + "Proxy-Authorization: Basic dTo=\r\n\r\n"), bytes("HTTP/1.1 200\n\n")),
      Row(
        "http://%C3%BC:%C3%BF@p", sent: bytes(request + "Proxy-Authorization: Basic w7w6w78=\r\n\r\n"),
        bytes("HTTP/1.1 200\n\n")),
      // Refusals.
      web("HTTP/1.1 403 Filtered\r\n\r\n", "proxy 13", "Filtered (HTTP status 403)"),
      web("HTTP/1.0 500 Unable to connect\r\nA: b\r\n\r\n", "proxy", "Unable to connect (HTTP status 500)"),
      web("HTTP/1.1 502\r\n\r\n", "proxy", "HTTP status 502"),
      web("HTTP/1.1 301 Moved\r\nLocation: x\r\n\r\n", "proxy", "301"),
      web("HTTP/1.1 999 \u{1B}[31mred\u{7}\r\n\r\n", "proxy", "[31mred (HTTP status 999)"),
      web(
        "HTTP/1.1 500 \(String(repeating: "x", count: 300))\r\n\r\n", "proxy",
        String(repeating: "x", count: 200) + " (HTTP"),
      web("HTTP/1.1 407 Who?\r\n\r\n", "proxy 13", "Who? (HTTP status 407); it wants a user name and a password"),
      webLogin("HTTP/1.1 407 Who?\r\nPROXY-authenticate: basic realm=x\r\n\r\n", "proxy 13", "refused the user name"),
      web(
        "HTTP/1.1 407 Who?\r\nProxy-Authenticate:  NTLM\r\n\r\n", "proxy 13", "the kind NTLM, which is not supported"),
      webLogin("HTTP/1.1 401 No\r\n\r\n", "proxy 13", "No (HTTP status 401)"),
      // A proxy that repeats the login.
      webLogin("HTTP/1.1 500 no secret here\r\n\r\n", "proxy", "HTTP status 500"),
      webLogin("HTTP/1.1 500 no dXNlcjpzZWNyZXQ=\r\n\r\n", "proxy", "HTTP status 500"),
      webLogin("HTTP/1.1 407 x\r\nProxy-Authenticate: secret\r\n\r\n", "proxy 13", "refused the user name"),
      // What is no HTTP, each as soon as it shows.
      web("\u{5}", "proxy", "does not speak HTTP/1.1"), web("220 ready\r\n", "proxy", "does not speak HTTP/1.1"),
      web("HTTP/2 200\r\n\r\n", "proxy", "does not speak HTTP"),
      web("http/1.1 200\r\n\r\n", "proxy", "does not speak HTTP"),
      web("\r\n", "proxy", "does not speak HTTP"), web("\n", "proxy", "does not speak HTTP"),
      web("HTTP/1.1\r\n", "proxy", "does not speak HTTP"), web("HTTP/1.1 \r\n", "proxy", "does not speak HTTP"),
      web("HTTP/1.1 20\r\n", "proxy", "does not speak HTTP"), web("HTTP/1.1 2000\r\n", "proxy", "does not speak HTTP"),
      web("HTTP/1.1 099\r\n", "proxy", "does not speak HTTP"), web("HTTP/1.1 2x0\r\n", "proxy", "does not speak HTTP"),
      web("HTTP/1.x 200\r\n", "proxy", "does not speak HTTP"), web("HTTP/1.12 200\r\n", "proxy", "does not speak HTTP"),
      web("HTTP/1.1  200\r\n", "proxy", "does not speak HTTP"),
      web("HTTP/1.1\t200\r\n", "proxy", "does not speak HTTP"),
      web("HTTP/1.1 100\n\nICY 200 OK\n\n", "proxy", "does not speak HTTP"),
      // Endings that are none.
      web("", "needs more"), web("HTTP/1.1 200 OK", "needs more"), web("HTTP/1.1 200 OK\r\nA: b\r\n\r", "needs more"),
      web("HTTP/1.1 200 OK\r\n\rA\r\n", "needs more"), web("HTTP/1.1 100 Continue\r\n\r\n", "needs more"),
    ]

    static let rows = socksRows + httpRows

    /// What became of a handshake with a proxy that sends these bytes.
    struct Result {
      var sent: [UInt8] = []
      var unread: ArraySlice<UInt8>
      var outcome = ""
      var message = ""
    }

    /// Holds the handshake; a read takes at most `chunk` bytes, as little as a network may give.
    static func converse(
      _ url: String, _ host: String, _ wire: [UInt8], chunk: Int = .max
    ) throws -> Result {
      var handshake = ProxyHandshake(try Proxy(url: url), to: try ProxyTarget(host: host, port: 2121))
      var result = Result(unread: wire[...])
      do {
        while result.outcome.isEmpty {
          switch try handshake.next() {
          case .send(let bytes): result.sent += bytes
          case .established: result.outcome = "established"
          case .read(let count):
            let bytes = result.unread.prefix(max(1, min(count, chunk)))
            #expect(count > 0)
            result.unread = result.unread.dropFirst(bytes.count)
            if bytes.isEmpty { result.outcome = "needs more" }
            handshake.receive(bytes)
          }
        }
      } catch {
        result.outcome = error.word
        result.message = error.message
      }
      return result
    }

    @Test(arguments: rows)
    func `a handshake`(_ row: Row) throws {
      for chunk in [1, 2, 3, .max] {
        let result = try Self.converse(row.url, row.host, row.answer, chunk: chunk)
        #expect(result.outcome == row.outcome)
        #expect(result.message.contains(row.words), "\(result.message)")
        #expect(!result.message.contains("secret") && !result.message.contains("dXNlc"))
        #expect(result.sent == row.sent, "\(shown(result.sent))")
      }
    }

    @Test(arguments: rows.filter { $0.outcome == "established" })
    func `nothing that comes behind the proxy's answer is taken`(_ row: Row) throws {
      for greeting in ["220 ready\r\n", "\r\n\r\n", "\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        for chunk in [1, 2, .max] {
          let result = try Self.converse(row.url, row.host, row.answer + bytes(greeting), chunk: chunk)
          #expect(result.outcome == "established")
          #expect(Array(result.unread) == bytes(greeting))
        }
      }
    }

    @Test func `every beginning of a good answer needs more`() throws {
      for row in Self.rows where row.outcome == "established" {
        for count in 0..<row.answer.count {
          let result = try Self.converse(row.url, row.host, Array(row.answer[..<count]))
          #expect(result.outcome == "needs more", "\(shown(row.answer[..<count]))")
        }
      }
    }

    @Test(arguments: [
      ("HTTP/1.1 200 OK\r\n", "A: b\r\n"), ("HTTP/1.1 200 OK\r\nA: ", "x"), ("HTTP/1.1 200 ", "x"),
      ("", "HTTP/1.1 100 Continue\r\n\r\n"),
    ])
    func `an endless answer ends at its limit`(_ beginning: String, _ more: String) throws {
      let count = Limits.proxyHeader / more.utf8.count + 1
      let wire = bytes(beginning + String(repeating: more, count: count))
      let result = try Self.converse("http://p", "ftp.example", wire)
      #expect(result.outcome == "proxy")
      #expect(result.message == "its answer is longer than \(Limits.proxyHeader) bytes")
      #expect(wire.count - result.unread.count <= Limits.proxyHeader + 2)
    }

    /// They must only not crash, and end.
    @Test func `hostile bytes are survived`() throws {
      var random = SeededBytes(seed: 1928)
      for row in Self.rows where !row.answer.isEmpty {
        for _ in 0..<40 {
          var changed = row.answer
          changed[Int.random(in: changed.indices, using: &random)] = .random(in: .min ... .max, using: &random)
          #expect(try !Self.converse(row.url, row.host, changed, chunk: 7).outcome.isEmpty)
        }
      }
      for url in ["socks5h://user:secret@p", "http://user:secret@p"] {
        for alphabet in ["", "\u{5}\u{0}\u{1}\u{2}\u{3}\u{4}", "HTTP/1.1 200\r\n:"] {
          for _ in 0..<1000 {
            let wire = random.bytes(Int.random(in: 0...300, using: &random), from: bytes(alphabet))
            for start in [[], [5, 0], [5, 2, 1, 0, 5, 0, 0], bytes("HTTP/1.1 407 \r\n")] {
              let result = try Self.converse(url, "h", start + wire, chunk: 5)
              #expect(!result.outcome.isEmpty && !result.message.contains("secret"))
            }
          }
        }
      }
    }
  }
}
