import FTPClient
import Testing

extension ClientTests {
  @Suite struct PassiveAddressTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let reply: String
      let host: String?
      let port: UInt16

      init(_ reply: String, _ host: String?, _ port: UInt16) {
        self.reply = reply
        self.host = host
        self.port = port
      }

      var testDescription: String { reply }
    }

    static let rows = [
      // vsftpd, ProFTPD, Pure-FTPd, pyftpdlib, aioftp.
      Row("227 Entering Passive Mode (127,0,0,1,195,149).", "127.0.0.1", 50069),
      Row("227 Entering Passive Mode (192,168,1,20,158,219)", "192.168.1.20", 40667),
      Row("227 Entering passive mode (127,0,0,1,4,1).", "127.0.0.1", 1025),
      Row("227-listen socket created\n227 (127,0,0,1,4,1)", "127.0.0.1", 1025),
      // Without parentheses, as RFC 1123 warns; with other marks; with other numbers before and behind.
      Row("227 Entering Passive Mode. 10,1,2,3,4,5", "10.1.2.3", 1029),
      Row("227 Entering Passive Mode =10,1,2,3,4,5", "10.1.2.3", 1029),
      Row("227 10,1,2,3,4,5", "10.1.2.3", 1029),
      Row("227 Passive mode 2 (10,1,2,3,4,5) for 300 seconds", "10.1.2.3", 1029),
      Row("227 (10,1,2,3,004,005)", "10.1.2.3", 1029),
      Row("227 1,2,(10,1,2,3,4,5)", "10.1.2.3", 1029),
      Row("227 ,,10,1,2,3,4,5,,", "10.1.2.3", 1029),
      Row("227 (10,1,2,3,255,255)", "10.1.2.3", 65535),
      Row("227 (10,1,2,3,0,1)", "10.1.2.3", 1),
      Row("227 (0,0,0,0,4,1)", "0.0.0.0", 1025),
      // vsftpd and the others; aioftp.
      Row("229 Entering Extended Passive Mode (|||50000|)", nil, 50000),
      Row("229 Entering Extended Passive Mode (|||50000|).", nil, 50000),
      Row("229-listen socket created\n229 (|||4711|)", nil, 4711),
      // Any printable character may be the delimiter, and the other fields may be filled in.
      Row("229 Extended Passive OK (!!!6446!)", nil, 6446),
      Row("229 Extended Passive OK (|1|127.0.0.1|6446|)", nil, 6446),
      Row("229 Extended Passive OK (|2|::1|6446|)", nil, 6446),
      Row("229 (|||65535|)", nil, 65535),
      Row("229 (|||1|)", nil, 1),
      Row("229 (|||00021|)", nil, 21),
    ]

    static let malformed = [
      "227", "227 ", "227 Entering Passive Mode", "227 ()", "227 (10,1,2,3,4)", "227 (10,1,2,3,4,)",
      "227 (10,1,2,3,,5)",
      "227 (10.1.2.3.4.5)", "227 (10,1,2,3,0,0)", "227 (256,1,2,3,4,5)", "227 (10,1,2,3,256,1)", "227 (10,1,2,3,4,256)",
      "227 (10,1,2,3,-4,5)", "227 (10,1,2,3,99999,99999)", "227 (10,1,2,3,4,18446744073709551617)",
      "227 (|||50000|)", "227,10,1,2,3",
      "229", "229 ", "229 ()", "229 (|||50000|", "229 |||50000|", "229 )|||50000|(", "229 (||50000|)",
      "229 (||||50000|)",
      "229 (|||50000)", "229 (|||0|)", "229 (|||65536|)", "229 (||||)", "229 (|||5x|)", "229 (||| 5|)", "229 (|||-5|)",
      "229 (|||18446744073709551617|)", "229 (111500001)", "229 (|)", "229 (||)", "229 (10,1,2,3,4,5)",
      "229 (|!!50000|)",
    ]

    static let refused = [
      ("500 Unknown command", "reply 500"), ("425 Cannot open", "reply 425"), ("200 (10,1,2,3,4,5)", "reply 200"),
      ("", "reply 0"), ("22", "reply 0"),
    ]

    @Test(arguments: rows)
    func `an address is read`(_ row: Row) throws {
      let address = try PassiveAddress(Reply(row.reply))
      #expect(address.host == row.host)
      #expect(address.port == row.port)
    }

    @Test(arguments: malformed)
    func `a reply without an address is malformed`(_ text: String) {
      #expect(thrown { try PassiveAddress(Reply(text)) } == "malformed")
    }

    @Test(arguments: refused)
    func `a reply with another code is a refusal`(_ text: String, _ word: String) {
      #expect(thrown { try PassiveAddress(Reply(text)) } == word)
    }

    @Test func `each reading takes its own code alone`() {
      let passive = Reply("227 (10,1,2,3,4,5)")
      let extended = Reply("229 (|||50000|)")
      #expect(thrown { try PassiveAddress(passive: extended) } == "reply 229")
      #expect(thrown { try PassiveAddress(extendedPassive: passive) } == "reply 227")
    }
  }
}
