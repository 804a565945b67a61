import FTPClient
import Testing

extension ClientTests {
  /// The calls that need no data connection: what each sends, and what it makes of the answer.
  @Suite struct CommandCallTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let name: String
      let steps: [Step]
      let result: String
      let call: @Sendable (FTPSession) throws -> String?

      init(
        _ name: String, _ steps: [Step], _ result: String, _ call: @escaping @Sendable (FTPSession) throws -> String?
      ) {
        self.name = name
        self.steps = steps
        self.result = result
        self.call = call
      }

      var testDescription: String { name }
    }

    static let rows = [
      Row("PWD", [.answer("PWD", "257 \"/a \"\"b\"\"\" is current")], "/a \"b\"") { try $0.workingDirectory() },
      Row("PWD without a path", [.answer("PWD", "257 here")], "malformed") { try $0.workingDirectory() },
      Row("CWD", [.answer("CWD a b", "250 ok")], "250 ok") { try $0.changeDirectory(to: "a b").text },
      Row("CWD to nothing", [.answer("CWD .", "250 ok")], "250 ok") { try $0.changeDirectory(to: "").text },
      Row("CDUP", [.answer("CDUP", "200 ok")], "200 ok") { try $0.changeDirectory(to: "..").text },
      Row("CDUP unknown", [.answer("CDUP", "500 what?"), .answer("CWD ..", "250 ok")], "250 ok") {
        try $0.changeDirectory(to: "..").text
      },
      Row("CDUP not implemented", [.answer("CDUP", "502 not here"), .answer("CWD ..", "250 ok")], "250 ok") {
        try $0.changeDirectory(to: "..").text
      },
      Row("CDUP refused", [.answer("CDUP", "550 no")], "reply 550") { try $0.changeDirectory(to: "..").text },
      Row("MKD", [.answer("MKD a", "257 \"/x/a\" created")], "/x/a") { try $0.makeDirectory("a") },
      Row("MKD without a path", [.answer("MKD a", "257 ")], "a") { try $0.makeDirectory("a") },
      Row("RMD", [.answer("RMD a", "250 gone")], "250 gone") { try $0.removeDirectory("a").text },
      Row("DELE", [.answer("DELE a", "250 gone")], "250 gone") { try $0.delete("a").text },
      Row("DELE refused", [.answer("DELE a", "550 no")], "reply 550") { try $0.delete("a").text },
      Row("DELE in the air", [.answer("DELE a", "350 go on")], "reply 350") { try $0.delete("a").text },
      Row("rename", [.answer("RNFR a", "350 to?"), .answer("RNTO b", "250 done")], "250 done") {
        try $0.rename("a", to: "b").text
      },
      Row("rename refused", [.answer("RNFR a", "550 no")], "reply 550") { try $0.rename("a", to: "b").text },
      Row("rename to a line end", [], "invalidArgument") { try $0.rename("a", to: "b\n").text },
      Row("SIZE", [.answer("SIZE a", "213 5368709120")], "5368709120") { try $0.size(of: "a").map(String.init) },
      Row("SIZE of nonsense", [.answer("SIZE a", "213 big")], "malformed") { try $0.size(of: "a").map(String.init) },
      Row("SIZE with another code", [.answer("SIZE a", "200 1")], "nil") { try $0.size(of: "a").map(String.init) },
      Row("MDTM", [.answer("MDTM a", "213 20240229123456")], "2024-2-29") {
        try $0.modificationTime(of: "a").map { "\($0.year)-\($0.month)-\($0.day)" }
      },
      Row("MLST", [.answer("MLST a", "250-begin\n type=file;size=7; /a b\n250 end")], "/a b 7") {
        let entry = try $0.machineStatus(of: "a")
        return String(decoding: entry.name + bytes(" ") + (entry.value(of: "size") ?? []), as: UTF8.self)
      },
      Row("MLST without facts", [.answer("MLST", "250 ok")], "malformed") { "\(try $0.machineStatus())" },
      Row("STAT", [.answer("STAT", "211-status\n fine\n211 end")], "211-status\n fine\n211 end") { try $0.status() },
      Row("HELP", [.answer("HELP RETR", "214 syntax")], "214 syntax") { try $0.help(about: "RETR") },
      Row("SYST", [.answer("SYST", "215 UNIX Type: L8")], "UNIX Type: L8") { try $0.system() },
      Row("FEAT", [.answer("FEAT", "211-Features:\n MDTM\n REST STREAM\n211 End")], "MDTM,REST STREAM") {
        try $0.features().joined(separator: ",")
      },
      Row("FEAT unknown", [.answer("FEAT", "500 what?")], "") { try $0.features().joined(separator: ",") },
      Row("OPTS", [.answer("OPTS UTF8 ON", "200 on")], "200 on") { try $0.setOption("UTF8 ON").text },
      Row("SITE", [.answer("SITE CHMOD 600 a", "200 ok")], "200 ok") { try $0.site("CHMOD 600 a").text },
      Row("NOOP", [.answer("NOOP", "200 zzz")], "200 zzz") { try $0.noOperation().text },
      Row("any command", [.answer("XYZ a", "350 go on")], "350 go on") { try $0.execute("XYZ a").text },
      Row("any command refused", [.answer("XYZ a", "500 what?")], "reply 500") { try $0.execute("XYZ a").text },
      Row("any command answered with nonsense", [.answer("XYZ a", "what?")], "reply 0") {
        try $0.execute("XYZ a").text
      },
      Row("a command with a line end", [], "invalidArgument") { try $0.execute("XYZ a\r\nDELE b").text },
    ]

    @Test(arguments: rows)
    func `a call sends its commands, reads the answer and leaves the session in step`(_ row: Row) throws {
      try ScriptedServer.session(row.steps + .inStep) { session in
        var result: String?
        let word = thrown { result = try row.call(session) }
        #expect((word == "nothing" ? result ?? "nil" : word) == row.result)
        try session.isInStep()
      }
    }

    @Test func `an error reply is the error's message`() throws {
      try ScriptedServer.session([.answer("DELE a", "550-no\n550 such file"), .farewell]) { session in
        let error = #expect(throws: FTPError.self) { try session.delete("a") }
        #expect(error?.message == "550-no\n550 such file")
      }
    }
  }
}
