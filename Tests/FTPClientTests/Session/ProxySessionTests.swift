import FTPClient
import Glibc
import Testing

extension ClientTests {
  /// The scripted server stands for the proxy and for the server behind it. Real proxies are met by the Python tests.
  @Suite struct ProxySessionTests {
    /// How a proxy takes a connection, on the control connection or on the next one that comes in, which is the data connection.
    enum Taking: String, CaseIterable, Sendable {
      case socks5, socks5h, http

      /// What the client asks this proxy for.
      func take(_ wire: Wire, _ host: String, _ port: UInt16, answer: [UInt8]? = nil) throws {
        if self == .http {
          let authority = "\(host):\(port)"
          for line in ["CONNECT \(authority) HTTP/1.1", "Host: \(authority)", ""] {
            try Self.expect(wire.readLine(), line)
          }
          return try wire.send(answer ?? bytes("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"))
        }
        try Self.expect(wire.read(count: 3), [5, 1, 0])
        try wire.send([5, 0])
        let address = host.split(separator: ".").compactMap { UInt8($0) }
        let form: [UInt8] = address.count == 4 ? [1] + address : [3, UInt8(host.utf8.count)] + bytes(host)
        let request: [UInt8] = [5, 1, 0] + form + [UInt8(port >> 8), UInt8(port & 0xFF)]
        try Self.expect(wire.read(count: request.count), request)
        try wire.send(answer ?? [5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
      }

      private static func expect<Value: Equatable>(_ heard: Value, _ expected: Value) throws {
        guard heard == expected else { throw ScriptFault(description: "heard \(heard), not \(expected)") }
      }

      func control(_ host: String, answer: [UInt8]? = nil) -> Step {
        Step("take the control connection") { try take($0.control, host, 2121, answer: answer) }
      }

      func data(_ host: String, _ port: UInt16 = 4711) -> Step {
        Step("take the data connection") { conversation in
          let data = try conversation.door.accept()
          conversation.data = data
          try take(data, host, port)
        }
      }

      func refuseData(_ host: String, _ port: UInt16) -> Step {
        Step("refuse the data connection") { conversation in
          let refusal = self == .http ? bytes("HTTP/1.1 502 Bad Gateway\r\n\r\n") : [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]
          try take(conversation.door.accept(), host, port, answer: refusal)
        }
      }

      func configuration(
        _ server: ScriptedServer, _ change: (inout FTPSession.Configuration) -> Void = { _ in }
      ) throws -> FTPSession.Configuration {
        let proxy = try Proxy(url: "\(rawValue)://127.0.0.1:\(server.port)")
        return .with {
          $0.proxy = proxy
          change(&$0)
        }
      }
    }

    private static let transfer: [Step] = [
      .hear("RETR f"), .say("150 ok"), .data(bytes("content")), .endData, .say("226 done"),
    ]

    @Test(arguments: Taking.allCases)
    func `both connections go through the proxy to the host that was asked for`(_ taking: Taking) throws {
      // 192.0.2.1 is nobody's (RFC 5737): what does not go through the proxy goes nowhere.
      let steps =
        [taking.control("192.0.2.1"), .say("220 ready"), .answer("TYPE I", "200 ok")]
        + [.answer("EPSV", Step.epsvWords(port: 4711)), taking.data("192.0.2.1")] + Self.transfer + .inStep
      try ScriptedServer.run(steps) { server in
        let session = try FTPSession(host: "192.0.2.1", port: 2121, configuration: taking.configuration(server))
        defer { session.close() }
        #expect(session.welcome.text == "220 ready")
        #expect(try session.bytes(of: "f") == bytes("content"))
        try session.isInStep()
      }
    }

    @Test(arguments: Taking.allCases)
    func `a port of EPSV that cannot be reached is followed by PASV, and so are later transfers`(_ taking: Taking) throws {
      let host = "192.0.2.1"
      let steps =
        [taking.control(host), .say("220 ready"), .answer("TYPE I", "200 ok")]
        + [.answer("EPSV", Step.epsvWords(port: 4711)), taking.refuseData(host, 4711)]
        + [.answer("PASV", "227 (10,0,0,1,18,104)"), taking.data(host, 4712)] + Self.transfer
        + [.answer("PASV", "227 (10,0,0,1,18,105)"), taking.data(host, 4713)] + Self.transfer + .inStep
      try ScriptedServer.run(steps) { server in
        let session = try FTPSession(host: host, port: 2121, configuration: taking.configuration(server))
        defer { session.close() }
        #expect(try session.bytes(of: "f") == bytes("content"))
        #expect(try session.bytes(of: "f") == bytes("content"))
        try session.isInStep()
      }
    }

    @Test(arguments: Taking.allCases)
    func `without PASV it is EPSV's port that could not be reached`(_ taking: Taking) throws {
      let host = "192.0.2.1"
      let steps =
        [taking.control(host), .say("220 ready"), .answer("TYPE I", "200 ok")]
        + [.answer("EPSV", Step.epsvWords(port: 4711)), taking.refuseData(host, 4711), .answer("PASV", "502 no")] + .inStep
      try ScriptedServer.run(steps) { server in
        let session = try FTPSession(host: host, port: 2121, configuration: taking.configuration(server))
        defer { session.close() }
        let error = #expect(throws: FTPError.self) { try session.bytes(of: "f") }
        #expect(error?.message.contains("open the data connection to 192.0.2.1 port 4711") == true)
        try session.isInStep()
      }
    }

    @Test(arguments: Taking.allCases)
    func `who resolves the name`(_ taking: Taking) throws {
      let asked = taking == .socks5 ? "127.0.0.1" : "localhost"
      try ScriptedServer.run([taking.control(asked), .say("220 ready"), .farewell]) { server in
        let configuration = try taking.configuration(server) { if taking == .socks5 { $0.family = .ipv4 } }
        try FTPSession(host: "localhost", port: 2121, configuration: configuration).close()
      }
      // To be of one family, an address must be known.
      try ScriptedServer.run([taking.control("127.0.0.1"), .say("220 ready"), .farewell]) { server in
        let configuration = try taking.configuration(server) { $0.family = .ipv4 }
        try FTPSession(host: "localhost", port: 2121, configuration: configuration).close()
      }
    }

    @Test(arguments: ["500 what?", "502 no", "522 protocol"])
    func `where EPSV is unknown PASV is asked, and its address is not followed`(_ refusal: String) throws {
      let steps =
        [Taking.http.control("ftp.example"), .say("220 ready"), .answer("TYPE I", "200 ok"), .answer("EPSV", refusal)]
        + [.answer("PASV", Step.pasvWords(port: 4711)), Taking.http.data("ftp.example")] + Self.transfer + .inStep
      try ScriptedServer.run(steps) { server in
        let session = try FTPSession(host: "ftp.example", port: 2121, configuration: Taking.http.configuration(server))
        defer { session.close() }
        #expect(try session.bytes(of: "f") == bytes("content"))
        try session.isInStep()
      }
    }

    @Test func `an address that is trusted is asked of the proxy`() throws {
      let steps =
        [Taking.socks5h.control("ftp.example"), .say("220 ready"), .answer("TYPE I", "200 ok")]
        + [.answer("PASV", "227 (192,0,2,7,18,103)"), Taking.socks5h.data("192.0.2.7")] + Self.transfer + .inStep
      try ScriptedServer.run(steps) { server in
        let configuration = try Taking.socks5h.configuration(server) { $0.trustsPassiveAddress = true }
        let session = try FTPSession(host: "ftp.example", port: 2121, configuration: configuration)
        defer { session.close() }
        #expect(try session.bytes(of: "f") == bytes("content"))
        try session.isInStep()
      }
    }

    @Test func `a refused data connection is an error, and the session goes on`() throws {
      let refuse = Step("refuse the data connection") { conversation in
        let data = try conversation.door.accept()
        try Taking.socks5.take(data, "192.0.2.1", 4711, answer: [5, 5, 0, 1])
        conversation.data = data
      }
      let steps =
        [Taking.socks5.control("192.0.2.1"), .say("220 ready"), .answer("TYPE I", "200 ok")]
        + [.answer("EPSV", Step.epsvWords(port: 4711)), refuse, .dataGone] + .inStep
      try ScriptedServer.run(steps) { server in
        let session = try FTPSession(host: "192.0.2.1", port: 2121, configuration: Taking.socks5.configuration(server))
        defer { session.close() }
        let error = #expect(throws: FTPError.self) { try session.bytes(of: "f") }
        #expect(error?.word == "proxy 111")
        #expect(
          error?.message == "cannot open the data connection to 192.0.2.1 port 4711 through the proxy "
            + "socks5://127.0.0.1:\(server.port): connection refused (SOCKS reply 5)")
        try session.isInStep()
      }
    }

