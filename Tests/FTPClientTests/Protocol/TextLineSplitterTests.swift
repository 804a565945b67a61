import FTPClient
import Testing

extension ClientTests {
  @Suite struct TextLineSplitterTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let text: String
      let lines: [String]
      let isTerminated: Bool

      init(_ text: String, _ lines: [String], terminated: Bool = true) {
        self.text = text
        self.lines = lines
        isTerminated = terminated
      }

      var testDescription: String { shown(bytes(text)) }
    }

    static let rows = [
      Row("", []),
      Row("a\r\nb\r\n", ["a", "b"]),
      Row("a\nb\n", ["a", "b"]),
      Row("a\rb\r", ["a", "b"]),
      Row("a\r\nb\nc\rd\r\n", ["a", "b", "c", "d"]),
      Row("a\r\nb", ["a", "b"], terminated: false),
      Row("a", ["a"], terminated: false),
      Row("\r\n", [""]),
      Row("\n\n\n", ["", "", ""]),
      Row("\r\r\r", ["", "", ""]),
      Row("\r\n\r\n", ["", ""]),
      Row("a\r\r\nb\r\r\n", ["a", "", "b", ""]),
      Row("a\n\rb", ["a", "", "b"], terminated: false),
      Row(" \t\r\n", [" \t"]),
      Row("a\0b\r\n", ["a\0b"]),
      Row("größer\r\nüber", ["größer", "über"], terminated: false),
    ]

    /// The lines in these chunks, and whether the last one had an end.
    static func split(
      _ chunks: [ArraySlice<UInt8>], limit: Int = Limits.line
    ) throws -> (lines: [[UInt8]], isTerminated: Bool) {
      var splitter = TextLineSplitter()
      var lines: [[UInt8]] = []
      for chunk in chunks {
        try chunk.withUnsafeBytes { try splitter.append($0, limit: limit) { lines.append(Array($0)) } }
      }
      let hadRest = try splitter.finish { lines.append(Array($0)) }
      return (lines, !hadRest)
    }

    @Test(arguments: rows)
    func `text is cut into lines, wherever the packets are cut`(_ row: Row) throws {
      let text = bytes(row.text)
      let lines = row.lines.map(bytes)
      for cut in 0...text.count {
        let split = try Self.split([text[..<cut], text[cut...]])
        #expect(split.lines == lines, "cut at \(cut)")
        #expect(split.isTerminated == row.isTerminated, "cut at \(cut)")
      }
      #expect(try Self.split(text.indices.map { text[$0...$0] }).lines == lines, "byte by byte")
    }

    @Test func `a line of the limit's length passes, a longer one does not`() throws {
      let text = bytes("12345\r\n")
      for cut in 0...text.count {
        #expect(try Self.split([text[..<cut], text[cut...]], limit: 5).lines == [bytes("12345")])
        let word = thrown { try Self.split([text[..<cut], text[cut...]], limit: 4) }
        #expect(word == "tooLong", "cut at \(cut)")
      }
    }

    @Test func `a line without an end is refused as soon as it is too long`() {
      var splitter = TextLineSplitter()
      let word = thrown {
        let chunk = [UInt8](repeating: 0x61, count: 100)
        for _ in 0..<3 { try chunk.withUnsafeBytes { try splitter.append($0, limit: 250) { _ in } } }
      }
      #expect(word == "tooLong")
    }

    @Test func `an error of the caller's comes through`() {
      let text = bytes("a\nb\n")
      var lines = 0
      let word = thrown {
        var splitter = TextLineSplitter()
        try text.withUnsafeBytes { chunk in
          try splitter.append(chunk, limit: 10) { (_) throws(FTPError) in
            lines += 1
            throw FTPError(interruptedBy: Stop())
          }
        }
      }
      #expect(word == "interrupted stop")
      #expect(lines == 1)
    }

    /// A server may send what it likes: the work must grow with the bytes, not with their square.
    @Test(arguments: ["\r", "a\r"])
    func `a block of lines that end at CR is cut about as fast as one whose lines end at LF`(_ line: String) throws {
      func time(_ line: String) throws -> Duration {
        let count = 256 * 1024
        let block = Array(repeatElement(bytes(line), count: count).joined())
        var splitter = TextLineSplitter()
        var lines = 0
        let time = try elapsed {
          try block.withUnsafeBytes { try splitter.append($0, limit: Limits.line) { _ in lines += 1 } }
        }
        #expect(lines == count)
        return time
      }
      let usual = try time(line.map { $0 == "\r" ? "\n" : String($0) }.joined())
      let unusual = try time(line)
      #expect(unusual < usual * 3, "\(usual) with LF, \(unusual) with CR")
    }
  }
}
