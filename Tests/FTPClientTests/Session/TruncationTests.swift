import FTPClient
import Testing

extension ClientTests {
  /// 226 is no proof: the 150 may have promised more.
  @Suite struct TruncationTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let begun: String
      let offset: UInt64
      let count: Int
      let word: String

      init(_ begun: String, from offset: UInt64 = 0, _ count: Int, _ word: String) {
        self.begun = begun
        self.offset = offset
        self.count = count
        self.word = word
      }

      var testDescription: String { "\(begun), \(count) bytes from \(offset)" }
    }

    static let rows = [
      Row("150 f (1000 bytes).", 500, "truncated 500/1000"),
      Row("150 f (1000 bytes).", 999, "truncated 999/1000"),
      Row("150 f (1000 bytes).", 0, "truncated 0/1000"),
      Row("150 f (1000 bytes).", 1000, "nothing"),
      // The file grew meanwhile.
      Row("150 f (1000 bytes).", 1001, "nothing"),
      Row("150 f (0 bytes).", 0, "nothing"),
      Row("150 here it comes", 5, "nothing"),
      // Servers announce the whole size, or what is left of it.
      Row("150 f (1000 bytes).", from: 400, 600, "nothing"),
      Row("150 f (600 bytes).", from: 400, 600, "nothing"),
      Row("150 f (1000 bytes).", from: 400, 599, "truncated 599/1000"),
      Row("150 f (18446744073709551615 bytes).", 5, "truncated 5/18446744073709551615"),
      Row("150 f (18446744073709551615 bytes).", from: .max, 5, "nothing"),
    ]

    @Test(arguments: rows)
    func `a binary download that ends before its announced size is truncated`(_ row: Row) throws {
      let rest: [Step] = row.offset > 0 ? [.answer("REST \(row.offset)", "350 go on")] : []
      let steps: [Step] =
        [.answer("TYPE I", "200 ok"), .passive()] + rest + [
          .hear("RETR f"), .accept, .say(row.begun), .data(pattern(row.count)), .endData, .say("226 done"),
        ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.retrieve("f", from: row.offset) { _ in } } == row.word)
        try session.isInStep()
      }
    }

    @Test func `in text a size is no promise`() throws {
      let steps: [Step] =
        .begin("RETR f", type: "A", "150 f (1000 bytes).") + [.data(bytes("a\r\n")), .endData, .say("226 done")]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.lines(of: "f") == ["a"])
        try session.isInStep()
      }
    }

    @Test func `an upload's size is no promise`() throws {
      let steps: [Step] = .begin("STOR f", "150 f (1000 bytes).") + [.take(bytes("a")), .endData, .say("226 done")]
      try ScriptedServer.session(steps + .inStep) { session in
        var source = BlockSource(bytes("a"))
        try session.store("f") { source.fill($0) }
        try session.isInStep()
      }
    }
  }
}