    @Test(arguments: Taking.allCases)
    func `a greeting right behind the proxy's answer is read`(_ taking: Taking) throws {
      let answer: [UInt8] = taking == .http ? bytes("HTTP/1.1 200 OK\r\n\r\n") : [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]
      let steps = [taking.control("192.0.2.1", answer: answer + bytes("220 at once\r\n"))] + .inStep
      try ScriptedServer.run(steps) { server in
        let session = try FTPSession(host: "192.0.2.1", port: 2121, configuration: taking.configuration(server))
        defer { session.close() }
        #expect(session.welcome.text == "220 at once")
        try session.isInStep()
      }
    }

    @Test func `active mode is an error before anything is sent`() throws {
      let door = try Wire.listening(on: "127.0.0.1")
      let proxy = try Proxy(url: "socks5://user:secret@127.0.0.1:\(door.port)")
      let configuration = FTPSession.Configuration.with {
        $0.proxy = proxy
        $0.isPassive = false
      }
      let error = #expect(throws: FTPError.self) { try FTPSession(host: "127.0.0.1", configuration: configuration) }
      #expect(error?.word == "invalidArgument")
      #expect(error?.message.contains("active mode cannot go through the proxy \(proxy)") == true)
      #expect(!door.isReadable(within: .zero))
    }

