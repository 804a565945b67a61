import FTPClient
import Testing

extension ClientTests {
  @Suite struct MachineListingTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let line: String
      let facts: [String]
      let name: String

      init(_ line: String, _ facts: [String], _ name: String) {
        self.line = line
        self.facts = facts
        self.name = name
      }

      var testDescription: String { line }
    }

    static let rows = [
      // ProFTPD, pyftpdlib, aioftp.
      Row(
        "modify=20240101120000;perm=adfr;size=7;type=file;UNIX.mode=0644; a.txt",
        ["modify=20240101120000", "perm=adfr", "size=7", "type=file", "unix.mode=0644"], "a.txt"),
      Row("type=dir;perm=el;unique=801g2; sub", ["type=dir", "perm=el", "unique=801g2"], "sub"),
      Row("Size=7;Modify=20240101120000;Type=file; a.txt", ["size=7", "modify=20240101120000", "type=file"], "a.txt"),
      Row("type=OS.unix=slink:/target;size=1; link", ["type=OS.unix=slink:/target", "size=1"], "link"),
      // The name is everything after the first blank.
      Row("type=file; two words", ["type=file"], "two words"),
      Row("type=file;  leading blank", ["type=file"], " leading blank"),
      Row("type=file; trailing blank ", ["type=file"], "trailing blank "),
      Row("type=file; a;b=c; d", ["type=file"], "a;b=c; d"),
      Row("type=file; Übung", ["type=file"], "Übung"),
      // No facts, no name, broken facts.
      Row(" bare", [], "bare"),
      Row(" ", [], ""),
      Row("", [], ""),
      Row("type=file;", ["type=file"], ""),
      Row("type=file;size; x", ["type=file", "size="], "x"),
      Row("type=;=7;; x", ["type=", "=7", "="], "x"),
      Row("type=file x", ["type=file"], "x"),
      Row("type=file;size=5 x", ["type=file", "size=5"], "x"),
    ]

    @Test(arguments: rows)
    func `a line is facts and a name`(_ row: Row) {
      let entry = MachineListingEntry(line: bytes(row.line))
      let facts = entry.facts.map { String(decoding: $0.name + bytes("=") + $0.value, as: UTF8.self) }
      #expect(facts == row.facts)
      #expect(String(decoding: entry.name, as: UTF8.self) == row.name)
    }

    @Test func `a fact is found by its name in lower case, the last one when it comes twice`() {
      let entry = MachineListingEntry(line: bytes("Size=1;SIZE=2;type=file; x"))
      #expect(entry.value(of: "size") == bytes("2"))
      #expect(entry.value(of: "type") == bytes("file"))
      #expect(entry.value(of: "Size") == nil)
      #expect(entry.value(of: "modify") == nil)
    }

    @Test func `entries are equal when facts and name are`() {
      let entry = MachineListingEntry(line: bytes("size=1;type=file; x"))
      #expect(entry == MachineListingEntry(line: bytes("SIZE=1;type=file; x")))
      #expect(entry != MachineListingEntry(line: bytes("type=file;size=1; x")))
      #expect(entry != MachineListingEntry(line: bytes("size=1;type=file; y")))
      #expect(entry != MachineListingEntry(line: bytes("size=1; x")))
    }
  }
}
