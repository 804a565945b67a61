import FTPClient
import Testing

extension ClientTests {
  /// The entries of a directory by `MLSD`, `LIST` or `NLST`.
  @Suite struct EntriesTests {
    private func names(_ entries: [ListingEntry]) -> [String] {
      entries.map { String(decoding: $0.name, as: UTF8.self) }
    }

    private static let machine = "type=cdir; /d\r\nType=pdir; ..\r\ntype=dir; sub\r\ntype=file;size=7; a b\r\n"
    private static let lines =
      "total 3\r\ndrwxr-xr-x 2 0 0 4096 Jan 01 12:00 .\r\ndrwxr-xr-x 2 0 0 4096 Jan 01 12:00 sub\r\n"
      + "-rw-r--r-- 1 0 0 7 Jan 01 12:00 a b\r\nwhat is this\r\n"

    @Test func `by MLSD, without the directory itself and its parent`() throws {
      try ScriptedServer.session(.download("MLSD d", bytes(Self.machine), type: "A") + .inStep) { session in
        let entries = try session.entries(of: "d")
        #expect(names(entries) == ["sub", "a b"])
        #expect(entries.map(\.kind) == [.directory, .file] && entries.last?.size == 7)
        try session.isInStep()
      }
    }

    @Test func `by LIST in the directory where MLSD is unknown, which is remembered`() throws {
      // A refusal puts in doubt what the server remembers of TYPE.
      func inside(type: String?) -> [Step] {
        [.answer("PWD", "257 \"/home\""), .answer("CWD -d *", "250 ok")]
          + .download("LIST", bytes(Self.lines), type: type) + [.answer("CWD /home", "250 ok")]
      }
      let steps: [Step] = [
        .answer("TYPE A", "200 ok"), .passive(), .answer("MLSD -d *", "500 what?"), .accept, .dataGone,
      ]
      try ScriptedServer.session(steps + inside(type: "A") + inside(type: nil) + .inStep) { session in
        for _ in 1...2 {
          let entries = try session.entries(of: "-d *")
          #expect(names(entries) == ["sub", "a b", "what is this"])
          #expect(entries.map(\.kind) == [.directory, .file, .other])
          #expect(entries.map(\.raw) == [nil, nil, bytes("what is this")])
        }
        try session.isInStep()
      }
    }

    @Test func `the way back to a directory whose name is no UTF-8 is its bytes`() throws {
      let home: [UInt8] = bytes("/caf") + [0xE9]
      let way = Step("hear the way back") { conversation in
        let line = bytes("CWD ") + home + bytes("\r\n")
        guard try conversation.control.read(count: line.count) == line else {
          throw ScriptFault(description: "elsewhere")
        }
      }
      let place = Step("say where it is") { conversation in
        try conversation.control.send(bytes("257 \"") + home + bytes("\"\r\n"))
      }
      let steps: [Step] =
        [.answer("TYPE A", "200 ok"), .passive(), .answer("MLSD d", "500 what?"), .accept, .dataGone]
        + [.hear("PWD"), place, .answer("CWD d", "250 ok")]
        + .download("LIST", bytes(Self.lines), type: "A") + [way, .say("250 ok")]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.entries(of: "d").count == 3)
        try session.isInStep()
      }
    }

    @Test func `by NLST where LIST is unknown too`() throws {
      let steps: [Step] =
        [.answer("TYPE A", "200 ok"), .passive(), .answer("MLSD", "502 no"), .accept, .dataGone]
        + [.answer("TYPE A", "200 ok"), .passive(), .answer("LIST", "502 no"), .accept, .dataGone]
        + .download("NLST", bytes(".\r\n..\r\na\r\nb c\r\n"), type: "A")
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(names(try session.entries()) == ["a", "b c"])
        try session.isInStep()
      }
    }

    @Test(arguments: ["550 No files found.", "450 Directory empty"])
    func `an empty directory has no entries, whatever the server calls it`(_ words: String) throws {
      let steps: [Step] =
        [.answer("TYPE A", "200 ok"), .passive(), .answer("MLSD", "500 what?"), .accept, .dataGone]
        + [.answer("TYPE A", "200 ok"), .passive(), .answer("LIST", words), .accept, .dataGone]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.entries().isEmpty)
        try session.isInStep()
      }
    }

    /// vsftpd confirms that it has listed what it could not open; Twisted's refuses for one link to nowhere.
    @Test(arguments: [
      ("226 Transfer done (but failed to open directory).", true), ("550 link: No such file or directory.", false),
    ])
    func `a directory that cannot be read is not an empty one`(_ words: String, _ hasBegun: Bool) throws {
      let steps: [Step] =
        [.answer("TYPE A", "200 ok"), .passive(), .answer("MLSD", "500 what?"), .accept, .dataGone]
        + [.answer("TYPE A", "200 ok"), .passive()]
        + (hasBegun
          ? [.answer("LIST", "150 here"), .accept, .endData, .say(words)]
          : [.answer("LIST", words), .accept, .dataGone])
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.entries() } == "reply 550")
        try session.isInStep()
      }
    }

    @Test func `a directory that is not there is an error, and the session stays where it was`() throws {
      let steps: [Step] = [.answer("TYPE A", "200 ok"), .passive(), .answer("MLSD x", "550 no"), .accept, .dataGone]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.entries(of: "x") } == "reply 550")
        try session.isInStep()
      }
    }

    @Test func `after a listing that failed the session is back`() throws {
      let steps: [Step] =
        [.answer("TYPE A", "200 ok"), .passive(), .answer("MLSD d", "500 what?"), .accept, .dataGone]
        + [.answer("PWD", "257 \"/home\""), .answer("CWD d", "250 ok"), .answer("TYPE A", "200 ok")]
        + [.passive(), .answer("LIST", "551 broken"), .accept, .dataGone, .answer("CWD /home", "250 ok")]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.entries(of: "d") } == "reply 551")
        try session.isInStep()
      }
    }
  }
}
