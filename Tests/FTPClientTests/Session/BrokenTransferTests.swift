import FTPClient
import Testing

extension ClientTests {
  /// A download that the caller breaks off: whatever the server still says about it, the next command gets its own
  /// answer.
  @Suite struct BrokenTransferTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let testDescription: String
      /// What the server does when it has seen the data connection go.
      let steps: [Step]

      init(_ name: String, _ steps: [Step]) {
        testDescription = name
        self.steps = steps
      }
    }

    static let rows = [
      Row("426 at once", [.say("426 broken")]),
      Row("226 at once", [.say("226 done")]),
      Row("451 at once", [.say("451 broken")]),
      Row("426 and 226", [.sayRaw("426 broken\r\n226 closed\r\n")]),
      Row("226 late", [.quiet(.milliseconds(200)), .say("226 done")]),
      Row("426 later", [.quiet(.milliseconds(350)), .say("426 broken")]),
      Row("426 in two halves", [.sayRaw("426 bro"), .quiet(.milliseconds(200)), .sayRaw("ken\r\n")]),
      Row("no final reply", [.answer("NOOP", "200 zzz")]),
      Row("how fast it was: Pure-FTPd", [.say("150 2.600 seconds (measured here), 25.96 Mbytes per second")]),
      Row("no final reply, and NOOP unknown", [.answer("NOOP", "500 what?")]),
      Row("426 after the question, answered in order", [.hear("NOOP"), .say("426 broken"), .say("200 zzz")]),
      Row(
        "426 after the question, then a pause",
        [.hear("NOOP"), .say("426 broken"), .quiet(.milliseconds(350)), .say("200 zzz")]),
      Row("426 and 226 after the question", [.hear("NOOP"), .sayRaw("426 broken\r\n226 closed\r\n200 zzz\r\n")]),
      Row("the question answered first", [.hear("NOOP"), .sayRaw("200 zzz\r\n426 broken\r\n")]),
      Row(
        "the question answered first, then a pause",
        [.hear("NOOP"), .say("200 zzz"), .quiet(.milliseconds(120)), .say("426 broken")]),
    ]

    /// A late reply is awaited as long as any reply, and at most a second.
    private static var impatient: FTPSession.Configuration { .with { $0.timeout = .milliseconds(600) } }

    /// The transfer up to its end on the data connection.
    private static let brokenOff: [Step] = .begin("RETR f") + [.pour(pattern(10_000)), .dataGone, .endData]

    @Test(arguments: rows)
    func `a download that its sink breaks off leaves the session in step`(_ row: Row) throws {
      try ScriptedServer.session(Self.brokenOff + row.steps + .inStep, configuration: Self.impatient) { session in
        #expect(thrown { try session.retrieve("f") { _ in throw Stop() } } == "interrupted stop")
        try session.isInStep()
      }
    }

    @Test(arguments: rows)
    func `after a download that its sink breaks off the next one is whole`(_ row: Row) throws {
      let next: [Step] = .download("RETR g", pattern(1000), type: nil)
      try ScriptedServer.session(Self.brokenOff + row.steps + next + .inStep, configuration: Self.impatient) {
        session in
        #expect(thrown { try session.retrieve("f") { _ in throw Stop() } } == "interrupted stop")
        #expect(try session.bytes(of: "g") == pattern(1000))
        try session.isInStep()
      }
    }

    @Test func `a transfer that is dropped is broken off, and the session goes on`() throws {
      let next: [Step] = .download("RETR g", pattern(1000))
      try ScriptedServer.session(
        .begin("RETR f", type: nil) + [.pour(pattern(10_000)), .dataGone, .endData, .say("426 broken")] + next + .inStep
      ) { session in
        _ = try session.beginTransfer(Command("RETR", "f"))
        #expect(try session.bytes(of: "g") == pattern(1000))
        try session.isInStep()
      }
    }

    @Test func `one that is dropped behind its end takes nothing from the next`() throws {
      let second: [Step] = [.passive(), .hear("RETR g"), .accept, .say("150 again"), .data(pattern(1000)), .endData]
      try ScriptedServer.session(
        .download("RETR f", bytes("a"), type: nil) + second + [.quiet(.milliseconds(50)), .say("226 done")] + .inStep
      ) { session in
        var transfer = try session.beginTransfer(Command("RETR", "f"))
        try transfer.receive(blockSize: 1000) { _ in }
        try transfer.end()
        #expect(try session.control.readFinalReply().code == 226)
        transfer = try session.beginTransfer(Command("RETR", "g"))
        try transfer.receive(blockSize: 1000) { _ in }
        #expect(try session.endTransfer(transfer).code == 226)
        try session.isInStep()
      }
    }

    @Test func `closing the session in a sink ends the download at once`() throws {
      let steps: [Step] = .begin("RETR f") + [.pour(pattern(10_000)), .dataGone, .farewell]
      try ScriptedServer.session(steps) { session in
        var blocks = 0
        let word = thrown {
          try session.retrieve("f") { _ in
            blocks += 1
            session.close()
          }
        }
        #expect(word == "state" && blocks == 1)
        #expect(thrown { try session.workingDirectory() } == "state")
      }
    }

    @Test(arguments: [0, 100])
    func `closing the session in a source ends the upload at once`(_ count: Int) throws {
      try ScriptedServer.session(.begin("STOR f") + [.dataGone, .farewell]) { session in
        let word = thrown {
          try session.store("f") { _ in
            session.close()
            return count
          }
        }
        #expect(word == "state")
      }
    }

    @Test func `an FTPError that the sink throws is not wrapped`() throws {
      try ScriptedServer.session(Self.brokenOff + [.say("426 broken")] + .inStep) { session in
        #expect(thrown { try session.retrieve("f") { _ in throw FTPError(.malformed, "mine") } } == "malformed")
        try session.isInStep()
      }
    }

    @Test func `a 421 for a broken transfer is the server's farewell`() throws {
      try ScriptedServer.session(Self.brokenOff + [.say("421 bye"), .hangUp]) { session in
        #expect(thrown { try session.retrieve("f") { _ in throw Stop() } } == "interrupted stop")
        #expect(thrown { try session.workingDirectory() } == "reply 421")
      }
    }

    @Test func `data that stalls is a time-out within the silence, and the session goes on`() throws {
      let steps: [Step] = .begin("RETR f") + [.data(pattern(10)), .dataGone, .endData, .say("426 broken")]
      try ScriptedServer.session(steps + .inStep, configuration: .with { $0.timeout = .milliseconds(400) }) { session in
        var received = 0
        let time = try elapsed { #expect(thrown { try session.retrieve("f") { received += $0.count } } == "timedOut") }
        #expect((.milliseconds(400) ..< .milliseconds(1500)).contains(time))
        #expect(received == 10)
        try session.isInStep()
      }
    }

    /// The silence is measured anew with each byte: a slow transfer is not a dead one.
    @Test func `data that drips is no time-out`() throws {
      let drips = (0..<6).flatMap { _ in [Step.data(bytes("a")), .quiet(.milliseconds(150))] }
      let steps: [Step] = .begin("RETR f") + drips + [.endData, .say("226 done")]
      try ScriptedServer.session(steps + .inStep, configuration: .with { $0.timeout = .milliseconds(400) }) { session in
        #expect(try session.bytes(of: "f") == bytes("aaaaaa"))
        try session.isInStep()
      }
    }

    @Test func `what the server says about a broken data connection is the error, and the session goes on`() throws {
      let steps: [Step] = .begin("RETR f") + [.data(pattern(10)), .breakData, .say("426 broken")]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.retrieve("f") { _ in } } == "reply 426")
        try session.isInStep()
      }
    }

    /// A 226 that follows a broken connection says nothing about what arrived.
    @Test(arguments: [[Step.say("226 done")], [.answer("NOOP", "200 zzz")]])
    func `a broken data connection without a reason is an error, and the session goes on`(_ end: [Step]) throws {
      let steps: [Step] = .begin("RETR f") + [.data(pattern(10)), .breakData] + end
      try ScriptedServer.session(steps + .inStep, configuration: Self.impatient) { session in
        #expect(thrown { try session.retrieve("f") { _ in } } == "system 104")
        try session.isInStep()
      }
    }

    @Test func `a server that goes in mid-transfer has closed`() throws {
      for end in [Step.hangUp, .breakOff] {
        let steps: [Step] = .begin("RETR f") + [.data(pattern(10)), end, .endData]
        try ScriptedServer.session(steps) { session in
          var received = 0
          let word = thrown { try session.retrieve("f") { received += $0.count } }
          #expect(["closed", "system 104"].contains(word))
          #expect(received == 10)
          #expect(["closed", "system 104", "system 32"].contains(thrown { try session.workingDirectory() }))
        }
      }
    }
  }
}
