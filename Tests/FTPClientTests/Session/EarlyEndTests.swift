import FTPClient
import Testing

extension ClientTests {
  /// glftpd ends a multi-line reply with another code; RFC 959 allows such a line within one. The silence decides.
  @Suite struct EarlyEndTests {
    @Test func `a last line with another code ends the reply after a moment`() throws {
      try ScriptedServer.session([.hear("SITE x"), .say("553-rules:\n553- none\n200 fine")] + .inStep) { session in
        var text = ""
        let time = try elapsed { text = try session.execute("SITE x").text }
        #expect(text == "200 fine")
        #expect(time < .seconds(2))
        try session.isInStep()
      }
    }

    @Test func `a line with another code within a reply does not end it`() throws {
      let steps: [Step] = [
        .hear("HELP"), .say("214-codes:\n331 password please"), .quiet(.milliseconds(80)), .say("550 no\n214 end"),
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.help() == "214-codes:\n331 password please\n550 no\n214 end")
        try session.isInStep()
      }
    }

    @Test func `a line with another code does not end the reply while the next line is on its way`() throws {
      let steps: [Step] = [
        .hear("HELP"), .sayRaw("214-codes:\r\n331 password please\r\n214 e"), .quiet(.milliseconds(500)),
        .sayRaw("nd\r\n"),
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.help() == "214-codes:\n331 password please\n214 end")
        try session.isInStep()
      }
    }
  }
}
