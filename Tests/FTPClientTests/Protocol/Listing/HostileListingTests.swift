import FTPClient
import Testing

extension ClientTests {
  /// Whatever stands in a line, every line comes back, and nothing traps.
  @Suite struct HostileListingTests {
    /// Every row, and every heading; and what is worth being changed beside them.
    static let lines: [[UInt8]] =
      ListingRow.all.map(\.line)
      + (ListingParserTests.headings + ListingParserTests.raw + ["LONG_NAME.TXT;1", "   1  2-JUL-2003 10:30:08.59"])
      .map(bytes)
      + nasty

    /// What fuzzers like. A crash that one finds is added here.
    static let nasty: [[UInt8]] = [
      bytes("- "), bytes("+"), bytes("+\t"), bytes(";1"), bytes(" ;1 1-JAN-2000"), bytes("[ ] ;"), bytes("<"),
      bytes("a;1 ["),
      bytes("a;1 [ 1-JAN-2000"), bytes("a;1 () 1-JAN-2000"), bytes("a;1 ( 1-JAN-2000"), bytes("a;1 / 1-JAN-2000"),
      bytes("-rw-r--r-- , 7 Jan 1 2000 x"), bytes("crw-r--r-- , Jan 1 2000 x"), bytes("crw-r--r-- 1, 2 Jan 1 2000 x"),
      bytes("crw-r--r-- 0x 0x Jan 1 2000 x"), bytes("lrwxrwxrwx 1 Jan 1 2000  -> "),
      bytes("lrwxrwxrwx 1 Jan 1 2000 -> -> "),
      bytes("lrwxrwxrwx 0 Jan 1 2000 a -> "),
      bytes("-rw-r--r-- 1 u g 18446744073709551616 Jan 1 2000 x"),
      bytes("-rw-r--r-- 18446744073709551616 u g 1 Jan 1 2000 x"),
      bytes("-rw-r--r-- 1 u g 18446744073709551615T Jan 1 2000 x"),
      bytes("-rw-r--r-- 1 u g 16777215.999T Jan 1 2000 x"), bytes("-rw-r--r-- 1 u g .5k Jan 1 2000 x"),
      bytes("-rw-r--r-- 1 18446744073709551615 1 Jan 1 2000 x"), bytes("-rw-r--r-- 1 u g 7 Jan 1 9999999999 x"),
      bytes("-rw-r--r-- 1 u g 7 9999-12-31 23:59:59 -1400 x"), bytes("-rw-r--r-- 1 u g 7 0001-01-01 00:00:00 +1400 x"),
      bytes("-rw-r--r-- 1 u g 7 9999-12-31 24:00 x"), bytes("-rw-r--r-- 1 u g 7 0000-00-00 00:00 x"),
      bytes("drwxr-xr-x---+99999999999999999999999 u g 7 Jan 1 2000 x"),
      bytes("+m18446744073709551615,s18446744073709551615,/,r,up77777777777777777777777,\tx"),
      bytes("7777777 1 1 1 253402300799 x"), bytes("7777777 1 1 1 253402300800 x"),
      bytes("a F 18446744073709551615 18446744073709551615 1 9999-12-31 23:59:59 x"),
      bytes("a b F 18446744073709551615 2 1 9999-12-31 23:59:59 x"), bytes("Volume Dsname"), bytes("Name VV.MM"),
      bytes("total"), bytes(":"), bytes("::"), bytes(" :"), bytes(".:"), bytes("<DIR>"), bytes("1 1 1 1 1 1 1 1 1 1"),
      bytes("01-01-70 00:00 <DIR>"), bytes("01-01-70 00:00 <DIR> "), bytes("01-01-70 00:00 1 "),
      bytes("01-01-70 00:00 1,2,3 x"), bytes("01-01-70 0:0:0:0 1 x"), bytes("--70 00:00 1 x"),
    ]

