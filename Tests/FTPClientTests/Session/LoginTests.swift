import FTPClient
import Testing

extension ClientTests {
  @Suite struct LoginTests {
    @Test func `a user may need no password`() throws {
      try ScriptedServer.session([.answer("USER ann", "230 welcome")] + .inStep) { session in
        #expect(try session.logIn(user: "ann", password: "secret").text == "230 welcome")
        try session.isInStep()
      }
    }

    @Test func `a password follows 331, an account 332`() throws {
      let steps: [Step] = [
        .answer("USER ann", "331 password"), .answer("PASS secret", "332 account"), .answer("ACCT sales", "202 fine"),
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.logIn(user: "ann", password: "secret", account: "sales").text == "202 fine")
        try session.isInStep()
      }
    }

    @Test func `nobody is anonymous`() throws {
      let steps: [Step] = [
        .answer("USER anonymous", "331 password"), .answer("PASS anonymous@", "230-hi\n230 you"), .farewell,
      ]
      try ScriptedServer.session(steps) { session in
        let reply = try session.logIn()
        #expect(reply.text == "230-hi\n230 you")
      }
    }

    @Test func `a refusal leaves the session usable`() throws {
      let steps: [Step] = [
        .answer("USER ann", "331 password"), .answer("PASS wrong", "530 Login incorrect."),
        .answer("USER ann", "331 password"), .answer("PASS right", "230 welcome"),
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.logIn(user: "ann", password: "wrong") } == "reply 530")
        try session.logIn(user: "ann", password: "right")
        try session.isInStep()
      }
    }

    @Test func `a password with a line end is not sent`() throws {
      try ScriptedServer.session([.answer("USER ann", "331 password")] + .inStep) { session in
        #expect(thrown { try session.logIn(user: "ann", password: "a\r\nDELE b") } == "invalidArgument")
        #expect(thrown { try session.logIn(user: "ann\nDELE b") } == "invalidArgument")
        try session.isInStep()
      }
    }
  }
}
