import FTPClient
import Testing

extension ClientTests {
  /// Blocks of lines are what the lines are, one by one, however the text is cut.
  @Suite struct TextBlocksTests {
    static let texts = [
      "", "a", "\n", "\r", "\r\n", "a\r\nb\r\n", "a\nb\n", "a\rb\r", "a\r\r\nb\r\r\n", "a\n\rb", "\n\n\r\r\n",
      "one\r\ntwo\nthree\rfour", "größer\r\nüber", "a\0b\r\n", "1234567\r\n12345678", "12345678\n1\r2\n",
    ]

    @Test(arguments: texts, 1...4)
    func `a download is the lines with LF`(_ text: String, _ size: Int) throws {
      var splitter = TextLineSplitter()
      var decoder = TextBlockDecoder()
      var lines: [UInt8] = []
      var blocks: [UInt8] = []
      for chunk in pieces(of: text, size) {
        try chunk.withUnsafeBytes { chunk in
          try splitter.append(chunk, limit: 12) { lines += Array($0) + [0x0A] }
          let whole = try decoder.append(chunk, limit: 12)
          #expect(whole.isEmpty || whole.last == 0x0A)
          blocks += whole
        }
      }
      _ = try splitter.finish { lines += Array($0) }
      blocks += decoder.finish()
      #expect(blocks == lines)
    }

    @Test(arguments: texts, 1...4)
    func `an upload is the lines with CRLF`(_ text: String, _ size: Int) throws {
      var lines: [UInt8] = []
      var rest = bytes(text)[...]
      while !rest.isEmpty {
        let end = rest.firstIndex(of: 0x0A).map { $0 + 1 } ?? rest.endIndex
        lines.appendNetworkLine(rest[..<end])
        rest = rest[end...]
      }
      var encoder = TextBlockEncoder()
      var blocks: [UInt8] = []
      for block in pieces(of: text, size) {
        blocks += try block.withUnsafeBytes { try encoder.append($0, limit: 20) }
      }
      #expect(blocks + encoder.finish() == lines)
    }

    @Test(arguments: ["12345", "12345\n", "12345\r\n", "1\n12345\r\n", "1\r\n1234\n12345\n"], 1...8)
    func `a line too long is refused, at the limit it is not`(_ text: String, _ size: Int) throws {
      func decode(limit: Int) throws {
        var decoder = TextBlockDecoder()
        for chunk in pieces(of: text, size) { _ = try chunk.withUnsafeBytes { try decoder.append($0, limit: limit) } }
      }
      try decode(limit: 5)
      #expect(throws: FTPError.self) { try decode(limit: 4) }
    }

    @Test(arguments: 1...12)
    func `of a line too long the file has been read to the byte behind the limit`(_ size: Int) throws {
      let text = "1\n12345678\nrest"
      var encoder = TextBlockEncoder()
      var read = 0
      for block in pieces(of: text, size) {
        read += block.count
        do { _ = try block.withUnsafeBytes { try encoder.append($0, limit: 4) } } catch {
          // As `readline(5)` leaves it.
          #expect(read - encoder.unread == 2 + 5)
          return
        }
      }
      Issue.record("nothing was refused")
    }

    private func pieces(of text: String, _ size: Int) -> [[UInt8]] {
      let all = bytes(text)
      return stride(from: 0, to: all.count, by: size).map { Array(all[$0..<min($0 + size, all.count)]) }
    }
  }
}