    /// Whether lines give as many results as they are, wrapped lines of VMS aside, and every entry has a name.
    static func isSurvived(_ lines: [[UInt8]]) -> Bool {
      let results = parsed(lines)
      let entries = results.compactMap { line -> ListingEntry? in
        if case .entry(let entry) = line { entry } else { nil }
      }
      return results.count == lines.count
        && entries.allSatisfy { entry in
          _ = entry.facts
          _ = entry.isSafeFileName
          return !entry.name.isEmpty
        }
    }

    /// Records a line that is not survived; as `#expect` for each of many thousands it would cost more than the parser.
    static func expectSurvival(_ line: [UInt8]) {
      if !isSurvived([line]) { Issue.record("\(shown(line))") }
    }

    @Test func `every beginning and every end of every line is survived`() {
      for line in Self.lines {
        for count in 0...line.count {
          Self.expectSurvival(Array(line[..<count]))
          Self.expectSurvival(Array(line[count...]))
        }
      }
      #expect(Self.lines.count > 300)
    }

    static let substitutes: [[UInt8]] = [
      [0x00], [0xFF], [0x20], [], bytes(String(repeating: "9", count: 40)),
    ]

    @Test(arguments: substitutes)
    func `every line with each byte replaced is survived`(_ substitute: [UInt8]) {
      for line in Self.lines {
        for index in line.indices {
          let changed = line[..<index] + substitute + line[(index + 1)...]
          Self.expectSurvival(Array(changed))
        }
      }
    }

    @Test func `lines changed at random are survived, also in one listing`() {
      var random = SeededBytes(seed: 959)
      let pieces = Self.lines.flatMap { $0.split(separator: 0x20).map { Array($0) } }
      for _ in 0..<6000 {
        guard var line = Self.lines.randomElement(using: &random), !line.isEmpty else { continue }
        for _ in 0..<Int.random(in: 1...4, using: &random) where !line.isEmpty {
          let index = Int.random(in: line.indices, using: &random)
          switch Int.random(in: 0..<4, using: &random) {
          case 0: line[index] = .random(in: .min ... .max, using: &random)
          case 1: line.remove(at: index)
          case 2: line.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: index)
          default: line.removeSubrange(index...)
          }
        }
        Self.expectSurvival(line)
      }
    }

    @Test(arguments: ["", " \t", "0123456789 -/:.", "rwx- 19:,JanFeb", "+,/rsm\t0", ";[]() 1-JAN-2000", "*<DIR> "])
    func `random bytes are survived`(_ alphabet: String) {
      var random = SeededBytes(seed: 3659)
      for _ in 0..<1500 {
        let line = random.bytes(Int.random(in: 0...60, using: &random), from: bytes(alphabet))
        Self.expectSurvival(line)
      }
    }

    @Test func `no line is lost from a listing of all lines, in any order`() {
      var random = SeededBytes(seed: 1)
      for _ in 0..<40 {
        let lines = Self.lines.shuffled(using: &random)
        let results = parsed(lines)
        // A name of VMS and its facts are one entry.
        #expect((lines.count - 3...lines.count).contains(results.count))
      }
    }

    @Test func `a line as long as a line may be is read in no time`() throws {
      let count = Limits.line
      let long: [[UInt8]] = [
        Array(repeating: 0x20, count: count), Array(repeating: 0x39, count: count),
        Array(repeating: 0x41, count: count),
        bytes(String(repeating: "9 ", count: count / 2)), bytes(String(repeating: "Jan ", count: count / 4)),
        bytes("-rw-r--r-- " + String(repeating: "7 Jan ", count: count / 6)),
        bytes("-rw-r--r-- " + String(repeating: "1 ", count: count / 2)),
        bytes("lrwxrwxrwx 1 u g 1 Jan 1 2000 " + String(repeating: " -> ", count: count / 4)),
        bytes("A;1 " + String(repeating: "[ ", count: count / 2)),
        bytes("+" + String(repeating: "s,", count: count / 2) + "\tx"),
        bytes(String(repeating: "a=b;", count: count / 4) + " x"),
        bytes("-rw-r--r-- 1 u g 7 Jan 1 2000 " + String(repeating: "x", count: count)),
      ]
      let time = try elapsed {
        for line in long { #expect(Self.isSurvived([line])) }
      }
      #expect(time < .seconds(2))
    }
  }
}
