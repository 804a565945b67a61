import FTPClient
import Testing

extension ClientTests {
  @Suite struct PathReplyTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let reply: String
      let path: String?

      init(_ reply: String, _ path: String?) {
        self.reply = reply
        self.path = path
      }

      var testDescription: String { reply }
    }

    static let rows = [
      // vsftpd, ProFTPD, Pure-FTPd, FileZilla, IIS; with text behind and without.
      Row("257 \"/\" is the current directory", "/"),
      Row("257 \"/home/ann\" is the current directory", "/home/ann"),
      Row("257 \"/\" is your current location", "/"),
      Row("257 \"/new\" created", "/new"),
      Row("257 \"/new\" - Directory successfully created", "/new"),
      Row("257 \"/new\"", "/new"),
      Row("257 \"/new\" ", "/new"),
      Row("257 \"\" is empty", ""),
      Row("257 \"\"", ""),
      // Doubled, as RFC 959 has it.
      Row("257 \"/quo\"\"d\" is the current directory", "/quo\"d"),
      Row("257 \"/end\"\"\" is the current directory", "/end\""),
      Row("257 \"\"\"\" is one quote", "\""),
      Row("257 \"/a\"\" b\" is the current directory", "/a\" b"),
      // Not doubled: Pure-FTPd, inetutils, Twisted, aioftp.
      Row("257 \"/quo\"d\" is the current directory", "/quo\"d"),
      Row("257 \"/end\"\" is the current directory", "/end\""),
      Row("257 \"/end\"\"", "/end\""),
      Row("257 \"/a\"b\"c\"", "/a\"b\"c"),
      // Blanks, umlauts, backslashes, brackets, percent.
      Row("257 \"/with  two blanks \" is current", "/with  two blanks "),
      Row("257 \"/Übung/日本\" ist da", "/Übung/日本"),
      Row("257 \"C:\\Users\\ann\" is current directory.", "C:\\Users\\ann"),
      Row("257 \"/100% (a)\" is current", "/100% (a)"),
      // No path: aioftp's MKD, servers of old, lost quotes, other codes.
      Row("257 ", nil),
      Row("257", nil),
      Row("257 /new created", nil),
      Row("257 \"", nil),
      Row("257 \"/open", nil),
      Row("257 \"/open is current", nil),
      Row("257 \"/a\"b", "/a"),
      Row("257 \"/home/u\".", "/home/u"),
      Row("257 \"/a\"\"b\", is here", "/a\"b"),
      Row("257-\"/a\"\n257 x", nil),
      Row("257 x \"/a\"", nil),
      Row("250 \"/a\" is current", nil),
      Row("", nil),
      // The path is in one line.
      Row("257 \"/a\nb\" x", nil),
    ]

    @Test(arguments: rows)
    func `a path is read from between its quotes`(_ row: Row) {
      #expect(PathReply.path(of: Reply(row.reply)).map { String(decoding: $0, as: UTF8.self) } == row.path)
    }

    @Test func `a path keeps bytes that are not UTF-8`() {
      let reply = Reply(bytes: bytes("257 \"/") + [0xE4, 0xFF] + bytes("\" is current"))
      #expect(PathReply.path(of: reply) == bytes("/") + [0xE4, 0xFF])
    }
  }
}
