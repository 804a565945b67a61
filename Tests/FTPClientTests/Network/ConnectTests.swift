import FTPClient
import Testing

extension ClientTests {
  @Suite struct ConnectTests {
    private func address(_ host: String, _ port: UInt16) throws -> SocketAddress {
      try #require(try SocketAddress.resolve(host, port: port).first)
    }

    @Test func `where the first address refuses the second is tried`() throws {
      let closed = try Wire.closedPort(on: HostAddresses.hasIPv6 ? "::1" : "127.0.0.2")
      let open = try Wire.listening(on: "127.0.0.1")
      let addresses = [
        try address(HostAddresses.hasIPv6 ? "::1" : "127.0.0.2", closed.port), try address("127.0.0.1", open.port),
      ]
      let socket = try Socket.connect(to: "two.example", addresses, until: .after(.seconds(5)))
      #expect(SocketAddress.peer(of: socket.descriptor) == addresses.last)
      _ = try open.accept()
    }

    @Test func `when all refuse the error names host, address, port and cause`() throws {
      let first = try Wire.closedPort(on: "127.0.0.2")
      let last = try Wire.closedPort(on: "127.0.0.1")
      let addresses = [try address("127.0.0.2", first.port), try address("127.0.0.1", last.port)]
      let error = #expect(throws: FTPError.self) {
        try Socket.connect(to: "two.example", addresses, until: .after(.seconds(5)))
      }
      #expect(error?.word == "system 111")
      #expect(error?.message == "cannot connect to two.example (127.0.0.1) port \(try last.port): Connection refused")
    }

    @Test func `a host of digits is named once`() throws {
      let closed = try Wire.closedPort(on: "127.0.0.1")
      let port = try closed.port
      let error = #expect(throws: FTPError.self) {
        try FTPSession(host: "127.0.0.1", port: port, configuration: .brisk)
      }
      #expect(error?.message == "cannot connect to 127.0.0.1 port \(port): Connection refused")
    }

    @Test func `without an address there is no connection`() {
      #expect(thrown { try Socket.connect(to: "nowhere.example", [], until: .after(.seconds(5))) } == "unresolved")
    }

    @Test func `a host that does not resolve is an error with its name`() {
      // An IPv6 address has no IPv4 one: no name server need be asked.
      let error = #expect(throws: FTPError.self) {
        try FTPSession(host: "::1", configuration: .with { $0.family = .ipv4 })
      }
      #expect(error?.word == "unresolved")
      #expect(error?.message.contains("'::1'") == true)
    }

    @Test func `an address that says nothing is a time-out at the deadline`() throws {
      let (listener, occupants) = try Wire.silent(on: "127.0.0.1")
      let addresses = [try address("127.0.0.1", listener.port)]
      let time = try elapsed {
        #expect(thrown { try Socket.connect(to: "x", addresses, until: .after(.milliseconds(400))) } == "timedOut")
      }
      #expect((.milliseconds(400) ..< .milliseconds(1500)).contains(time))
      withExtendedLifetime(occupants) {}
    }

    @Test func `an address that says nothing leaves time for the next`() throws {
      let (listener, occupants) = try Wire.silent(on: "127.0.0.1")
      let open = try Wire.listening(on: "127.0.0.1")
      let addresses = [try address("127.0.0.1", listener.port), try address("127.0.0.1", open.port)]
      let time = try elapsed {
        let socket = try Socket.connect(to: "x", addresses, until: .after(.seconds(1)))
        #expect(SocketAddress.peer(of: socket.descriptor) == addresses.last)
      }
      #expect(time < .seconds(1))
      withExtendedLifetime(occupants) {}
    }

    @Test func `a session tells its host and welcome`() throws {
      try ScriptedServer.session([.farewell]) { session in
        #expect(session.host == "127.0.0.1")
        #expect(session.welcome.text == "220 ready")
      }
    }
  }
}
