import FTPClient
import Testing

extension ClientTests {
  @Suite struct ActiveModeTests {
    private static func active(_ change: (inout FTPSession.Configuration) -> Void = { _ in })
      -> FTPSession.Configuration
    {
      .with {
        $0.isPassive = false
        change(&$0)
      }
    }

    private static let type: [Step] = [.answer("TYPE I", "200 ok")]

    @Test func `the server connects to the port that PORT names`() throws {
      let steps: [Step] =
        Self.type + [
          .hearPort("PORT"), .say("200 ok"), .hear("RETR f"), .connect, .say("150 ok"), .data(pattern(1000)), .endData,
          .say("226 done"),
        ]
      try ScriptedServer.session(steps + .inStep, configuration: Self.active()) { session in
        #expect(try session.bytes(of: "f") == pattern(1000))
        try session.isInStep()
      }
    }

    @Test(.enabled(if: HostAddresses.hasIPv6)) func `over IPv6 the server connects to the port that EPRT names`() throws
    {
      let steps: [Step] =
        Self.type + [
          .hearPort("EPRT"), .say("200 ok"), .hear("RETR f"), .connect, .say("150 ok"), .data(pattern(1000)), .endData,
          .say("226 done"),
        ]
      try ScriptedServer.session(steps + .inStep, on: "::1", configuration: Self.active()) { session in
        #expect(try session.bytes(of: "f") == pattern(1000))
        try session.isInStep()
      }
    }

    @Test func `the server may connect after its 150`() throws {
      let steps: [Step] =
        Self.type + [
          .hearPort("PORT"), .say("200 ok"), .hear("STOR f"), .say("150 ok"), .quiet(.milliseconds(100)), .connect,
          .take(bytes("abc")), .endData, .say("226 done"),
        ]
      try ScriptedServer.session(steps + .inStep, configuration: Self.active()) { session in
        var source = BlockSource(bytes("abc"))
        try session.store("f") { source.fill($0) }
        try session.isInStep()
      }
    }

    @Test func `REST comes between PORT and RETR`() throws {
      let steps: [Step] =
        Self.type + [
          .hearPort("PORT"), .say("200 ok"), .answer("REST 2", "350 ok"), .hear("RETR f"), .connect, .say("150 ok"),
          .data(bytes("cd")), .endData, .say("226 done"),
        ]
      try ScriptedServer.session(steps + .inStep, configuration: Self.active()) { session in
        #expect(try session.bytes(of: "f", from: 2) == bytes("cd"))
        try session.isInStep()
      }
    }

    @Test func `a stranger's connection is refused`() throws {
      let steps: [Step] =
        Self.type + [
          .hearPort("PORT"), .say("200 ok"), .hear("RETR f"), .strangerConnects(from: "127.0.0.2"), .say("150 ok"),
          .strangerIsRefused, .connect, .data(bytes("mine")), .endData, .say("226 done"),
        ]
      try ScriptedServer.session(steps + .inStep, configuration: Self.active()) { session in
        #expect(try session.bytes(of: "f") == bytes("mine"))
        try session.isInStep()
      }
    }

    @Test func `a server that does not connect is a time-out, and the session goes on`() throws {
      let steps: [Step] =
        Self.type + [.hearPort("PORT"), .say("200 ok"), .hear("RETR f"), .say("150 ok"), .quiet(.milliseconds(300))]
      let configuration = Self.active { $0.timeout = .milliseconds(400) }
      try ScriptedServer.session(
        steps + [.quiet(.milliseconds(200)), .say("425 cannot connect")] + .inStep, configuration: configuration
      ) { session in
        let time = try elapsed { #expect(thrown { try session.bytes(of: "f") } == "timedOut") }
        #expect((.milliseconds(400) ..< .milliseconds(1500)).contains(time))
        try session.isInStep()
      }
    }

    @Test func `a server that cannot connect says so`() throws {
      let steps: [Step] =
        Self.type + [.hearPort("PORT"), .say("200 ok"), .answer("RETR f", "425 cannot connect")]
      try ScriptedServer.session(steps + .inStep, configuration: Self.active()) { session in
        #expect(thrown { try session.bytes(of: "f") } == "reply 425")
        try session.isInStep()
      }
    }

    @Test(arguments: ["500 no", "421 bye"])
    func `a refusal of PORT stops the transfer`(_ refusal: String) throws {
      try ScriptedServer.session(
        Self.type + [.hearPort("PORT"), .say(refusal)] + .inStep, configuration: Self.active()
      ) { session in
        #expect(thrown { try session.bytes(of: "f") } == "reply \(refusal.prefix(3))")
        try session.isInStep()
      }
    }
  }
}
