import FTPClient
import Testing

extension ClientTests {
  /// `ABOR` has one reply or two, and most servers answer only when the data connection is gone.
  @Suite struct AbortTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let testDescription: String
      let steps: [Step]
      let word: String

      init(_ name: String, _ steps: [Step], _ word: String) {
        testDescription = name
        self.steps = steps
        self.word = word
      }
    }

    static let rows = [
      Row("426 and 226", [.sayRaw("426 broken\r\n226 aborted\r\n")], "426"),
      Row("426 and 225: vsftpd", [.say("426 broken"), .say("225 no transfer to abort")], "426"),
      Row("426 and a late 226", [.say("426 broken"), .quiet(.milliseconds(200)), .say("226 aborted")], "426"),
      Row("426 and 502: Twisted", [.sayRaw("426 broken\r\n502 ABOR not implemented\r\n")], "426"),
      Row("226 and 226", [.sayRaw("226 done\r\n226 aborted\r\n")], "226"),
      Row("one 226", [.say("226 aborted"), .answer("NOOP", "200 zzz")], "226"),
      Row("one 426", [.say("426 broken"), .answer("NOOP", "200 zzz")], "426"),
      Row("one 225", [.say("225 nothing to abort"), .answer("NOOP", "200 zzz")], "225"),
      Row("500", [.say("500 what?"), .answer("NOOP", "200 zzz")], "reply 500"),
      Row(
        "how fast it was, and 226: Pure-FTPd",
        [.sayRaw("150-ASCII\r\n150 0.005 seconds (measured here), 192.76 Mbytes per second\r\n226 aborted\r\n")], "226"),
      Row("150 in between: inetutils", [.sayRaw("150 late\r\n226 done\r\n226 aborted\r\n")], "226"),
    ]

    @Test(arguments: rows)
    func `an abort reads one reply, and the session is in step`(_ row: Row) throws {
      let transfer: [Step] =
        .begin("RETR f", type: nil) + [.pour(pattern(10_000)), .dataGone, .endData, .hear("ABOR")]
      try ScriptedServer.session(
        transfer + row.steps + .inStep, configuration: .with { $0.timeout = .milliseconds(500) }
      ) { session in
        let transfer = try session.beginTransfer(Command("RETR", "f"))
        #expect(try transfer.stream.isReadable(within: .seconds(5)))
        transfer.stream.close()
        var code = ""
        let word = thrown { code = try session.abort().code.map(String.init) ?? "" }
        #expect((word == "nothing" ? code : word) == row.word)
        try session.isInStep()
      }
    }

    @Test func `a server may answer ABOR before the data connection is closed`() throws {
      let steps: [Step] =
        .begin("RETR f", type: nil) + [
          .data(pattern(10)), .hear("ABOR"), .sayRaw("426 broken\r\n226 aborted\r\n"), .endData,
        ]
      try ScriptedServer.session(steps + .inStep) { session in
        let transfer = try session.beginTransfer(Command("RETR", "f"))
        #expect(try session.abort().code == 426)
        transfer.stream.close()
        try session.isInStep()
      }
    }

    @Test func `an abort without a transfer has one reply`() throws {
      try ScriptedServer.session([.answer("ABOR", "225 nothing to abort")] + .inStep) { session in
        #expect(try session.abort().code == 225)
        try session.isInStep()
      }
    }

    @Test func `an abort without an answer is a time-out, and the session goes on`() throws {
      let steps: [Step] = [.hear("ABOR"), .answer("NOOP", "200 zzz")]
      try ScriptedServer.session(steps + .inStep, configuration: .with { $0.timeout = .milliseconds(400) }) { session in
        #expect(thrown { try session.abort() } == "timedOut")
        try session.isInStep()
      }
    }

    /// As most servers are: they hear nothing while they wait for the client to take data, or to send some.
    @Test func `a sink may abort, though the server hears it only behind the data connection`() throws {
      let steps: [Step] =
        .begin("RETR f") + [
          .pour(pattern(65536), for: .seconds(8)), .dataGone, .hear("ABOR"),
          .sayRaw("426 broken\r\n226 aborted\r\n"),
        ]
      try ScriptedServer.session(steps + .inStep) { session in
        var code: Int?
        let error = #expect(throws: FTPError.self) {
          try session.retrieve("f") { _ in code = try session.abort().code }
        }
        #expect(code == 426)
        #expect(error?.word == "state")
        #expect(error?.message == "the transfer was broken off")
        try session.isInStep()
      }
    }

    @Test func `a source may abort`() throws {
      let steps: [Step] =
        .begin("STOR f") + [.dataGone, .hear("ABOR"), .sayRaw("426 broken\r\n226 aborted\r\n")]
      try ScriptedServer.session(steps + .inStep) { session in
        var (blocks, code) = (0, Int?.none)
        let word = thrown {
          try session.store("f") { buffer in
            blocks += 1
            if blocks == 3 { code = try session.abort().code }
            return buffer.count
          }
        }
        #expect(word == "state" && blocks == 3 && code == 426)
        try session.isInStep()
      }
    }

    @Test func `a transfer that was aborted does not end well`() throws {
      let steps: [Step] =
        .begin("RETR f") + [.data(pattern(10)), .endData, .hear("ABOR"), .say("226 done"), .say("226 ok")]
      try ScriptedServer.session(steps + .inStep) { session in
        try session.setRepresentation(.binary)
        let transfer = try session.beginTransfer(Command("RETR", "f"))
        #expect(try session.abort().code == 226)
        #expect(thrown { try session.endTransfer(transfer) } == "state")
        session.breakOff(transfer, after: FTPError(.state, ""))
        try session.isInStep()
      }
    }
  }
}
