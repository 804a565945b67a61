/// What there is to say about one transfer at a moment.
struct TransferReport {
  /// Bytes until now.
  var moved: UInt64 = 0
  /// How many times it has begun: above 1 it went on after a fault.
  var attempt = 1

  private let name: String
  private let isUpload: Bool?
  private let total: UInt64?
  private let start: Double
  private var last: (moment: Double, moved: UInt64)
  /// Bytes a second, of late.
  private var rate: Double?

  /// A transfer that begins at `now`, in seconds on any clock.
  init(_ transfer: ObservedTransfer, now: Double) {
    name = transfer.name.printable
    isUpload = transfer.isUpload
    total = transfer.total
    start = now
    last = (now, 0)
  }

  /// Takes a measurement of the rate.
  mutating func measure(now: Double) {
    let time = now - last.moment
    guard time > 0 else { return }
    let latest = Double(moved &- min(last.moved, moved)) / time
    // A single second on a bad line says little about the next.
    rate = rate.map { $0 + (latest - $0) * min(1, time / 2) } ?? latest
    last = (now, moved)
  }

  /// For a terminal's line, at most `columns` wide: `firmware.bin  38%  3.1 MiB of 8.0 MiB  1.2 MiB/s  0:04 left`.
  func line(columns: Int) -> String {
    let percent = total.flatMap { $0 > 0 ? "\(Int(min(1, Double(moved) / Double($0)) * 100))%" : nil }
    let facts = [percent, amount, rate.map { "\(Self.size($0))/s" }, left.map { "\(Self.clock($0)) left" }, again]
    let tail = facts.compactMap(\.self).reduce("") { $0 + "  " + $1 }
    return (name.clipped(to: max(8, columns - tail.columns)) + tail).clipped(to: columns)
  }

  /// `firmware.bin: download of 8.0 MiB`.
  var beginning: String {
    "\(name): \(isUpload.map { $0 ? "upload" : "download" } ?? "transfer")\(total.map { " of \(Self.size($0))" } ?? "")"
  }

  /// `firmware.bin: 3.1 MiB of 8.0 MiB, 1.2 MiB/s, 0:04 left`.
  var middle: String {
    let facts = [amount, rate.map { "\(Self.size($0))/s" }, left.map { "\(Self.clock($0)) left" }, again]
    return "\(name): \(facts.compactMap(\.self).joined(separator: ", "))"
  }

  /// `firmware.bin: 8.0 MiB in 0:07, 1.2 MiB/s`.
  var success: String {
    let time = last.moment - start
    let average = time > 0 ? ", \(Self.size(Double(moved) / time))/s" : ""
    return "\(name): \(Self.size(moved)) in \(Self.clock(time))\(average)"
  }

  /// `firmware.bin: failed after 3.1 MiB of 8.0 MiB`.
  var failure: String { "\(name): failed after \(amount)" }

  private var amount: String { Self.size(moved) + (total.map { " of \(Self.size($0))" } ?? "") }

  private var again: String? { attempt > 1 ? "attempt \(attempt)" : nil }

  /// Seconds that are left, when that can be told.
  private var left: Double? {
    guard let total, let rate, rate > 0, moved <= total else { return nil }
    return Double(total - moved) / rate
  }

  static func size(_ bytes: UInt64) -> String { size(Double(bytes)) }

  /// Three digits and a binary unit: `512 B`, `3.1 MiB`.
  static func size(_ bytes: Double) -> String {
    var number = bytes
    for unit in ["B", "KiB", "MiB", "GiB"] {
      if number < 999.5 { return "\(digits(number, isWhole: unit == "B")) \(unit)" }
      number /= 1024
    }
    return "\(digits(number, isWhole: false)) TiB"
  }

  private static func digits(_ number: Double, isWhole: Bool) -> String {
    guard !isWhole, number < 99.95 else { return String(UInt64(min(number.rounded(), 1e15))) }
    let tenths = UInt64((number * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// `0:04`, `12:30`, `1:02:03`.
  static func clock(_ seconds: Double) -> String {
    guard seconds < 360_000 else { return "over 100 hours" }
    let whole = Int(max(0, seconds).rounded())
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (minutes, rest) = (whole / 60, two(whole % 60))
    return minutes < 60 ? "\(minutes):\(rest)" : "\(minutes / 60):\(two(minutes % 60)):\(rest)"
  }
}

extension String {
  /// Without what would move a terminal's cursor: names come from anywhere.
  var printable: String {
    String(String.UnicodeScalarView(unicodeScalars.map { $0.isPrintable ? $0 : "?" }))
  }

  /// How many columns a terminal needs for it.
  var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }

  /// Cut, with an ellipsis, to at most so many columns.
  func clipped(to most: Int) -> String {
    guard columns > most else { return self }
    var clipped = String.UnicodeScalarView()
    var width = 1
    for scalar in unicodeScalars {
      width += scalar.columns
      if width > most { break }
      clipped.append(scalar)
    }
    return most > 0 ? String(clipped) + "\u{2026}" : ""
  }

  /// With spaces behind it up to so many columns.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - columns)) }
}

extension Unicode.Scalar {
  fileprivate var isPrintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
    default: true
    }
  }

  /// Two for the wide letters of East Asia, none for marks upon the letter before.
  fileprivate var columns: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark: 0
    default: Self.wide.contains { $0.contains(value) } ? 2 : 1
    }
  }

  /// Blocks of wide letters (Unicode Standard Annex 11, classes W and F) without their few narrow ones.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
    0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1FAFF, 0x20000...0x3FFFD,
  ]
}