    @Test func `a proxy that is not there is named`() throws {
      let closed = try Wire.closedPort(on: "127.0.0.1")
      let proxy = try Proxy(url: "http://user:secret@127.0.0.1:\(closed.port)")
      let error = #expect(throws: FTPError.self) {
        try FTPSession(host: "ftp.example", port: 2121, configuration: .with { $0.proxy = proxy })
      }
      #expect(error?.word == "system \(ECONNREFUSED)")
      let message = try "cannot reach the proxy http://127.0.0.1:\(closed.port) to connect to ftp.example port 2121: "
      #expect(error?.message.hasPrefix(message) == true)
    }

    @Test(arguments: Taking.allCases)
    func `a silent proxy ends at the deadline, and Ctrl-C ends it at once`(_ taking: Taking) throws {
      try ScriptedServer.run([.indifference]) { server in
        let configuration = try taking.configuration(server) { $0.connectTimeout = .milliseconds(300) }
        let time = try elapsed {
          let error = #expect(throws: FTPError.self) {
            try FTPSession(host: "192.0.2.1", port: 2121, configuration: configuration)
          }
          #expect(error?.word == "timedOut")
          #expect(error?.message.hasSuffix("through the proxy \(taking)://127.0.0.1:\(server.port): timed out") == true)
        }
        #expect((.milliseconds(300) ..< .milliseconds(1500)).contains(time))
      }
      try ScriptedServer.run([.indifference]) { server in
        let alarm = Alarm()
        let configuration = try taking.configuration(server) { $0.interrupt = alarm.interrupt }
        alarm.set(in: .milliseconds(100))
        #expect(
          thrown { try FTPSession(host: "192.0.2.1", port: 2121, configuration: configuration) } == "interrupted stop")
        #expect(alarm.delay < .milliseconds(500))
      }
    }

    @Test func `a proxy whose answer never ends ends at the deadline`() throws {
      let beginning = Taking.http.control("192.0.2.1", answer: bytes("HTTP/1.1 200 OK\r\n"))
      try ScriptedServer.run([beginning, .drip("A: b", every: .milliseconds(20))]) { server in
        let configuration = try Taking.http.configuration(server) { $0.connectTimeout = .milliseconds(300) }
        let time = try elapsed {
          #expect(
            thrown { try FTPSession(host: "192.0.2.1", port: 2121, configuration: configuration) } == "timedOut")
        }
        #expect(time < .milliseconds(1500))
      }
    }

    @Test(arguments: Taking.allCases)
    func `a proxy that hangs up is an error`(_ taking: Taking) throws {
      let steps: [Step] = [
        Step("hear something and hang up") { conversation in
          _ = try conversation.control.read(count: 3)
          conversation.control.close()
        }
      ]
      try ScriptedServer.run(steps) { server in
        let configuration = try taking.configuration(server)
        let word = thrown { try FTPSession(host: "192.0.2.1", port: 2121, configuration: configuration) }
        #expect(["proxy \(ECONNRESET)", "system \(ECONNRESET)"].contains(word))
      }
    }

    private static let localhostIsTwo = ((try? SocketAddress.resolve("localhost", port: 2121)) ?? []).count > 1

    @Test(.enabled(if: localhostIsTwo, "localhost has one address here; the Python tests make a name that has two"))
    func `an address that the proxy cannot reach is followed by the next one`() throws {
      let refusal = Step("refuse the first address") { conversation in
        try conversation.control.send([5, 0, 5, 4, 0, 1])
        try conversation.control.awaitEnd()
        conversation.data = try conversation.door.accept()
        _ = try conversation.transfer.read(count: 3)
        try conversation.transfer.send([5, 0])
        _ = try conversation.transfer.read(count: 10)
        try conversation.transfer.send([5, 0, 0, 1, 0, 0, 0, 0, 0, 0] + bytes("220 second\r\n"))
      }
      try ScriptedServer.run([refusal]) { server in
        let configuration = try Taking.socks5.configuration(server)
        let session = try FTPSession(host: "localhost", port: 2121, configuration: configuration)
        #expect(session.welcome.text == "220 second")
        session.close()
      }
    }
  }
}
