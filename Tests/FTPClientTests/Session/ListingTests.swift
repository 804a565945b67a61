import FTPClient
import Testing

extension ClientTests {
  @Suite struct ListingTests {
    @Test func `names come as they are`() throws {
      let steps: [Step] = .download("NLST", bytes("a\r\n b \r\n-c\r\nÜ\r\n\"d\"\r\n%20\r\n"), type: "A")
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(try session.nameList() == ["a", " b ", "-c", "Ü", "\"d\"", "%20"])
        try session.isInStep()
      }
    }

    @Test func `lines come as they are`() throws {
      let line = "-rw-r--r--    1 0        0               7 Jan 01 12:00 a b"
      try ScriptedServer.session(.download("LIST sub", bytes("total 1\r\n\(line)\r\n"), type: "A") + .inStep) {
        session in
        #expect(try session.list("sub") == ["total 1", line])
        try session.isInStep()
      }
    }

    @Test func `aioftp ends MLSD with 200`() throws {
      let data = bytes("Type=dir; .\r\nSize=7;Type=file; a b\r\n")
      let steps: [Step] = .begin("MLSD", type: "A") + [.data(data), .endData, .say("200 done")]
      try ScriptedServer.session(steps + .inStep) { session in
        let entries = try session.machineList()
        #expect(entries.map(\.name) == [bytes("."), bytes("a b")])
        #expect(entries.last?.value(of: "size") == bytes("7"))
        try session.isInStep()
      }
    }

    @Test func `an empty directory is an empty list`() throws {
      try ScriptedServer.session(.download("NLST", [], type: "A") + .download("MLSD x", [], type: nil) + .inStep) {
        session in
        #expect(try session.nameList() == [])
        #expect(try session.machineList("x") == [])
        try session.isInStep()
      }
    }

    @Test func `ProFTPD says at the end that a name is missing`() throws {
      let steps: [Step] = .begin("LIST x", type: "A") + [.endData, .say("450 x: No such file or directory")]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.list("x") } == "reply 450")
        try session.isInStep()
      }
    }

    @Test func `inetutils refuses to list an empty directory`() throws {
      let steps: [Step] = [
        .answer("TYPE A", "200 ok"), .passive(), .answer("NLST", "550 No files found."), .accept, .dataGone,
      ]
      try ScriptedServer.session(steps + .inStep) { session in
        #expect(thrown { try session.nameList() } == "reply 550")
        try session.isInStep()
      }
    }
  }
}
