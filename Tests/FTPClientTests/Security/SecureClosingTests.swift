import FTPClient
import FTPTLS
import Testing

extension ClientTests {
  /// How data connections inside TLS end: whole, cut short, or not at all.
  @Suite(.enabled(if: ServerContext.areCertificatesThere, "Tests/Servers/install.sh certificates has not been run"))
  struct SecureClosingTests {
    private static let content = pattern(50_000)

    // MARK: Downloads

    struct Ending: CustomTestStringConvertible, Sendable {
      let reply: String
      let sent: Int
      /// What the server answers to `SIZE`; nil when that must not be asked.
      var size: String?
      let word: String
      var testDescription: String { "\(reply), sends \(sent), \(size ?? "")" }

      static let all = [
        Ending(reply: "150 ok (50000 bytes)", sent: 50_000, word: "nothing"),
        Ending(reply: "150 ok (50000 bytes)", sent: 49_000, word: "truncated 49000/50000"),
        Ending(reply: "150 ok", sent: 50_000, size: "213 50000", word: "nothing"),
        Ending(reply: "150 ok", sent: 49_000, size: "213 50000", word: "truncated 49000/50000"),
        Ending(reply: "150 ok", sent: 49_000, size: "550 no", word: "closed"),
        Ending(reply: "150 ok", sent: 49_000, size: "502 no", word: "closed"),
      ]
    }

    @Test(arguments: Ending.all)
    func `a download without close_notify is whole when its size says so`(_ ending: Ending) throws {
      let steps: [Step] =
        .beginSecurely("RETR f", ending.reply) + [.data(Array(Self.content.prefix(ending.sent))), .endData]
        + [.say("226 done")] + (ending.size.map { [.answer("SIZE f", $0)] } ?? [])
      try ScriptedServer.secureSession(steps + .inStep) { session in
        #expect(thrown { try session.bytes(of: "f") } == ending.word)
        try session.isInStep()
      }
    }

    @Test func `when that is not required the 226 counts`() throws {
      let steps: [Step] =
        .beginSecurely("RETR f") + [.data(Self.content), .endData, .say("226 done")]
      try ScriptedServer.secureSession(steps + .inStep, configuration: .secure { $0.requiresCloseNotify = false }) {
        session in
        try session.gives("f", Self.content)
        try session.isInStep()
      }
    }

    @Test(arguments: [true, false])
    func `a listing must end as TLS prescribes`(_ isWhole: Bool) throws {
      let steps: [Step] =
        .beginSecurely("NLST", type: "A") + [.data(bytes("a\r\nb\r\n"))] + (isWhole ? [.notifyData] : [])
        + [.endData, .say("226 done")]
      try ScriptedServer.secureSession(steps + .inStep) { session in
        #expect(thrown { try session.nameList() } == (isWhole ? "nothing" : "closed"))
        try session.isInStep()
      }
    }

    @Test func `a reset is an error, whatever the 226 says`() throws {
      let steps: [Step] =
        .beginSecurely("RETR f") + [.data(Self.content), .breakData, .say("226 done")]
      try ScriptedServer.secureSession(steps + .inStep) { session in
        #expect(["system 104", "security"].contains(thrown { try session.bytes(of: "f") }))
        try session.isInStep()
      }
    }

    @Test func `a server that says close_notify and keeps the connection open is not waited for`() throws {
      let steps: [Step] =
        .beginSecurely("RETR f") + [.data(Self.content), .notifyData, .say("226 done"), .awaitDataEnd]
      try ScriptedServer.secureSession(steps + .inStep) { session in
        let time = try elapsed { try session.gives("f", Self.content) }
        #expect(time < .seconds(1))
        try session.isInStep()
      }
    }

    // MARK: Uploads

    struct Closing: CustomTestStringConvertible, Sendable {
      let testDescription: String
      let steps: [Step]

      static let all = [
        Closing(testDescription: "in order", steps: [.notifyData, .endData, .say("226 done")]),
        Closing(testDescription: "226 first", steps: [.say("226 done"), .notifyData, .endData]),
        Closing(testDescription: "without close_notify", steps: [.endData, .say("226 done")]),
        Closing(testDescription: "waits for the end below TLS", steps: [.awaitDataEnd, .endData, .say("226 done")]),
        Closing(testDescription: "226 and never closes", steps: [.say("226 done")]),
        Closing(testDescription: "a reset", steps: [.breakData, .say("226 done")]),
      ]
    }

    @Test(arguments: Closing.all, [0, 50_000])
    func `an upload ends with any server`(_ closing: Closing, _ size: Int) throws {
      let content = Array(Self.content.prefix(size))
      let steps: [Step] = .beginSecurely("STOR f") + [.take(content)] + closing.steps
      try ScriptedServer.secureSession(steps + .inStep) { session in
        let time = try elapsed { try session.puts("f", content) }
        #expect(time < .seconds(1))
        try session.isInStep()
      }
    }

    @Test func `a server that neither closes nor answers ends at the deadline`() throws {
      let steps: [Step] = .beginSecurely("STOR f") + [.take(Self.content), .indifference]
      try ScriptedServer.secureSession(steps, configuration: .secure { $0.timeout = .milliseconds(400) }) { session in
        let time = try elapsed { #expect(thrown { try session.puts("f", Self.content) } == "timedOut") }
        #expect((.milliseconds(400) ..< .milliseconds(2000)).contains(time))
      }
    }

    @Test func `Ctrl-C ends the wait for the end`() throws {
      let alarm = Alarm()
      let steps: [Step] =
        .beginSecurely("STOR f") + [.take(Self.content), .quiet(.milliseconds(400)), .say("426 broken off")]
      try ScriptedServer.secureSession(steps + .inStep, configuration: .secure { $0.interrupt = alarm.interrupt }) {
        session in
        alarm.set(in: .milliseconds(150))
        #expect(thrown { try session.puts("f", Self.content) } == "interrupted stop")
        #expect(alarm.delay < .milliseconds(300))
        alarm.stop()
        try session.isInStep()
      }
    }
  }
}
