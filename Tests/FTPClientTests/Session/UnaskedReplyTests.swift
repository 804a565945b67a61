import FTPClient
import Testing

extension ClientTests {
  /// What the server says without having been asked is read before the next command, and dropped.
  @Suite struct UnaskedReplyTests {
    /// Waits until what the server says next is there; it may already have come with the greeting.
    private func awaitWords(_ session: FTPSession) throws {
      _ = try session.control.stream.isReadable(within: .milliseconds(500))
    }

    /// Gives the client time to read what came before.
    private static let apart = Step.quiet(.milliseconds(50))

    @Test(arguments: [
      "200 more\r\n", "226 twice\r\n226 thrice\r\n", "220-news\r\n 331 x\r\n220 end\r\n", "\r\n", "what?\r\n",
    ])
    func `replies that nobody asked for are dropped`(_ wire: String) throws {
      try ScriptedServer.session([Self.apart, .sayRaw(wire)] + .inStep) { session in
        try awaitWords(session)
        try session.isInStep()
      }
    }

    @Test(arguments: ["200 more\r\n", "2", "200 a\r\n200-b\r\n"])
    func `what no reply has taken is input, the rest of a line's end is none`(_ wire: String) throws {
      try ScriptedServer.session([.answer("NOOP", "200 zzz"), .answer("NOOP", "200-a\n200 b"), .sayRaw(wire)]) {
        session in
        try session.noOperation()
        let after = try session.control.hasInput()
        #expect(!after)
        try session.noOperation()
        try awaitWords(session)
        let later = try session.control.hasInput()
        #expect(later)
      }
    }

    @Test func `a second reply in the same packet is dropped`() throws {
      try ScriptedServer.session([.hear("NOOP"), .sayRaw("200 a\r\n200 b\r\n200-c\r\n200 d\r\n")] + .inStep) {
        session in
        try session.noOperation()
        try session.isInStep()
      }
    }

    @Test func `the rest of an unasked reply is awaited`() throws {
      let steps: [Step] = [Self.apart, .sayRaw("226-a\r\n"), .quiet(.milliseconds(200)), .sayRaw("226 b\r\n")]
      try ScriptedServer.session(steps + .inStep) { session in
        try awaitWords(session)
        try session.isInStep()
      }
    }

    @Test func `the rest of an unasked line is awaited`() throws {
      let steps: [Step] = [Self.apart, .sayRaw("226 la"), .quiet(.milliseconds(200)), .sayRaw("te\r\n")]
      try ScriptedServer.session(steps + .inStep) { session in
        try awaitWords(session)
        try session.isInStep()
      }
    }

    @Test func `a 421 before a command is the server's farewell`() throws {
      try ScriptedServer.session([Self.apart, .say("421 Timeout."), .hangUp]) { session in
        try awaitWords(session)
        let error = #expect(throws: FTPError.self) { try session.workingDirectory() }
        #expect(error?.word == "reply 421")
        #expect(error?.message == "421 Timeout.")
        #expect(thrown { try session.workingDirectory() } == "state")
      }
    }

    @Test func `a 421 behind another reply is the server's farewell`() throws {
      try ScriptedServer.session([.hear("NOOP"), .sayRaw("200 a\r\n200 b\r\n421 bye\r\n"), .farewell]) { session in
        try session.noOperation()
        #expect(thrown { try session.workingDirectory() } == "reply 421")
      }
    }

    @Test func `a server that went without a word has closed`() throws {
      try ScriptedServer.session([Self.apart, .hangUp]) { session in
        try awaitWords(session)
        #expect(thrown { try session.workingDirectory() } == "closed")
        #expect(thrown { try session.workingDirectory() } == "closed")
      }
    }

    @Test(arguments: ["220 noise\r\n", "220-noise\r\n", "x", "\r\n"])
    func `an endless stream of unasked replies is given up`(_ wire: String) throws {
      try ScriptedServer.session([Self.apart, .babble(wire, for: .seconds(5))]) { session in
        try awaitWords(session)
        var word = ""
        let time = try elapsed { word = thrown { try session.workingDirectory() } }
        #expect(word != "nothing")
        #expect(time < .seconds(3), "\(word)")
      }
    }

    @Test(arguments: [("a NUL", "malformed"), ("a long line", "tooLong")])
    func `after unasked nonsense the session must be connected to again`(_ nonsense: String, _ word: String) throws {
      let wire = nonsense == "a NUL" ? "x\0y\r\n" : String(repeating: "x", count: Limits.line + 1) + "\r\n"
      try ScriptedServer.session([Self.apart, .sayRaw(wire), .farewell]) { session in
        try awaitWords(session)
        #expect(thrown { try session.workingDirectory() } == word)
        #expect(thrown { try session.workingDirectory() } == "state")
      }
    }

    @Test func `after a malformed reply the session must be connected to again`() throws {
      try ScriptedServer.session([.hear("NOOP"), .sayRaw("200 \0\r\n"), .farewell]) { session in
        #expect(thrown { try session.noOperation() } == "malformed")
        #expect(thrown { try session.noOperation() } == "state")
        #expect(thrown { try session.abort() } == "state")
      }
    }
  }
}
