import Testing

@testable import FTPClient

extension ClientTests {
  @Suite struct FileStatusTests {
    static let sizes: [(String, UInt64?)] = [
      ("213 1024", 1024), ("213 0", 0), ("213 5368709120", 5_368_709_120), ("213 18446744073709551615", .max),
      ("213  1024 ", 1024), ("213 007", 7),
      ("250 1024", nil), ("200", nil), ("", nil), ("21", nil),
    ]

    static let noSizes = [
      "213", "213 ", "213 x", "213 1024 bytes", "213 -1", "213 +1", "213 1.5", "213 18446744073709551616",
      "213 1\n213 2",
      "213-1024\n213 1024",
    ]

    @Test(arguments: sizes)
    func `a size is read from a 213, and from nothing else`(_ text: String, _ size: UInt64?) throws {
      #expect(try FileStatus.size(of: Reply(text)) == size)
    }

    @Test(arguments: noSizes)
    func `a 213 without a size is malformed`(_ text: String) {
      #expect(thrown { try FileStatus.size(of: Reply(text)) } == "malformed")
    }

    struct Row: Sendable, CustomTestStringConvertible {
      let reply: String
      let time: [Int]?

      init(_ reply: String, _ time: [Int]?) {
        self.reply = reply
        self.time = time
      }

      var testDescription: String { reply }
    }

    static let times = [
      Row("213 20240229123456", [2024, 2, 29, 12, 34, 56, 0]),
      Row("213 19700101000000", [1970, 1, 1, 0, 0, 0, 0]),
      Row("213 99991231235959", [9999, 12, 31, 23, 59, 59, 0]),
      Row("213 20161231235960", [2016, 12, 31, 23, 59, 60, 0]),
      Row("213 20240229123456.5", [2024, 2, 29, 12, 34, 56, 500_000_000]),
      Row("213 20240229123456.123", [2024, 2, 29, 12, 34, 56, 123_000_000]),
      Row("213 20240229123456.1234567899", [2024, 2, 29, 12, 34, 56, 123_456_789]),
      Row("213 20240229123456 UTC", [2024, 2, 29, 12, 34, 56, 0]),
      Row("213 2024022912345", nil),
      Row("213 202402291234567", nil),
      // The year 2000 as servers of old wrote it.
      Row("213 191000229123456", nil),
      Row("213 20240029123456", nil),
      Row("213 20241329123456", nil),
      Row("213 20240200123456", nil),
      Row("213 20240232123456", nil),
      Row("213 20240229243456", nil),
      Row("213 20240229126056", nil),
      Row("213 20240229123461", nil),
      Row("213 20240229123456.x", nil),
      Row("213 20240229123456,5", nil),
      Row("213 2024022912345x", nil),
      Row("213 -0240229123456", nil),
      Row("213 ", nil),
      Row("213", nil),
      Row("250 20240229123456", nil),
      Row("", nil),
    ]

    @Test(arguments: times)
    func `a time is read from a 213`(_ row: Row) {
      let time = FileStatus.modificationTime(of: Reply(row.reply))
      #expect(time.map { [$0.year, $0.month, $0.day, $0.hour, $0.minute, $0.second, $0.nanosecond] } == row.time)
    }

    @Test(arguments: [
      ("00000101000000", -62_167_219_200), ("00000229000000", -62_162_121_600), ("00010101000000", -62_135_596_800),
      ("16001231235959", -11_644_473_601), ("19000301000000", -2_203_891_200), ("19691231235959", -1),
      ("19700101000000", 0), ("20000229000000", 951_782_400), ("21000301000000", 4_107_542_400),
      ("99991231235959", 253_402_300_799),
    ])
    func `a time is a number of seconds`(_ digits: String, _ seconds: Int) throws {
      let time = try #require(FileStatus.Time(Array(digits.utf8)))
      #expect(time.seconds == seconds)
      #expect(FileStatus.Time(seconds: seconds) == time)
      #expect(time.digits == digits)
    }

    @Test func `every day has a number`() {
      for number in stride(from: -719_528, through: 2_932_896, by: 1) {
        let date = GregorianCalendar.date(ofDay: number)
        guard GregorianCalendar.day(year: date.year, month: date.month, day: date.day) == number else {
          Issue.record("day \(number) is \(date)")
          return
        }
      }
    }
  }
}
