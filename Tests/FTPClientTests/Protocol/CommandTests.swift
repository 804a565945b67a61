import FTPClient
import Testing

extension ClientTests {
  @Suite struct CommandTests {
    @Test(
      arguments: [
        ("NOOP", nil, "NOOP\r\n"), ("RETR", "a b", "RETR a b\r\n"), ("CWD", "Übung", "CWD Übung\r\n"),
        ("DELE", "-dash", "DELE -dash\r\n"), ("CWD", "100% \"x\"", "CWD 100% \"x\"\r\n"),
      ] as [(String, String?, String)])
    func `a command ends with CRLF`(_ verb: String, _ argument: String?, _ line: String) throws {
      #expect(try Command(verb, argument).line == bytes(line))
    }

    @Test(arguments: ["a\rDELE b", "a\nDELE b", "a\r\nDELE b", "a\0b", "\n", "\r", "\0", "a\n", "\r\nb"])
    func `a line end or a NUL in an argument is refused`(_ argument: String) {
      #expect(thrown { try Command("RETR", argument) } == "invalidArgument")
      #expect(thrown { try Command(line: bytes(argument)) } == "invalidArgument")
      #expect(thrown { try Command(argument) } == "invalidArgument")
    }

    @Test func `a command of the limit's length passes, a longer one does not`() throws {
      let longest = [UInt8](repeating: 0x61, count: Limits.command - 2)
      #expect(try Command(line: longest).line.count == Limits.command)
      #expect(thrown { try Command(line: longest + [0x61]) } == "tooLong")
    }

    @Test func `bytes that are not UTF-8 go as they are`() throws {
      #expect(try Command(line: bytes("RETR ") + [0xE4, 0xFF]).line == bytes("RETR ") + [0xE4, 0xFF, 0x0D, 0x0A])
    }

    static let descriptions = [
      ("PASS secret", "PASS ******"), ("pass secret", "pass ******"), ("Pass a b", "Pass ***"),
      ("ACCT secret", "ACCT ******"),
      ("aCcT x", "aCcT *"), ("PASS ", "PASS "), ("PASS", "PASS"), ("USER ann", "USER ann"),
      ("RETR PASS x", "RETR PASS x"),
      ("PASSX secret", "PASSX secret"), ("PAS secret", "PAS secret"), ("", ""),
    ]

    @Test(arguments: descriptions)
    func `passwords and accounts are masked`(_ line: String, _ description: String) throws {
      #expect(try Command(line: bytes(line)).description == description)
    }

    @Test func `a password is masked wherever a command is printed`() throws {
      let command = try Command("PASS", "secret")
      #expect("\(command)" == "PASS ******")
      #expect(String(describing: command) == "PASS ******")
    }

    @Test func `a refusal does not repeat the argument`() {
      do throws(FTPError) {
        _ = try Command("PASS", "secret\n")
        Issue.record("a line end passed")
      } catch {
        #expect(!error.message.contains("secret"))
      }
    }
  }
}
