import FTPClient
import Testing

extension ClientTests {
  @Suite struct ReplyTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let server: String
      let wire: String
      let replies: [String]

      init(_ server: String, _ wire: String, _ replies: [String]) {
        self.server = server
        self.wire = wire
        self.replies = replies
      }

      var testDescription: String { server }
    }

    static let rows = [
      Row("vsftpd's greeting", "220 (vsFTPd 3.0.3)\r\n", ["220 (vsFTPd 3.0.3)"]),
      Row(
        "ProFTPD's greeting", "220 ProFTPD Server (Debian) [127.0.0.1]\r\n", ["220 ProFTPD Server (Debian) [127.0.0.1]"]
      ),
      Row(
        "Pure-FTPd's greeting",
        "220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n220-You are user number 1 of 50 allowed.\r\n"
          + "220 You will be disconnected after 15 minutes of inactivity.\r\n",
        [
          "220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\n220-You are user number 1 of 50 allowed.\n"
            + "220 You will be disconnected after 15 minutes of inactivity."
        ]),
      Row(
        "vsftpd's features", "211-Features:\r\n EPRT\r\n MDTM\r\n REST STREAM\r\n211 End\r\n",
        ["211-Features:\n EPRT\n MDTM\n REST STREAM\n211 End"]),
      Row(
        "vsftpd's MLST-less STAT",
        "211-FTP server status:\r\n     Connected to ::ffff:127.0.0.1\r\n     TYPE: ASCII\r\n211 End of status\r\n",
        ["211-FTP server status:\n     Connected to ::ffff:127.0.0.1\n     TYPE: ASCII\n211 End of status"]),
      Row(
        "ProFTPD's MLST",
        "250-Start of list for a\r\n modify=20240101120000;size=7;type=file; /a\r\n250 End of list\r\n",
        ["250-Start of list for a\n modify=20240101120000;size=7;type=file; /a\n250 End of list"]),
      Row(
        "aioftp's PASV", "227-listen socket created\r\n227 (127,0,0,1,4,1)\r\n",
        ["227-listen socket created\n227 (127,0,0,1,4,1)"]),
      Row(
        "RFC 959's own example",
        "123-First line\r\nSecond line\r\n  234 A line beginning with numbers\r\n123 The last line\r\n",
        ["123-First line\nSecond line\n  234 A line beginning with numbers\n123 The last line"]),
      Row(
        "legal inner codes", "220-\r\n 220 x\r\n331 y\r\n220-\r\n220 end\r\n230 next\r\n",
        ["220-\n 220 x\n331 y\n220-\n220 end", "230 next"]),
      Row("an inner code without text", "220-a\r\n331\r\n331-b\r\n220 c\r\n", ["220-a\n331\n331-b\n220 c"]),
      Row("two replies in one packet", "426 Failure.\r\n226 Closed.\r\n", ["426 Failure.", "226 Closed."]),
      Row("a code alone", "226\r\n", ["226"]),
      Row("a multi-line reply that ends with a code alone", "226-a\r\n226\r\n", ["226-a\n226"]),
      Row("empty lines within", "220-\r\n\r\n\r\n220 x\r\n", ["220-\n\n\n220 x"]),
      Row("LF only", "220-a\n220 b\n200 c\n", ["220-a\n220 b", "200 c"]),
      Row("CR only", "220-a\r220 b\r200 c\r", ["220-a\n220 b", "200 c"]),
      Row("an empty line", "\r\n200 x\r\n", ["", "200 x"]),
      Row("less than a code", "22\r\n2\r\n", ["22", "2"]),
      Row("no code", "abc\r\nabc y\r\n", ["abc", "abc y"]),
      Row("a hyphen too early", "22-x\r\n200 y\r\n", ["22-x", "200 y"]),
      Row("a tab after the code", "220\tx\r\n", ["220\tx"]),
      Row("umlauts", "550 Übung: nicht da\r\n", ["550 Übung: nicht da"]),
      Row("an unfinished reply", "220-a\r\n220-b\r\n", []),
    ]

    /// The replies in these chunks of wire bytes.
    static func replies(in chunks: [ArraySlice<UInt8>]) throws(FTPError) -> [Reply] {
      var lines = LineBuffer()
      var parser = ReplyParser()
      var replies: [Reply] = []
      for chunk in chunks {
        lines.append(chunk)
        while let line = try lines.next() {
          if let reply = try parser.append(line) { replies.append(reply) }
        }
      }
      return replies
    }

    @Test(arguments: rows)
    func `lines become replies, wherever the packets are cut`(_ row: Row) throws {
      let wire = bytes(row.wire)
      for cut in 0...wire.count {
        #expect(try Self.replies(in: [wire[..<cut], wire[cut...]]).map(\.text) == row.replies, "cut at \(cut)")
      }
      #expect(try Self.replies(in: wire.indices.map { wire[$0...$0] }).map(\.text) == row.replies, "byte by byte")
    }

    @Test func `glftpd's end with another code can be taken for the end`() throws {
      var parser = ReplyParser()
      #expect(try parser.append(bytes("553-Denied by the rules:")) == nil)
      #expect(!parser.mayHaveEnded)
      #expect(try parser.append(bytes("553- no such thing")) == nil)
      #expect(!parser.mayHaveEnded)
      #expect(try parser.append(bytes("150 Opening")) == nil)
      #expect(parser.mayHaveEnded)
      #expect(parser.endEarly().text == "150 Opening")
      #expect(!parser.isInside)
      #expect(try parser.append(bytes("200 next"))?.text == "200 next")
    }

    @Test(arguments: ["", "150", "150x", "150-x", "15 x", " 150 x", "abc x"])
    func `a line that only resembles an end is none`(_ line: String) throws {
      var parser = ReplyParser()
      _ = try parser.append(bytes("553-first"))
      #expect(try parser.append(bytes(line)) == nil)
      #expect(!parser.mayHaveEnded)
    }

    @Test func `a reply with as many bytes as allowed passes, one more does not`() throws {
      func reply(_ count: Int) throws(FTPError) -> Reply? {
        var parser = ReplyParser()
        var size = 0
        while count - size > 1200 {
          if let reply = try parser.append(bytes("220-" + String(repeating: "x", count: 996))) { return reply }
          size += 1001
        }
        return try parser.append(bytes("220 " + String(repeating: "x", count: count - size - 4)))
      }
      #expect(try reply(Limits.reply)?.bytes.count == Limits.reply)
      #expect(thrown { try reply(Limits.reply + 1) } == "tooLong")
    }

    @Test(arguments: [220, 213])
    func `a reply with as many lines as allowed passes, one more does not`(_ code: Int) throws {
      func reply(_ count: Int) throws(FTPError) -> Reply? {
        var parser = ReplyParser()
        for _ in 1..<count { _ = try parser.append(bytes("\(code)-x")) }
        return try parser.append(bytes("\(code) x"))
      }
      let limit = code == 213 ? Limits.statusReplyLines : Limits.replyLines
      #expect(try reply(limit) != nil)
      #expect(thrown { try reply(limit + 1) } == "tooLong")
    }

    @Test(
      arguments: [
        ("150 x", 150, Reply.Category.preliminary), ("226", 226, .completion), ("331 x", 331, .intermediate),
        ("421 x", 421, .transient), ("550-x\n550 y", 550, .permanent), ("600 x", 600, nil), ("000 x", 0, nil),
        ("", nil, nil), ("2", nil, .completion), ("22", nil, .completion), ("2x0 y", nil, .completion),
        ("abc", nil, nil),
        ("-20", nil, nil), (" 220", nil, nil),
      ] as [(String, Int?, Reply.Category?)])
    func `a reply has a code and a category`(_ text: String, _ code: Int?, _ category: Reply.Category?) {
      #expect(Reply(text).code == code)
      #expect(Reply(text).category == category)
    }

    @Test func `bytes that are not UTF-8 are replaced in the text alone`() {
      let reply = Reply(bytes: bytes("250 ") + [0xE4])
      #expect(reply.text == "250 \u{FFFD}")
      #expect(reply.bytes == bytes("250 ") + [0xE4])
    }
  }
}
