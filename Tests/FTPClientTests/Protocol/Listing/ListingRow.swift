import FTPClient
import Testing

/// A line of a listing as a server sent it, and what it says.
struct ListingRow: Sendable, CustomTestStringConvertible {
  let line: [UInt8]
  let entry: ListingEntry
  let order: ListingParser.DateOrder?

  /// 2026-11-25 21:09:24 UTC: when the lines of the servers in Tests/Servers were taken.
  static let now: Int64 = 1_795_640_964

  /// A row; `time` is `2026-01-29`, with ` 03:26` or ` 03:26:59` behind it, and `Z` for UTC.
  init(
    _ line: String, _ kind: ListingEntry.Kind, _ name: String, _ size: UInt64? = nil, _ time: String? = nil,
    _ owner: String? = nil, _ group: String? = nil, links: UInt64? = nil, mode: UInt16? = nil,
    permissions: String? = nil, target: String? = nil, device: ListingEntry.Device? = nil,
    order: ListingParser.DateOrder? = nil, encode: (String) -> [UInt8] = bytes
  ) {
    self.line = encode(line)
    self.order = order
    var entry = ListingEntry(name: encode(name), kind: kind)
    entry.size = size
    entry.modified = time.flatMap(Self.time)
    entry.owner = owner.map(encode)
    entry.group = group.map(encode)
    entry.links = links
    entry.mode = mode
    entry.permissions = permissions.map(encode)
    entry.target = target.map(encode)
    entry.device = device
    self.entry = entry
  }

  var testDescription: String { shown(line) }

  static func time(_ text: String) -> ListingTime? {
    let numbers = text.split { "-: Z".contains($0) }.compactMap { Int($0) }
    guard numbers.count >= 3 else { return nil }
    func number(_ index: Int) -> Int? { index < numbers.count ? numbers[index] : nil }
    return ListingTime(
      year: numbers[0], month: numbers[1], day: numbers[2], hour: number(3), minute: number(4), second: number(5),
      isUTC: text.hasSuffix("Z"))
  }
}

/// A text of characters up to U+00FF as those bytes.
func latin(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

/// All lines through one parser.
func parsed(
  _ lines: [[UInt8]], now: Int64 = ListingRow.now, order: ListingParser.DateOrder? = nil
) -> [ListingParser.Line] {
  var parser = ListingParser(now: now, dateOrder: order)
  return lines.flatMap { parser.append($0) } + parser.finish()
}

extension ListingRow {
  /// Every row of every format.
  static let all = unix + servers + windows + vms + mainframe + others
}
