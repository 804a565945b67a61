import FTPClient
import Testing

extension ClientTests {
  @Suite struct LineBufferTests {
    /// What comes over the wire, and the lines in it. The last one may lack its end.
    struct Row: Sendable, CustomTestStringConvertible {
      let wire: [UInt8]
      let lines: [String]

      init(_ wire: [UInt8], _ lines: [String]) {
        self.wire = wire
        self.lines = lines
      }

      init(_ wire: String, _ lines: [String]) { self.init(bytes(wire), lines) }

      var testDescription: String { shown(wire) }
    }

    static let rows = [
      Row("", []),
      Row("220 ready\r\n", ["220 ready"]),
      Row("220 ready\n", ["220 ready"]),
      Row("220 ready\r", ["220 ready"]),
      Row("220 ready", ["220 ready"]),
      Row("a\r\nb\r\n", ["a", "b"]),
      Row("a\nb\n", ["a", "b"]),
      Row("a\rb\r", ["a", "b"]),
      Row("a\rb\nc\r\nd", ["a", "b", "c", "d"]),
      Row("\r\n\r\n", ["", ""]),
      Row("\n\n", ["", ""]),
      Row("\r\r", ["", ""]),
      Row("a\r\r\nb", ["a", "", "b"]),
      Row("a\n\rb", ["a", "", "b"]),
      Row(" \t\r\n", [" \t"]),
      Row("257 \"/Übung\"\r\n", ["257 \"/Übung\""]),
    ]

    /// IAC is 0xFF, WILL 0xFB, WON'T 0xFC, DO 0xFD, DON'T 0xFE, DM 0xF2, IP 0xF4; ECHO 1, BINARY 0.
    static let telnetRows = [
      Row([0xFF, 0xFB, 0x01] + bytes("220 hello\r\n"), ["220 hello"]),
      Row([0xFF, 0xFD, 0x18, 0xFF, 0xFE, 0x20] + bytes("220 hello\r\n"), ["220 hello"]),
      Row(bytes("2") + [0xFF, 0xF4, 0xFF, 0xF2] + bytes("20 hello\r\n"), ["220 hello"]),
      Row(bytes("220") + [0xFF, 0xFC, 0x01] + bytes(" hello\r\n"), ["220 hello"]),
      // Letters of a single-byte encoding.
      Row(bytes("257 \"/") + [0xFF, 0xF0, 0xEC] + bytes("\"\r\n"), ["257 \"/\u{FFFD}\u{FFFD}\u{FFFD}\""]),
      Row(bytes("257 \"/") + [0xFF, 0xFC, 0x61] + bytes("\"\r\n"), ["257 \"/\u{FFFD}\u{FFFD}a\""]),
      Row(bytes("220 a") + [0xFF, 0xFF] + bytes("b\r\n"), ["220 a\u{FFFD}b"]),
      Row(bytes("220 a") + [0xFF] + bytes("b\r\n"), ["220 a\u{FFFD}b"]),
      Row(bytes("220 a") + [0xFF] + bytes("\r\n"), ["220 a\u{FFFD}"]),
      Row(bytes("220 a") + [0xFF, 0xFB] + bytes("\r\n"), ["220 a\u{FFFD}\u{FFFD}"]),
      Row([0xFF, 0xFB, 0x00] + bytes("220 hello\r\n"), ["220 hello"]),
    ]

    /// The lines of these chunks, the unterminated one included.
    static func lines(of chunks: [ArraySlice<UInt8>], limit: Int = Limits.line) throws(FTPError) -> [[UInt8]] {
      var buffer = LineBuffer()
      var lines: [[UInt8]] = []
      for chunk in chunks {
        buffer.append(chunk)
        while let line = try buffer.next(limit: limit) { lines.append(line) }
      }
      if let rest = try buffer.rest() { lines.append(rest) }
      return lines
    }

    @Test(arguments: rows + telnetRows)
    func `bytes are cut into lines, wherever the packets are cut`(_ row: Row) throws {
      for cut in 0...row.wire.count {
        let lines = try Self.lines(of: [row.wire[..<cut], row.wire[cut...]])
        #expect(lines.map { String(decoding: $0, as: UTF8.self) } == row.lines, "cut at \(cut)")
      }
      let single = try Self.lines(of: row.wire.indices.map { row.wire[$0...$0] })
      #expect(single.map { String(decoding: $0, as: UTF8.self) } == row.lines, "byte by byte")
    }

    @Test func `a doubled IAC is one byte`() throws {
      #expect(try Self.lines(of: [[0x61, 0xFF, 0xFF, 0x62, 0x0A]]) == [[0x61, 0xFF, 0x62]])
    }

    @Test(arguments: ["a\0b\r\n", "\0\n", "220 a\0\r"])
    func `a NUL in a line is refused`(_ wire: String) {
      #expect(thrown { try Self.lines(of: [bytes(wire)[...]]) } == "malformed")
    }

    @Test func `a NUL in a last line without its end is refused`() {
      #expect(thrown { try Self.lines(of: [bytes("220 a\0b")[...]]) } == "malformed")
    }

    @Test func `a line of the limit's length passes, a longer one does not`() throws {
      let line = [UInt8](repeating: 0x61, count: 10)
      #expect(try Self.lines(of: [line + [0x0A]], limit: 10) == [line])
      #expect(thrown { try Self.lines(of: [line + [0x61, 0x0A]], limit: 10) } == "tooLong")
    }

    @Test func `a line without an end is refused as soon as it is too long`() throws {
      var buffer = LineBuffer()
      buffer.append([UInt8](repeating: 0x61, count: Limits.line))
      #expect(try buffer.next() == nil)
      buffer.append([0x61])
      #expect(thrown { try buffer.next() } == "tooLong")
    }

    @Test func `a buffer is empty when no byte waits`() throws {
      var buffer = LineBuffer()
      #expect(buffer.isEmpty)
      buffer.append(bytes("a\nb"))
      #expect(try buffer.next() == bytes("a"))
      #expect(!buffer.isEmpty)
      #expect(try buffer.rest() == bytes("b"))
      #expect(buffer.isEmpty)
      #expect(try buffer.rest() == nil)
    }

    @Test(arguments: ["a\r\n", "a\n", "a\r"])
    func `a buffer is empty when its last line has been taken`(_ wire: String) throws {
      var buffer = LineBuffer()
      buffer.append(bytes(wire))
      #expect(try buffer.next() == bytes("a"))
      #expect(buffer.isEmpty)
      buffer.append(bytes("\n"))
      // After a bare CR the LF may be the second half of the line's end.
      #expect(buffer.isEmpty == (wire == "a\r"))
    }

    @Test func `a line that comes byte by byte is not searched again and again`() throws {
      let count = 300_000
      var buffer = LineBuffer()
      let time = try elapsed {
        for _ in 0..<count {
          buffer.append(CollectionOfOne(0x61))
          _ = try buffer.next(limit: count)
        }
      }
      #expect(time < .seconds(10))
      buffer.append(CollectionOfOne(0x0A))
      #expect(try buffer.next(limit: count)?.count == count)
    }
  }
}
