import FTPClient
import Testing

extension ClientTests {
  @Suite struct DownloadTests {
    @Test(arguments: [0, 1, 4095, 300_000])
    func `a file comes whole`(_ count: Int) throws {
      let data = pattern(count)
      try ScriptedServer.session(.download("RETR f", data) + .inStep) { session in
        #expect(try session.bytes(of: "f") == data)
        try session.isInStep()
      }
    }

    @Test(arguments: [1, 7, 4096])
    func `a block holds at most the block size`(_ blockSize: Int) throws {
      let data = pattern(10_000)
      try ScriptedServer.session(.download("RETR f", data) + [.farewell]) { session in
        var received: [UInt8] = []
        try session.retrieve("f", blockSize: blockSize) { block in
          #expect((1...blockSize).contains(block.count))
          received += block
        }
        #expect(received == data)
      }
    }

    @Test func `several files come in one session`() throws {
      let steps: [Step] =
        .download("RETR a", pattern(10)) + .download("RETR b", [], type: nil)
        + .download("RETR c", pattern(20), type: nil)
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.bytes(of: "a") == pattern(10))
        #expect(try session.bytes(of: "b") == [])
        #expect(try session.bytes(of: "c") == pattern(20))
        try session.isInStep()
      }
    }

    @Test func `REST is the last command before RETR`() throws {
      let steps: [Step] = [
        .answer("TYPE I", "200 ok"), .passive(), .answer("REST 4", "350 go on"), .hear("RETR f"), .accept,
        .say("150 f (6 bytes)"), .data(bytes("456789")), .endData, .say("226 done"),
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.bytes(of: "f", from: 4) == bytes("456789"))
        try session.isInStep()
      }
    }

    @Test(arguments: ["500 what?", "502 no", "200 ok"])
    func `without REST nothing is downloaded`(_ refusal: String) throws {
      let steps: [Step] = [
        .answer("TYPE I", "200 ok"), .passive(), .answer("REST 4", refusal), .accept, .dataGone,
      ]
      // Who knows whether 200 is a yes: it is taken back.
      let takenBack: [Step] = refusal.hasPrefix("2") ? [.answer("REST 0", "200 ok")] : []
      try ScriptedServer.session(steps + takenBack + .inStep) { session in
        #expect(thrown { try session.bytes(of: "f", from: 4) } == "reply \(refusal.prefix(3))")
        try session.isInStep()
      }
    }

    @Test func `a refusal closes the data connection`() throws {
      let steps: [Step] = [
        .answer("TYPE I", "200 ok"), .passive(), .answer("RETR f", "550 no such file"), .accept, .dataGone,
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.bytes(of: "f") } == "reply 550")
        try session.isInStep()
      }
    }

    @Test(arguments: ["150 ok", "125 go", "150-a\n150 b", "110 restart"])
    func `any 1yz begins a transfer`(_ reply: String) throws {
      let steps: [Step] = .begin("RETR f", reply) + [.data(pattern(9)), .endData, .say("226 done")]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.bytes(of: "f") == pattern(9))
        try session.isInStep()
      }
    }

    @Test(arguments: ["226 done", "250 done", "200 done", "226-a\n226 b"])
    func `any 2yz ends a transfer`(_ reply: String) throws {
      let steps: [Step] = .begin("RETR f") + [.data(pattern(9)), .endData, .say(reply)]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.retrieve("f") { _ in }.text == reply)
        try session.isInStep()
      }
    }

    @Test(arguments: ["426 broken", "451 disk", "550 after all", "421 shutting down"])
    func `an error after the data is an error`(_ reply: String) throws {
      let steps: [Step] = .begin("RETR f") + [.data(pattern(9)), .endData, .say(reply)]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.retrieve("f") { _ in } } == "reply \(reply.prefix(3))")
        try session.isInStep()
      }
    }

    @Test func `the final reply may come before the data ends`() throws {
      let data = pattern(100_000)
      let steps: [Step] =
        .begin("RETR f") + [.data(data), .say("226 done"), .quiet(.milliseconds(200)), .data(data), .endData]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.bytes(of: "f") == data + data)
        try session.isInStep()
      }
    }

    @Test(arguments: ["226 done\r\n226 done\r\n", "226 done\r\n226 done\r\n226 done\r\n"])
    func `the final reply may come twice`(_ wire: String) throws {
      let begin: [Step] = .begin("RETR f") + [.data(pattern(9)), .endData]
      try ScriptedServer.session(
        begin + [.sayRaw(wire)] + .download("RETR g", pattern(8), type: nil) + .inStep
      ) { session in
        #expect(try session.bytes(of: "f") == pattern(9))
        #expect(try session.bytes(of: "g") == pattern(8))
        try session.isInStep()
      }
    }

    /// The server says nothing before the data: a small file, and one that no buffer holds.
    @Test(arguments: [9, 16 * 1024 * 1024])
    func `the data may come without a 1yz`(_ count: Int) throws {
      let data = pattern(count)
      let steps: [Step] = [
        .answer("TYPE I", "200 ok"), .passive(), .hear("RETR f"), .accept, .data(data), .endData, .say("226 done"),
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.bytes(of: "f") == data)
        try session.isInStep()
      }
    }

    @Test func `the data may come before the 1yz`() throws {
      let data = pattern(100_000)
      let steps: [Step] = [
        .answer("TYPE I", "200 ok"), .passive(), .hear("RETR f"), .accept, .data(data), .endData,
        .sayRaw("150 here\r\n226 done\r\n"),
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.bytes(of: "f") == data)
        try session.isInStep()
      }
    }

    @Test func `a 1yz may come long after the data`() throws {
      let steps: [Step] = [
        .answer("TYPE I", "200 ok"), .passive(), .hear("RETR f"), .accept, .data(pattern(9)), .endData,
        .quiet(.milliseconds(600)), .say("150 here"), .quiet(.milliseconds(50)), .say("226 done"),
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.bytes(of: "f") == pattern(9))
        try session.isInStep()
      }
    }

    @Test func `a final reply that never comes is a time-out, and the session goes on`() throws {
      let steps: [Step] = .begin("RETR f") + [.data(pattern(9)), .endData, .answer("NOOP", "200 zzz")]
      try ScriptedServer.session(steps + .inStep, configuration: .with { $0.timeout = .milliseconds(400) }) { session in
        var received = 0
        #expect(thrown { try session.retrieve("f") { received += $0.count } } == "timedOut")
        #expect(received == 9)
        try session.isInStep()
      }
    }

    @Test func `a text file comes in lines`() throws {
      let steps: [Step] = .begin("RETR f", type: "A") + [.data(bytes("a\r\nb\nc\r\r\nd")), .endData, .say("226 done")]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.lines(of: "f") == ["a", "b", "c", "", "d"])
        try session.isInStep()
      }
    }

    @Test func `a line that is too long is an error, and the session goes on`() throws {
      let line = [UInt8](repeating: 0x61, count: Limits.line + 1)
      let steps: [Step] = .begin("RETR f", type: "A") + [.data(line), .dataGone, .endData, .say("426 broken")]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.lines(of: "f") } == "tooLong")
        try session.isInStep()
      }
    }
  }
}
