import FTPClient
import Testing

extension ClientTests {
  @Suite struct GreetingTests {
    /// The welcome that the client gets from a server that begins so, or the kind of its error.
    private func welcome(
      _ steps: [Step], timeout: Duration = .seconds(5), at location: SourceLocation = #_sourceLocation
    ) throws -> String {
      try ScriptedServer.run(steps, at: location) { server in
        var text = ""
        let word = thrown {
          let session = try FTPSession(
            host: server.host, port: server.port, configuration: .with { $0.timeout = timeout })
          text = session.welcome.text
          session.close()
        }
        return word == "nothing" ? text : word
      }
    }

    @Test func `a greeting is the welcome`() throws {
      #expect(try welcome([.say("220 (vsFTPd 3.0.3)"), .farewell]) == "220 (vsFTPd 3.0.3)")
    }

    @Test func `a greeting may have many lines`() throws {
      #expect(
        try welcome([.say("220-a\n 220 b\n331 c\n220-d\n220 e"), .farewell]) == "220-a\n 220 b\n331 c\n220-d\n220 e")
    }

    @Test func `a greeting may be announced by 120`() throws {
      let steps: [Step] = [.say("120 ready in 1 minute"), .quiet(.milliseconds(100)), .say("220 ready"), .farewell]
      #expect(try welcome(steps) == "220 ready")
    }

    @Test func `a server that is never ready is refused`() throws {
      #expect(try welcome([.babble("120 ready in 1 minute\r\n", for: .seconds(5))]) == "malformed")
    }

    @Test(arguments: [("421 too many users", "reply 421"), ("530 not you", "reply 530"), ("331 what?", "reply 331")])
    func `a greeting that is no 2yz is a refusal`(_ greeting: String, _ word: String) throws {
      #expect(try welcome([.say(greeting), .farewell]) == word)
    }

    @Test func `Telnet options before the greeting are dropped`() throws {
      let options = Step("IAC WILL ECHO, IAC WILL BINARY") {
        try $0.control.send([0xFF, 0xFB, 0x01, 0xFF, 0xFB, 0x00])
      }
      #expect(try welcome([options, .say("220 ready"), .farewell]) == "220 ready")
    }

    @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n", "220\0 x\r\n", "x\n"])
    func `what is no greeting is refused`(_ wire: String) throws {
      #expect(["reply 0", "malformed"].contains(try welcome([.sayRaw(wire), .farewell])))
    }

    /// What looks like the first line of several has no code: no last line can be awaited.
    @Test func `a server of another protocol is refused at once`() throws {
      #expect(try welcome([.say("SSH-2.0-OpenSSH_9.2p1 Debian-2"), .farewell], timeout: .seconds(2)) == "reply 0")
    }

    @Test func `a last line without its end is a greeting too`() throws {
      #expect(try welcome([.sayRaw("421 bye"), .hangUp]) == "reply 421")
    }

    @Test func `a NUL in a last line without its end is refused`() throws {
      #expect(try welcome([.sayRaw("220 a\0b"), .hangUp]) == "malformed")
    }

    @Test func `a server that closes without a word has closed`() throws {
      #expect(try welcome([.hangUp]) == "closed")
      #expect(try welcome([.sayRaw("220-a\r\n"), .hangUp]) == "closed")
      #expect(try welcome([.breakOff]) == "system 104")
    }

    @Test(arguments: ["220-endless\r\n", "220-", "x", "\r\n220-\r\n", "\n"])
    func `an endless greeting is refused at its limit`(_ wire: String) throws {
      // "\r\n" and "\n" begin with an empty line, which is a reply without a code.
      let word = try welcome([.babble(wire, for: .seconds(5))])
      #expect(["tooLong", "reply 0"].contains(word))
    }

    @Test func `silence ends at the deadline`() throws {
      var word = ""
      let time = try elapsed { word = try welcome([.farewell], timeout: .milliseconds(300)) }
      #expect(word == "timedOut")
      #expect((.milliseconds(300) ..< .milliseconds(1500)).contains(time))
    }

    @Test func `a greeting that drips ends at the deadline`() throws {
      var word = ""
      let time = try elapsed {
        word = try welcome([.drip("220-x", every: .milliseconds(50))], timeout: .milliseconds(400))
      }
      #expect(word == "timedOut")
      #expect((.milliseconds(400) ..< .milliseconds(1500)).contains(time))
    }
  }
}
