import FTPClient
import Testing

extension ClientTests {
  /// `TYPE` goes out when it must, and never too seldom: binary data in `TYPE A` arrive spoilt.
  @Suite struct RepresentationTests {
    @Test func `TYPE is sent only when it changes`() throws {
      let steps: [Step] =
        .download("RETR a", []) + .download("RETR b", [], type: nil) + .download("NLST", [], type: "A")
        + .download("LIST", [], type: nil) + .download("RETR a", [])
      try ScriptedServer.session(steps + .inStep) { session in
        _ = try session.bytes(of: "a")
        _ = try session.bytes(of: "b")
        _ = try session.nameList()
        _ = try session.list()
        _ = try session.bytes(of: "a")
        try session.isInStep()
      }
    }

    @Test func `a refused TYPE stops the transfer`() throws {
      try ScriptedServer.session([.answer("TYPE I", "504 no")] + .download("RETR a", []) + .inStep) { session in
        #expect(thrown { try session.bytes(of: "a") } == "reply 504")
        #expect(try session.bytes(of: "a") == [])
        try session.isInStep()
      }
    }

    @Test(arguments: ["TYPE A", "type a", "REIN"])
    func `after the caller's own command the representation is set again`(_ command: String) throws {
      let steps: [Step] = .download("RETR a", []) + [.answer(command, "200 ok")] + .download("RETR a", [])
      try ScriptedServer.session(steps + .inStep) { session in
        _ = try session.bytes(of: "a")
        _ = try session.execute(command)
        _ = try session.bytes(of: "a")
        try session.isInStep()
      }
    }

    @Test func `after a new login the representation is set again`() throws {
      let steps: [Step] = .download("RETR a", []) + [.answer("USER ann", "230 hi")] + .download("RETR a", [])
      try ScriptedServer.session(steps + .inStep) { session in
        _ = try session.bytes(of: "a")
        try session.logIn(user: "ann")
        _ = try session.bytes(of: "a")
        try session.isInStep()
      }
    }

    /// The server may have changed the type before its answer got lost.
    @Test func `after a TYPE without an answer the representation is set again`() throws {
      let steps: [Step] =
        .download("RETR a", []) + [.hear("TYPE A"), .quiet(.milliseconds(550)), .say("200 late")]
        + .download("RETR a", [])
      try ScriptedServer.session(steps + .inStep, configuration: .with { $0.timeout = .milliseconds(400) }) { session in
        _ = try session.bytes(of: "a")
        #expect(thrown { try session.nameList() } == "timedOut")
        _ = try session.bytes(of: "a")
        try session.isInStep()
      }
    }
  }
}
