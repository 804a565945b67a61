import FTPClient
import Testing

extension ClientTests {
  /// A server that goes at any point of the conversation ends the call with an error, at once, and every later call.
  @Suite struct DisappearingServerTests {
    struct Scene: Sendable, CustomTestStringConvertible {
      let testDescription: String
      let steps: [Step]
      let isPassive: Bool
      let call: @Sendable (FTPSession) throws -> Void

      init(
        _ name: String, _ steps: [Step], isPassive: Bool = true, _ call: @escaping @Sendable (FTPSession) throws -> Void
      ) {
        testDescription = name
        self.steps = steps
        self.isPassive = isPassive
        self.call = call
      }
    }

    static let scenes = [
      Scene(
        "login", [.answer("USER ann", "331 password"), .answer("PASS x", "332 account"), .answer("ACCT y", "230 hi")]
      ) {
        try $0.logIn(user: "ann", password: "x", account: "y")
      },
      Scene("rename", [.answer("RNFR a", "350 to?"), .answer("RNTO b", "250 done")]) { try $0.rename("a", to: "b") },
      Scene("help", [.hear("HELP"), .say("214-a"), .sayRaw("214-b"), .sayRaw("\r\n21"), .say("4 c")]) {
        _ = try $0.help()
      },
      Scene("download", .download("RETR f", pattern(1000))) { try $0.retrieve("f") { _ in } },
      Scene("upload", .upload("STOR f", bytes("abc"))) { session in
        var source = BlockSource(bytes("abc"))
        try session.store("f") { source.fill($0) }
      },
      Scene("listing", .download("NLST", bytes("a\r\nb\r\n"), type: "A")) { _ = try $0.nameList() },
      Scene(
        "active download",
        [
          .answer("TYPE I", "200 ok"), .hearPort("PORT"), .say("200 ok"), .hear("RETR f"), .connect, .say("150 ok"),
          .data(pattern(10)), .endData, .say("226 done"),
        ], isPassive: false
      ) { try $0.retrieve("f") { _ in } },
      Scene("quit", [.answer("QUIT", "221 bye")]) { try $0.quit() },
    ]

    @Test(arguments: scenes, [false, true])
    func `a server that goes is noticed at once`(_ scene: Scene, _ withReset: Bool) throws {
      for count in scene.steps.indices {
        let steps = scene.steps.prefix(count) + [withReset ? .breakOff : .hangUp]
        let configuration = FTPSession.Configuration.with {
          $0.isPassive = scene.isPassive
          $0.timeout = .seconds(5)
        }
        try ScriptedServer.run(.greeting + steps) { server in
          var word = ""
          let time = try elapsed {
            word = thrown {
              let session = try FTPSession(host: server.host, port: server.port, configuration: configuration)
              defer { session.close() }
              let word = thrown { try scene.call(session) }
              #expect(word != "nothing", "gone after \(count) steps")
              _ = try session.workingDirectory()
            }
          }
          #expect(word != "nothing" && word != "timedOut", "gone after \(count) steps")
          #expect(time < .seconds(2), "gone after \(count) steps")
        }
      }
    }
  }
}
