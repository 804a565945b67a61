import FTPClient
import Testing

extension ClientTests {
  @Suite struct ListingEntryTests {
    static let facts: [(String, [String])] = [
      (
        "-rwsr-sr-x   1 root     other        531 Jan 29 03:26 README",
        [
          "type=file", "size=531", "modify=20260129032600", "unix.mode=6755", "unix.owner=root", "unix.group=other",
        ]
      ),
      (
        "d---------   1 0     0            512 Apr  8  1994 etc",
        ["type=dir", "size=512", "modify=19940408000000", "unix.mode=0000", "unix.owner=0", "unix.group=0"]
      ),
      (
        "lrwxrwxrwx   1 root     other          7 Jan 25 00:17 bin -> usr/bin",
        [
          "type=OS.unix=slink:usr/bin", "size=7", "modify=20260125001700", "unix.mode=0777", "unix.owner=root",
          "unix.group=other",
        ]
      ),
      ("07/14/2009  07:08 AM    <SYMLINK>      a.txt", ["type=OS.unix=slink", "modify=20090714070800"]),
      (
        "crw-r----- 1 root kmem 0, 27 Jan 30 11:42 kmem",
        [
          "type=OS.unix=chr-0/27", "modify=20260130114200", "unix.mode=0640", "unix.owner=root", "unix.group=kmem",
        ]
      ),
      (
        "brw-r----- 1 root disk 8, 1 Jan 30 11:42 sda1",
        ["type=OS.unix=blk-8/1", "modify=20260130114200", "unix.mode=0640", "unix.owner=root", "unix.group=disk"]
      ),
      (
        "prw-r----- 1 u g 0 Jan 30 11:42 x",
        ["type=OS.unix=pipe", "size=0", "modify=20260130114200", "unix.mode=0640", "unix.owner=u", "unix.group=g"]
      ),
      (
        "srw-r----- 1 u g 0 Jan 30 11:42 x",
        ["type=OS.unix=socket", "size=0", "modify=20260130114200", "unix.mode=0640", "unix.owner=u", "unix.group=g"]
      ),
      ("+i8388621.50690,m824255907,/,\t514", ["type=dir", "modify=19960213235827"]),
      ("+\tnothing known", []),
      ("Migrated                                                BSCSYS.ISPUSER", ["type=file"]),
      (
        "00README.TXT;1      2 30-DEC-1996 17:44 [SYSTEM] (RWED,RWED,RE,RE)",
        ["type=file", "size=1024", "modify=19961230174400", "unix.owner=SYSTEM"]
      ),
    ]

    @Test(arguments: facts)
    func `an entry is told in facts`(_ line: String, _ facts: [String]) {
      guard case .entry(let entry)? = parsed([bytes(line)]).first else {
        Issue.record("no entry")
        return
      }
      #expect(entry.facts.map { $0.name + "=" + String(decoding: $0.value, as: UTF8.self) } == facts)
    }

    @Test func `facts that were read are told again`() {
      let line = "type=OS.unix=slink:/a b;size=5;modify=20240229123456.5;unix.mode=0777;unix.owner=1;unix.group=2; x y"
      let entry = ListingEntry(MachineListingEntry(line: bytes(line)))
      #expect(entry.name == bytes("b;size=5;modify=20240229123456.5;unix.mode=0777;unix.owner=1;unix.group=2; x y"))
      let good = MachineListingEntry(line: bytes(line.replacing(" b", with: "")))
      let facts = ListingEntry(good).facts.map { $0.name + "=" + String(decoding: $0.value, as: UTF8.self) + ";" }
      #expect(
        facts.joined()
          == "type=OS.unix=slink:/a;size=5;modify=20240229123456;unix.mode=0777;unix.owner=1;unix.group=2;")
      #expect(ListingEntry(good).name == bytes("x y"))
    }

    @Test func `facts that say nothing give an entry that knows nothing`() {
      var expected = ListingEntry(name: bytes("x"), kind: .other)
      #expect(ListingEntry(MachineListingEntry(line: bytes("size=a;modify=1;unix.mode=9; x"))) == expected)
      expected.kind = .file
      expected.mode = 0o7777
      #expect(ListingEntry(MachineListingEntry(line: bytes("type=FILE;unix.mode=177777777777; x"))) == expected)
    }

    static let safeNames = ["a", " ", ".a", "..a", "...", "a b", "Übung", "-rf", "~", "a:b", "C:", "\u{7F}"]
    static let unsafeNames = ["", ".", "..", "/", "a/b", "/a", "a/", "../a", #"a\b"#, #"..\a"#, "a\0b", "\0"]

    @Test(arguments: safeNames)
    func `a name inside the directory is safe`(_ name: String) {
      #expect(ListingEntry(name: bytes(name), kind: .file).isSafeFileName)
    }

    @Test(arguments: unsafeNames)
    func `a name that may lead elsewhere is not`(_ name: String) {
      #expect(!ListingEntry(name: bytes(name), kind: .file).isSafeFileName)
    }

    @Test(arguments: ["..", "../../etc/passwd", "/etc/passwd", #"..\x"#, "a\0b"])
    func `a name that may lead elsewhere is listed as it is`(_ name: String) {
      guard case .entry(let entry)? = parsed([bytes("-rw-r--r-- 1 u g 7 Mar  2 15:13 \(name)")]).first else {
        Issue.record("no entry")
        return
      }
      #expect(entry.name == bytes(name))
      #expect(!entry.isSafeFileName)
    }

    @Test func `there is no time that no calendar has`() {
      #expect(ListingTime(year: 2023, month: 2, day: 29) == nil)
      #expect(ListingTime(year: 2024, month: 2, day: 29) != nil)
      #expect(ListingTime(year: 1900, month: 2, day: 29) == nil)
      #expect(ListingTime(year: 2000, month: 2, day: 29) != nil)
      #expect(ListingTime(year: 0, month: 1, day: 1) == nil)
      #expect(ListingTime(year: 10000, month: 1, day: 1) == nil)
      #expect(ListingTime(year: 2024, month: 4, day: 31) == nil)
      #expect(ListingTime(year: 2024, month: 1, day: 1, hour: 24, minute: 1) == nil)
      #expect(ListingTime(year: 9999, month: 12, day: 31, hour: 24, minute: 0) == nil)
      #expect(ListingTime(year: 2024, month: 1, day: 1, hour: 23, minute: 60) == nil)
      #expect(ListingTime(year: .max, month: .min, day: .max, hour: .max, minute: .min, second: .max) == nil)
    }

    @Test func `a time is as exact as it was given`() {
      let day = ListingTime(year: 2024, month: 2, day: 29)
      #expect(day?.precision == .day)
      let minute = ListingTime(year: 2024, month: 2, day: 29, hour: 24, minute: 0)
      #expect(minute?.precision == .minute)
      #expect(minute?.timestamp == bytes("20240301000000"))
      let second = ListingTime(year: 16, month: 12, day: 31, hour: 23, minute: 59, second: 60)
      #expect(second?.precision == .second)
      #expect(second?.timestamp == bytes("00161231235959"))
    }
  }
}
