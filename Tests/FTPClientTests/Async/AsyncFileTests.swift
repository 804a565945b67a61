import FTPClient
import FTPClientAsync
import Foundation
import Testing

extension ClientTests {
  /// Files of this computer, down and up.
  @Suite struct AsyncFileTests {
    struct Resumed: Sendable, CustomTestStringConvertible {
      let testDescription: String
      let size: String
      /// Where the upload begins; nil where none does.
      var offset: Int?
      let word: String

      static let all = [
        Resumed(testDescription: "a part", size: "213 600", offset: 600, word: "nothing"),
        Resumed(testDescription: "none", size: "550 no such file", offset: 0, word: "nothing"),
        Resumed(testDescription: "all", size: "213 1000", word: "nothing"),
        Resumed(testDescription: "more", size: "213 1001", word: "state"),
        Resumed(testDescription: "no SIZE", size: "502 what?", word: "reply 502"),
      ]
    }

    @Test(arguments: Resumed.all)
    func `an upload goes on behind what the server has`(_ row: Resumed) async throws {
      let folder = try Folder()
      try folder.write("f", pattern(1000))
      var steps: [Step] = [.answer("TYPE I", "200 ok"), .answer("SIZE g", row.size)]
      if let offset = row.offset {
        if row.size.hasPrefix("5") { steps.append(.answer("TYPE I", "200 ok")) }
        steps += [.passive()] + (offset > 0 ? [.answer("REST \(offset)", "350 ok")] : [])
        steps += [
          .answer("STOR g", "150 ok"), .accept, .take(Array(pattern(1000)[offset...])), .endData, .say("226 done"),
        ]
        if offset > 0 { steps.append(.answer("SIZE g", "213 1000")) }
      }
      let path = folder.file("f")
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let word = await thrown {
          let report = try await connection.upload(file: path, to: "g", resume: true)
          #expect(report == TransferProgress(done: 1000, total: 1000))
        }
        #expect(word == row.word)
        try await connection.isInStep()
      }
    }

