import FTPClient
import Testing

extension ClientTests {
  @Suite struct QuitTests {
    @Test func `quit takes leave and closes`() throws {
      try ScriptedServer.session([.answer("QUIT", "221 bye"), .farewell]) { session in
        let reply = try session.quit()
        #expect(reply.text == "221 bye")
      }
    }

    @Test func `quit closes when the server refuses`() throws {
      try ScriptedServer.session([.answer("QUIT", "500 stay"), .farewell]) { session in
        #expect(thrown { try session.quit() } == "reply 500")
      }
    }

    @Test func `quit closes when the server has gone`() throws {
      try ScriptedServer.session([.hear("QUIT"), .hangUp]) { session in
        #expect(thrown { try session.quit() } == "closed")
      }
    }

    @Test func `calls after quit or close say that the session is closed`() throws {
      try ScriptedServer.session([.answer("QUIT", "221 bye"), .farewell]) { session in
        try session.quit()
        #expect(thrown { try session.noOperation() } == "state")
        #expect(thrown { try session.retrieve("f") { _ in } } == "state")
        #expect(thrown { try session.quit() } == "state")
        #expect(thrown { try session.abort() } == "state")
      }
    }
  }
}
