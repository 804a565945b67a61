import FTPClient
import Testing

extension ClientTests {
  /// A reply that came too late belongs to the command that it answers, not to the next one.
  @Suite struct LateReplyTests {
    private let impatient = FTPSession.Configuration.with { $0.timeout = .milliseconds(400) }

    @Test func `a reply that comes soon after its time-out is not the next command's`() throws {
      let steps: [Step] = [.hear("SYST"), .quiet(.milliseconds(550)), .say("215 late")]
      try ScriptedServer.session(steps + .inStep, configuration: impatient) { session in
        #expect(thrown { try session.system() } == "timedOut")
        try session.isInStep()
      }
    }

    @Test func `a reply that comes after the question for it is not taken for the question's`() throws {
      let steps: [Step] = [
        .hear("SYST"), .hear("NOOP"), .say("215 late"), .quiet(.milliseconds(150)), .say("200 noop"),
      ]
      try ScriptedServer.session(steps + .inStep, configuration: impatient) { session in
        #expect(thrown { try session.system() } == "timedOut")
        try session.isInStep()
      }
    }

    @Test func `a reply that never comes is given up`() throws {
      let steps: [Step] = [.hear("SYST"), .answer("NOOP", "200 noop")]
      try ScriptedServer.session(steps + .inStep, configuration: impatient) { session in
        #expect(thrown { try session.system() } == "timedOut")
        try session.isInStep()
      }
    }

    /// Some servers announce long work with a 1yz: the reply that it promises is not the next command's.
    @Test func `a reply that follows a 1yz is not the next command's`() throws {
      let steps: [Step] = [.answer("SITE HASH f", "150 computing"), .quiet(.milliseconds(200)), .say("250 3a7bd3e2")]
      try ScriptedServer.session(steps + .inStep, configuration: impatient) { session in
        #expect(thrown { try session.site("HASH f") } == "reply 150")
        try session.isInStep()
      }
    }

    @Test func `a reply that is late can be awaited again`() throws {
      let steps: [Step] = [.hear("SYST"), .quiet(.milliseconds(550)), .say("215 late")]
      try ScriptedServer.session(steps + .inStep, configuration: impatient) { session in
        #expect(thrown { try session.system() } == "timedOut")
        #expect(try session.control.readReply().text == "215 late")
        try session.isInStep()
      }
    }

    @Test func `a reply whose lines are late is put together all the same`() throws {
      let steps: [Step] = [.hear("HELP"), .sayRaw("214-a\r\n214 "), .quiet(.milliseconds(550)), .sayRaw("b\r\n")]
      try ScriptedServer.session(steps + .inStep, configuration: impatient) { session in
        #expect(thrown { try session.help() } == "timedOut")
        try session.isInStep()
      }
    }

    @Test func `a server that answers nothing any more must be connected to again`() throws {
      let steps: [Step] = [.hear("SYST"), .hear("NOOP"), .farewell]
      try ScriptedServer.session(steps, configuration: impatient) { session in
        #expect(thrown { try session.system() } == "timedOut")
        let time = try elapsed { #expect(thrown { try session.workingDirectory() } == "timedOut") }
        #expect(time < .seconds(3))
        #expect(thrown { try session.workingDirectory() } == "state")
      }
    }

    @Test func `a server that goes while its reply is awaited has closed`() throws {
      try ScriptedServer.session([.hear("SYST"), .hear("NOOP"), .hangUp], configuration: impatient) { session in
        #expect(thrown { try session.system() } == "timedOut")
        #expect(thrown { try session.workingDirectory() } == "closed")
      }
    }

    @Test func `a server that babbles instead of answering is given up`() throws {
      for wire in ["150 x\r\n", "226 x\r\n"] {
        let steps: [Step] = [.hear("SYST"), .hear("NOOP"), .babble(wire, for: .seconds(6))]
        try ScriptedServer.session(steps, configuration: impatient) { session in
          #expect(thrown { try session.system() } == "timedOut")
          var word = ""
          let time = try elapsed { word = thrown { try session.workingDirectory() } }
          #expect(word != "nothing")
          #expect(time < .seconds(4), "\(word)")
        }
      }
    }
  }
}
