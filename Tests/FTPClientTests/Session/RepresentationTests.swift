import FTPClient
import Testing

extension ClientTests {
  /// `TYPE` goes out when it must, and never too seldom: binary data in `TYPE A` arrive spoilt.
  @Suite struct RepresentationTests {
    @Test func `TYPE is sent only when it changes`() throws {
      let steps: [Step] =
        .download("RETR a", []) + .download("RETR b", [], type: nil) + .download("NLST", [], type: "A")
        + .download("LIST", [], type: nil) + .download("RETR a", [])
      try ScriptedServer.session(steps + .inStep) { session in
        _ = try session.bytes(of: "a")
        _ = try session.bytes(of: "b")
        _ = try session.nameList()
        _ = try session.list()
        _ = try session.bytes(of: "a")
        try session.isInStep()
      }
    }

    @Test func `a refused TYPE stops the transfer`() throws {
      try ScriptedServer.session([.answer("TYPE I", "504 no")] + .download("RETR a", []) + .inStep) { session in
        #expect(thrown { try session.bytes(of: "a") } == "reply 504")
        #expect(try session.bytes(of: "a") == [])
        try session.isInStep()
      }
    }

    @Test(arguments: ["TYPE A", "type a", "REIN"])
    func `after the caller's own command the representation is set again`(_ command: String) throws {
      let steps: [Step] = .download("RETR a", []) + [.answer(command, "200 ok")] + .download("RETR a", [])
      try ScriptedServer.session(steps + .inStep) { session in
        _ = try session.bytes(of: "a")
        _ = try session.execute(command)
        _ = try session.bytes(of: "a")
        try session.isInStep()
      }
    }

    @Test func `after a new login the representation is set again`() throws {
      let steps: [Step] = .download("RETR a", []) + [.answer("USER ann", "230 hi")] + .download("RETR a", [])
      try ScriptedServer.session(steps + .inStep) { session in
        _ = try session.bytes(of: "a")
        try session.logIn(user: "ann")
        _ = try session.bytes(of: "a")
        try session.isInStep()
      }
    }

    /// The server may have changed the type before its answer got lost.
    @Test func `after a TYPE without an answer the representation is set again`() throws {
      let steps: [Step] =
        .download("RETR a", []) + [.hear("TYPE A"), .quiet(.milliseconds(550)), .say("200 late")]
        + .download("RETR a", [])
      try ScriptedServer.session(steps + .inStep, configuration: .with { $0.timeout = .milliseconds(400) }) { session in
        _ = try session.bytes(of: "a")
        #expect(thrown { try session.nameList() } == "timedOut")
        _ = try session.bytes(of: "a")
        try session.isInStep()
      }
    }

    /// Commands of the caller's own, with the answers, and whether data is binary behind them: then a download has an announced size to reach.
    struct Row: Sendable, CustomTestStringConvertible {
      let commands: [(line: String, reply: String)]
      let isBinary: Bool
      var testDescription: String { commands.map { "\($0.line): \($0.reply)" }.joined(separator: ", ") }

      static let all = [
        Row(commands: [("TYPE I", "200 ok")], isBinary: true),
        Row(commands: [("type i", "200 ok")], isBinary: true),
        Row(commands: [("TYPE L 8", "200 ok")], isBinary: true),
        Row(commands: [("TYPE I", "200 ok"), ("NOOP", "200 zzz")], isBinary: true),
        Row(commands: [("TYPE I", "200 ok"), ("SITE idle", "500 what?")], isBinary: true),
        Row(commands: [("TYPE I", "200 ok"), ("TYPE E", "504 no")], isBinary: true),
        Row(commands: [("TYPE I", "200 ok"), ("TYPE A N", "200 ok")], isBinary: false),
        Row(commands: [("TYPE I", "504 no")], isBinary: false),
        Row(commands: [("TYPE I", "200 ok"), ("REIN", "220 anew")], isBinary: false),
        Row(commands: [("TYPE I", "200 ok"), ("USER ann", "331 password?"), ("PASS x", "230 in")], isBinary: false),
      ]
    }

    @Test func `a TYPE that is refused changes nothing`() throws {
      let steps: [Step] =
        [.answer("TYPE I", "200 ok"), .answer("TYPE A", "504 no")] + .begin("RETR f", type: nil, "150 f (1000 bytes)")
        + [.data(pattern(500)), .endData, .say("226 done")]
      try ScriptedServer.session(steps + .inStep) { session in
        try session.setRepresentation(.binary)
        #expect(thrown { try session.setRepresentation(.text) } == "reply 504")
        let transfer = try session.beginTransfer(Command("RETR", "f"))
        try transfer.receive(blockSize: 1000) { _ in }
        #expect(thrown { try session.endTransfer(transfer) } == "truncated 500/1000")
        try session.isInStep()
      }
    }

    @Test(arguments: Row.all)
    func `the caller's own TYPE counts`(_ row: Row) throws {
      let steps: [Step] =
        row.commands.map { .answer($0.line, $0.reply) } + .begin("RETR f", type: nil, "150 f (1000 bytes)")
        + [.data(pattern(500)), .endData, .say("226 done")]
      try ScriptedServer.session(steps + .inStep) { session in
        for command in row.commands { _ = try? session.execute(command.line) }
        let transfer = try session.beginTransfer(Command("RETR", "f"))
        try transfer.receive(blockSize: 1000) { _ in }
        #expect(thrown { try session.endTransfer(transfer) } == (row.isBinary ? "truncated 500/1000" : "nothing"))
        try session.isInStep()
      }
    }
  }
}
