import FTPClient
import Testing

extension ClientTests {
  @Suite struct UploadTests {
    @Test(arguments: [0, 1, 300_000])
    func `a file goes whole`(_ count: Int) throws {
      let data = pattern(count)
      try ScriptedServer.session(.upload("STOR f", data) + .inStep) { session in
        var source = BlockSource(data)
        #expect(try session.store("f") { source.fill($0) }.text == "226 done")
        try session.isInStep()
      }
    }

    @Test func `REST is the last command before STOR`() throws {
      let steps: [Step] = [
        .answer("TYPE I", "200 ok"), .passive(), .answer("REST 4", "350 go on"), .hear("STOR f"), .accept,
        .say("125 go"), .take(bytes("45")), .endData, .say("250 done"),
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        var source = BlockSource(bytes("45"))
        try session.store("f", from: 4) { source.fill($0) }
        try session.isInStep()
      }
    }

    @Test func `STOU and APPE are uploads too`() throws {
      let steps: [Step] = .upload("STOU", bytes("a")) + .upload("APPE f", bytes("b"), type: nil)
      try ScriptedServer.session(steps + .inStep) { session in
        var first = BlockSource(bytes("a"))
        try session.storeUnique { first.fill($0) }
        var second = BlockSource(bytes("b"))
        try session.append(to: "f") { second.fill($0) }
        try session.isInStep()
      }
    }

    @Test func `a refusal takes nothing from the source`() throws {
      let steps: [Step] = [.answer("TYPE I", "200 ok"), .passive(), .answer("STOR f", "553 no"), .accept, .dataGone]
      try ScriptedServer.session(steps + .inStep) { session in
        var asked = 0
        let word = thrown {
          try session.store("f") { _ in
            asked += 1
            return 0
          }
        }
        #expect(word == "reply 553")
        #expect(asked == 0)
        try session.isInStep()
      }
    }

    @Test(arguments: ["452 disk full", "552 quota"])
    func `an error after the data is an error`(_ reply: String) throws {
      let steps: [Step] = .begin("STOR f") + [.take(bytes("a")), .endData, .say(reply)]
      try ScriptedServer.session(steps + .inStep) { session in
        var source = BlockSource(bytes("a"))
        #expect(thrown { try session.store("f") { source.fill($0) } } == "reply \(reply.prefix(3))")
        try session.isInStep()
      }
    }

    @Test func `a source that throws breaks the upload off, and the session goes on`() throws {
      let steps: [Step] = .begin("STOR f") + [.dataGone, .endData, .say("226 done")]
      try ScriptedServer.session(steps + .inStep) { session in
        var calls = 0
        let word = thrown {
          try session.store("f") { buffer in
            calls += 1
            guard calls < 3 else { throw Stop() }
            return buffer.count
          }
        }
        #expect(word == "interrupted stop")
        try session.isInStep()
      }
    }

    /// As `read` returns it when it fails.
    @Test(arguments: [-1, .min, DataTransfer.largestRead + 1, .max])
    func `a source that returns what is no count breaks the upload off, and the session goes on`(_ count: Int) throws {
      for command in ["STOR f", "APPE f", "STOU"] {
        let steps: [Step] = .begin(command) + [.dataGone, .endData, .say("226 done")]
        try ScriptedServer.session(steps + .inStep) { session in
          var calls = 0
          let source: (UnsafeMutableRawBufferPointer) -> Int = { buffer in
            calls += 1
            return calls < 3 ? buffer.count : count
          }
          let word = thrown {
            switch command {
            case "STOR f": try session.store("f", source: source)
            case "APPE f": try session.append(to: "f", source: source)
            default: try session.storeUnique(source: source)
            }
          }
          #expect(word == "invalidArgument")
          try session.isInStep()
        }
      }
    }

    /// The disk is full: the server closes the data connection and says why. That is the error, not the broken pipe.
    @Test(arguments: [Step.endData, .breakData])
    func `a server that takes no more says why`(_ end: Step) throws {
      let steps: [Step] = .begin("STOR f") + [end, .say("452 disk full")]
      try ScriptedServer.session(steps + .inStep) { session in
        let word = thrown { try session.store("f") { $0.count } }
        #expect(word == "reply 452")
        try session.isInStep()
      }
    }

    @Test func `a server that reads nothing is a time-out within the silence`() throws {
      let steps: [Step] =
        .begin("STOR f") + [.quiet(.milliseconds(900)), .dataGone, .endData, .say("426 broken")]
      try ScriptedServer.session(steps + .inStep, configuration: .with { $0.timeout = .milliseconds(400) }) { session in
        let time = try elapsed { #expect(thrown { try session.store("f") { $0.count } } == "timedOut") }
        #expect((.milliseconds(400) ..< .seconds(2)).contains(time))
        #expect(try session.control.stream.isReadable(within: .seconds(5)))
        try session.isInStep()
      }
    }
  }
}
