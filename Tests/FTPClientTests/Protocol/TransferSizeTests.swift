import FTPClient
import Testing

extension ClientTests {
  @Suite struct TransferSizeTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let reply: String
      let size: UInt64?

      init(_ reply: String, _ size: UInt64?) {
        self.reply = reply
        self.size = size
      }

      var testDescription: String { reply }
    }

    static let rows = [
      // vsftpd, ProFTPD, inetutils, Serv-U.
      Row("150 Opening BINARY mode data connection for f (1024 bytes).", 1024),
      Row("150 Opening BINARY mode data connection for f (1024 bytes)", 1024),
      Row("150 Opening BINARY mode data connection for 'f' (1024 bytes).", 1024),
      Row("150 Opening BINARY mode data connection for f (1024 Bytes).", 1024),
      Row("150 Opening BINARY mode data connection for f (0 bytes).", 0),
      Row("150 Opening BINARY mode data connection for f (5368709120 bytes).", 5_368_709_120),
      Row("150 f (18446744073709551615 bytes)", .max),
      // The name holds parentheses, even a size of its own.
      Row("150 Opening BINARY mode data connection for a (5 bytes).txt (1024 bytes).", 1024),
      Row("150 Opening BINARY mode data connection for a (1).txt (1024 bytes).", 1024),
      Row("150 Opening BINARY mode data connection for )(( (1024 bytes).", 1024),
      // No size: pyftpdlib, Pure-FTPd, FileZilla, a listing.
      Row("125 Data connection already open. Transfer starting.", nil),
      Row("150-Accepted data connection\n150 0.3 kbytes to download", nil),
      Row("150 Opening data channel for file download from server of \"/f\"", nil),
      Row("150 Here comes the directory listing.", nil),
      Row("150 Opening BINARY mode data connection for a (1).txt", nil),
      // A name is no announcement: believing it would call a whole download truncated.
      Row("150 Opening BINARY mode data connection for draft(99999 bytes).txt", nil),
      Row("150 Opening BINARY mode data connection for draft (99999 bytes).txt", nil),
      Row("150 Opening BINARY mode data connection for draft (99999 bytes) two", nil),
      // Nonsense, and other codes.
      Row("150 f (18446744073709551616 bytes)", nil),
      Row("150 f (-1 bytes)", nil),
      Row("150 f ( bytes)", nil),
      Row("150 f (12 kbytes)", nil),
      Row("150 f (12 bytes", nil),
      Row("150 f 12 bytes)", nil),
      Row("150 (", nil),
      Row("150", nil),
      Row("226 f (1024 bytes)", nil),
      Row("", nil),
    ]

    @Test(arguments: rows)
    func `the size that a 150 announces is read`(_ row: Row) {
      #expect(TransferSize.announced(in: Reply(row.reply)) == row.size)
    }
  }
}
