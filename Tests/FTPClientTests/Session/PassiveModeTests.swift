import FTPClient
import Testing

extension ClientTests {
  @Suite struct PassiveModeTests {
    /// A listing of nothing, over whatever data connection.
    private static let empty: [Step] = [.hear("NLST"), .accept, .say("150 ok"), .endData, .say("226 done")]

    private static let type: [Step] = [.answer("TYPE A", "200 ok")]

    @Test(arguments: ["10,255,255,1", "0,0,0,0", "255,255,255,255", "127,0,0,2"])
    func `another host in the answer to PASV is not followed`(_ host: String) throws {
      let passive = Step.passive { "227 Entering Passive Mode (\(host),\($0 >> 8),\($0 & 255))." }
      try ScriptedServer.session(Self.type + [passive] + Self.empty + .inStep) { session in
        #expect(try session.nameList() == [])
        try session.isInStep()
      }
    }

    @Test func `another host in the answer to PASV is followed when it is trusted`() throws {
      let passive = Step("answer PASV with 127.0.0.2") { conversation in
        try Step.hear("PASV").run(conversation)
        conversation.listener = try Wire.listening(on: "127.0.0.2")
        let port = try conversation.listening.port
        try Step.say("227 Entering Passive Mode (127,0,0,2,\(port >> 8),\(port & 255)).").run(conversation)
      }
      try ScriptedServer.session(
        Self.type + [passive] + Self.empty + .inStep, configuration: .with { $0.trustsPassiveAddress = true }
      ) { session in
        #expect(try session.nameList() == [])
        try session.isInStep()
      }
    }

    @Test func `a 229 may answer PASV`() throws {
      let passive = Step.passive(words: Step.epsvWords)
      try ScriptedServer.session(Self.type + [passive] + Self.empty + .inStep) { session in
        #expect(try session.nameList() == [])
        try session.isInStep()
      }
    }

    @Test(arguments: ["500 what?", "501 no", "502 not here", "522 protocol"])
    func `where PASV is unknown EPSV is tried`(_ refusal: String) throws {
      let steps = Self.type + [.answer("PASV", refusal), .passive("EPSV", words: Step.epsvWords)] + Self.empty
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.nameList() == [])
        try session.isInStep()
      }
    }

    @Test(arguments: ["530 log in first", "425 no port left", "421 bye", "350 what?", "150 what?"])
    func `any other refusal of PASV is final`(_ refusal: String) throws {
      // A 1yz promises a further reply; without one the session asks.
      let question: [Step] = refusal.hasPrefix("1") ? [.answer("NOOP", "200 zzz")] : []
      try ScriptedServer.session(Self.type + [.answer("PASV", refusal)] + question + .inStep) { session in
        #expect(thrown { try session.nameList() } == "reply \(refusal.prefix(3))")
        try session.isInStep()
      }
    }

    @Test(arguments: [
      "227 Entering Passive Mode", "227 (127,0,0,1,0,0)", "227 (127,0,0,1,256,1)", "229 (|||0|)", "229 (|||65536|)",
    ])
    func `an answer without an address is malformed, and the session goes on`(_ answer: String) throws {
      try ScriptedServer.session(Self.type + [.answer("PASV", answer)] + .inStep) { session in
        #expect(thrown { try session.nameList() } == "malformed")
        try session.isInStep()
      }
    }

    @Test func `a data port that refuses is an error, and the session goes on`() throws {
      let closed = try Wire.closedPort(on: "127.0.0.1")
      let port = try closed.port
      try ScriptedServer.session(Self.type + [.answer("PASV", Step.pasvWords(port: port))] + .inStep) { session in
        let error = #expect(throws: FTPError.self) { try session.nameList() }
        #expect(error?.word == "system 111")
        #expect(error?.message.contains("127.0.0.1 port \(port)") == true)
        try session.isInStep()
      }
    }

    @Test func `a data port that says nothing is a time-out, and the session goes on`() throws {
      let (listener, occupants) = try Wire.silent(on: "127.0.0.1")
      let words = Step.pasvWords(port: try listener.port)
      try ScriptedServer.session(
        Self.type + [.answer("PASV", words)] + .inStep, configuration: .with { $0.connectTimeout = .milliseconds(400) }
      ) { session in
        let time = try elapsed { #expect(thrown { try session.nameList() } == "timedOut") }
        #expect((.milliseconds(400) ..< .milliseconds(1500)).contains(time))
        try session.isInStep()
      }
      withExtendedLifetime(occupants) {}
    }

    @Test(.enabled(if: HostAddresses.hasIPv6)) func `over IPv6 EPSV alone is asked`() throws {
      let steps = Self.type + [.passive("EPSV", words: Step.epsvWords)] + Self.empty
      try ScriptedServer.session(steps + .inStep, on: "::1") { session in
        #expect(try session.nameList() == [])
        try session.isInStep()
      }
      try ScriptedServer.session(Self.type + [.answer("EPSV", "500 what?")] + .inStep, on: "::1") { session in
        #expect(thrown { try session.nameList() } == "reply 500")
        try session.isInStep()
      }
    }

    /// Such an address means nothing without its scope, which the digits alone do not hold.
    @Test(.enabled(if: HostAddresses.linkLocal != nil)) func `a server on this link alone can be reached`() throws {
      let host = try #require(HostAddresses.linkLocal)
      let steps = Self.type + [.passive("EPSV", words: Step.epsvWords)] + Self.empty
      try ScriptedServer.session(steps + .inStep, on: host) { session in
        #expect(try session.nameList() == [])
        try session.isInStep()
      }
    }
  }
}