    @Test func `an upload that a server has begun from the start is not whole`() async throws {
      let folder = try Folder()
      try folder.write("f", pattern(1000))
      let path = folder.file("f")
      let steps: [Step] = [
        .answer("TYPE I", "200 ok"), .answer("SIZE g", "213 400"), .passive(), .answer("REST 400", "350 ok"),
        .answer("STOR g", "150 ok"), .accept, .take(Array(pattern(1000)[400...])), .endData, .say("226 done"),
        .answer("SIZE g", "213 600"),
      ]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        #expect(await thrown { try await connection.upload(file: path, to: "g", resume: true) } == "mismatch")
        try await connection.isInStep()
      }
    }

    @Test func `into a file, with progress`() async throws {
      let (content, folder, reports) = (pattern(700_000), try Folder(), Reports())
      let steps: [Step] =
        [.answer("TYPE I", "200 ok"), .answer("SIZE f", "213 700000")] + .download("RETR f", content, type: nil)
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let end = try await connection.download("f", toFile: folder.file("f")) { reports.add($0) }
        #expect(end.done == 700_000 && end.total == 700_000)
        #expect(reports.all.last == end)
        #expect(zip(reports.all, reports.all.dropFirst()).allSatisfy { $0.done < $1.done })
        try await connection.isInStep()
      }
      #expect(try folder.content("f") == content)
    }

    @Test func `a download goes on where it stopped`() async throws {
      let (content, folder) = (pattern(1000), try Folder())
      try folder.write("f", Array(content.prefix(400)))
      let steps: [Step] = [
        .answer("TYPE I", "200 ok"), .answer("SIZE f", "213 1000"), .passive(), .answer("REST 144", "350 go on"),
        .hear("RETR f"), .accept, .say("150 ok"), .data(Array(content.dropFirst(144))), .endData, .say("226 done"),
        .answer("SIZE f", "213 1000"),
      ]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let end = try await connection.download("f", toFile: folder.file("f"), resume: true)
        #expect(end.done == 1000)
        // There is nothing left to do.
        try await connection.download("f", toFile: folder.file("f"), resume: true)
        try await connection.isInStep()
      }
      #expect(try folder.content("f") == content)
    }

    @Test func `a download does not go on behind another file`() async throws {
      let folder = try Folder()
      try folder.write("f", pattern(2100))
      try await ScriptedServer.connection([.answer("TYPE I", "200 ok"), .answer("SIZE f", "213 12")] + .inStep) {
        connection in
        #expect(
          await thrown { try await connection.download("f", toFile: folder.file("f"), resume: true) }
            == "state")
        try await connection.isInStep()
      }
      #expect(try folder.content("f") == pattern(2100))
    }

    @Test func `a local name with a NUL is no name`() async throws {
      let folder = try Folder()
      try await ScriptedServer.connection([.answer("TYPE I", "200 ok"), .answer("SIZE f", "213 12")] + .inStep) {
        connection in
        let name = folder.file("f\0g")
        #expect(await thrown { try await connection.upload(file: name, to: "f") } == "invalidArgument")
        #expect(
          await thrown { try await connection.download("f", toFile: name, resume: true) } == "invalidArgument")
        try await connection.isInStep()
      }
    }

    @Test func `a server that announces nothing cannot cut a file short`() async throws {
      let folder = try Folder()
      let steps: [Step] =
        [.answer("TYPE I", "200 ok"), .answer("SIZE f", "213 1000")] + .download("RETR f", pattern(400), type: nil)
      try await ScriptedServer.connection(steps + .inStep) { connection in
        #expect(
          await thrown { try await connection.download("f", toFile: folder.file("f")) } == "truncated 400/1000")
        try await connection.isInStep()
      }
    }

    @Test func `a refusal leaves the local file alone`() async throws {
      let folder = try Folder()
      try folder.write("f", bytes("old"))
      let steps: [Step] = [
        .answer("TYPE I", "200 ok"), .answer("SIZE f", "550 no"), .passive(), .answer("RETR f", "550 no such file"),
        .accept, .dataGone,
      ]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        #expect(await thrown { try await connection.download("f", toFile: folder.file("f")) } == "reply 550")
        try await connection.isInStep()
      }
      #expect(try folder.content("f") == bytes("old"))
    }

    @Test func `a local file that cannot be written is named`() async throws {
      let steps: [Step] =
        [.answer("TYPE I", "200 ok"), .answer("SIZE f", "213 7")]
        + .begin("RETR f", type: nil) + [.dataGone, .say("426 broken off")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let error = await #expect(throws: FTPError.self) {
          try await connection.download("f", toFile: "/nowhere/f")
        }
        #expect(error?.message == "cannot write '/nowhere/f': No such file or directory")
        try await connection.isInStep()
      }
    }

    @Test func `an upload of a file, with progress`() async throws {
      let (content, folder, reports) = (pattern(700_000), try Folder(), Reports())
      try folder.write("f", content)
      try await ScriptedServer.connection(.upload("STOR f", content) + .inStep) { connection in
        let end = try await connection.upload(file: folder.file("f"), to: "f") { reports.add($0) }
        #expect(end.done == 700_000 && end.total == 700_000 && reports.all.last == end)
        try await connection.isInStep()
      }
    }

    // MARK: What is no file, and what a server says that is not so

    @Test func `what cannot be read is refused before the server hears of it`() async throws {
      let folder = try Folder()
      try await ScriptedServer.connection(.inStep) { connection in
        // The memory of this process: it can be opened, and its first byte cannot be read.
        for (path, cause) in [
          (folder.path, "Is a directory"), (folder.file("none"), "No such file or directory"),
          ("/proc/self/mem", "Input/output error"),
        ] {
          let error = await #expect(throws: FTPError.self) { try await connection.upload(file: path, to: "existing") }
          #expect(error?.message == "cannot read '\(path)': \(cause)")
        }
        try await connection.isInStep()
      }
    }

    /// A download that goes on behind 400 bytes, the last 256 of them anew, from a server that says 350 to `REST`.
    struct Disregard: Sendable, CustomTestStringConvertible {
      let testDescription: String
      /// What comes behind the 350.
      let sent: Range<Int>
      /// The file's size as `SIZE` tells it first; nil when it does not.
      var size: Int? = 1000
      /// Its answer when it is asked again, where it is.
      var later: String?
      var isCut = false
      /// Whether the server has another file.
      var isAnother = false
      /// Whether the file is the same byte over and over.
      var isUniform = false
      let word: String

      static let all = [
        Disregard(testDescription: "the rest", sent: 144..<1000, word: "nothing"),
        Disregard(testDescription: "the whole", sent: 0..<1000, word: "mismatch"),
        Disregard(testDescription: "most of the whole, and a cut", sent: 0..<900, isCut: true, word: "mismatch"),
        Disregard(testDescription: "the rest of another file", sent: 144..<1000, isAnother: true, word: "mismatch"),
        Disregard(testDescription: "less than was here", sent: 144..<300, size: nil, word: "mismatch"),
        Disregard(testDescription: "as much as was here", sent: 144..<400, size: nil, word: "nothing"),
        Disregard(
          testDescription: "the whole, one byte over and over", sent: 0..<1000, later: "213 1000", isUniform: true,
          word: "mismatch"),
        Disregard(
          testDescription: "the same, and no second size", sent: 0..<1000, later: "550 no", isUniform: true,
          word: "mismatch"),
        Disregard(testDescription: "the rest, grown", sent: 144..<1100, later: "213 1200", word: "nothing"),
      ]
    }

    @Test(arguments: Disregard.all)
    func `a server that disregards REST spoils no file`(_ row: Disregard) async throws {
      let folder = try Folder()
      let content = row.isUniform ? [UInt8](repeating: 0, count: 2000) : pattern(2000)
      try folder.write("f", Array(content[..<400]))
      let sent = (row.isAnother ? Array(content.reversed()) : content)[row.sent]
      let steps: [Step] =
        [
          .answer("TYPE I", "200 ok"), .answer("SIZE f", row.size.map { "213 \($0)" } ?? "550 no"), .passive(),
          .answer("REST 144", "350 go on"), .hear("RETR f"), .accept, .say("150 ok"), .data(Array(sent)), .endData,
          .say(row.isCut ? "426 broken" : "226 done"),
        ] + (row.later.map { [.answer("SIZE f", $0)] } ?? [])
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let word = await thrown {
          let end = try await connection.download("f", toFile: folder.file("f"), resume: true)
          #expect(end.done == UInt64(row.sent.upperBound))
        }
        #expect(word == row.word)
        try await connection.isInStep()
      }
      #expect(try folder.content("f") == Array(content[..<(row.word == "nothing" ? row.sent.upperBound : 400)]))
    }

    @Test(arguments: ["213 unknown", "213", "213 -1", "550 no", "502 what?"])
    func `a server that does not say the size does not hinder a download`(_ answer: String) async throws {
      let (content, folder) = (pattern(1000), try Folder())
      let steps: [Step] =
        [.answer("TYPE I", "200 ok"), .answer("SIZE f", answer)] + .download("RETR f", content, type: nil)
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let end = try await connection.download("f", toFile: folder.file("f"))
        #expect(end == TransferProgress(done: 1000, total: nil))
        try await connection.isInStep()
      }
      #expect(try folder.content("f") == content)
    }
  }
}
