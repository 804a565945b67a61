import FTPClient
import Testing

extension ClientTests {
  /// Whatever a server sends, a parser answers with "more", a value or an error. A trap would take the host's process
  /// with it, so these rows must only not crash; and each parser must stay within its limits.
  @Suite struct HostileBytesTests {
    /// Every row of every table.
    static let rows: [[UInt8]] =
      (LineBufferTests.rows + LineBufferTests.telnetRows).map(\.wire)
      + (ReplyTests.rows.map(\.wire) + PassiveAddressTests.rows.map(\.reply) + PassiveAddressTests.malformed
      + PassiveAddressTests.refused.map(\.0) + PathReplyTests.rows.map(\.reply) + TransferSizeTests.rows.map(\.reply)
      + FileStatusTests.sizes.map(\.0) + FileStatusTests.noSizes + FileStatusTests.times.map(\.reply)
      + MachineListingTests.rows.map(\.line) + CommandTests.descriptions.map(\.0)
      + TextLineSplitterTests.rows.map(\.text))
      .map(bytes)
      + nasty

    /// What fuzzers like. A crash that one finds is added here.
    static let nasty: [[UInt8]] = [
      [0xFF], [0xFF, 0xFB], [0xFF, 0xFA, 0xFF, 0xF0], [0xFF, 0xFF, 0xFF], [0x0D, 0xFF, 0x0A], [0x00], [0x80], [0xC3],
      Array(repeating: 0xFF, count: 90), Array(repeating: 0x0D, count: 90), Array(repeating: 0x00, count: 90),
      bytes("227 " + String(repeating: "1,", count: 90)), bytes("227 " + String(repeating: "9", count: 90)),
      bytes("227 " + String(repeating: "0", count: 90) + ",0,0,0,0,1"),
      bytes("229 (" + String(repeating: "|", count: 90) + ")"),
      bytes("229 (|||" + String(repeating: "9", count: 90) + "|)"), bytes("229 )("), bytes("229 (("), bytes("229 ())"),
      bytes("257 " + String(repeating: "\"", count: 90)), bytes("257 " + String(repeating: "\"", count: 91)),
      bytes("150 " + String(repeating: "(", count: 90)),
      bytes("150 (" + String(repeating: "9", count: 90) + " bytes)"),
      bytes("213 " + String(repeating: "9", count: 90)),
      bytes("213 20240101000000." + String(repeating: "9", count: 90)),
      bytes(String(repeating: ";", count: 90)), bytes(String(repeating: "=", count: 90) + ";"),
      bytes("220-\n220-\n220-"),
    ]

    /// Gives the bytes to every parser there is, as a wire, as a reply and as a line.
    static func feed(_ bytes: [UInt8]) {
      _ = try? LineBufferTests.lines(of: [bytes[...]], limit: 64)
      _ = try? ReplyTests.replies(in: [bytes[...]])
      _ = try? TextLineSplitterTests.split([bytes[...]], limit: 64)
      var parser = ReplyParser()
      for line in [FTPClientTests.bytes("220-"), bytes] { _ = try? parser.append(line) }
      _ = parser.mayHaveEnded
      _ = parser.endEarly()

      for code in ["", "213 ", "227 ", "229 ", "150 ", "257 \""] {
        let reply = Reply(bytes: FTPClientTests.bytes(code) + bytes)
        _ = reply.code
        _ = reply.category
        _ = reply.text
        _ = try? PassiveAddress(reply)
        _ = try? PassiveAddress(passive: reply)
        _ = try? PassiveAddress(extendedPassive: reply)
        _ = PathReply.path(of: reply)
        _ = TransferSize.announced(in: reply)
        _ = try? FileStatus.size(of: reply)
        _ = FileStatus.modificationTime(of: reply)
      }
      _ = FileStatus.Time(bytes)
      _ = MachineListingEntry(line: bytes).value(of: "size")
      var listing = ListingParser(now: 0)
      _ = listing.append(bytes)
      _ = listing.finish()
      _ = try? Command(line: bytes).description
      var text: [UInt8] = []
      text.appendNetworkLine(bytes)
    }

    @Test func `every beginning of every row is survived`() {
      for row in Self.rows {
        for count in 0...row.count { Self.feed(Array(row[..<count])) }
      }
      #expect(Self.rows.count > 200)
    }

    @Test func `every row with one byte changed is survived`() {
      var random = SeededBytes(seed: 2)
      for row in Self.rows where !row.isEmpty {
        for _ in 0..<8 {
          var changed = row
          changed[Int.random(in: row.indices, using: &random)] = .random(in: .min ... .max, using: &random)
          Self.feed(changed)
        }
      }
    }

    @Test(arguments: ["", "0123456789,()|", "257 \"\\/\r\n", "2 0-\r\n\u{7F}x", ";= \r\n\0a"])
    func `random bytes are survived`(_ alphabet: String) {
      var random = SeededBytes(seed: 959)
      for _ in 0..<1500 { Self.feed(random.bytes(Int.random(in: 0...48, using: &random), from: bytes(alphabet))) }
    }

    @Test func `random bytes give the same lines however they are cut`() throws {
      var random = SeededBytes(seed: 3659)
      for _ in 0..<500 {
        let wire = random.bytes(Int.random(in: 1...40, using: &random), from: bytes("ab \r\n\r\n") + [0xFF, 0xFB])
        let cut = Int.random(in: 0...wire.count, using: &random)
        let chunks = [wire[..<cut], wire[cut...]]
        #expect(
          try LineBufferTests.lines(of: chunks) == LineBufferTests.lines(of: [wire[...]]), "\(shown(wire)) at \(cut)")
        #expect(
          try TextLineSplitterTests.split(chunks) == TextLineSplitterTests.split([wire[...]]),
          "\(shown(wire)) at \(cut)")
      }
    }
  }
}
