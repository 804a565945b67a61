/// The options of a run that ftpy adds to Python's: how much memory and time it may take, and whether transfers show themselves.
struct RunOptions {
  /// `-X heapsize=512K`: bytes that the script may use.
  var heapSize: Int?
  /// `-X timeout=30`: seconds that the run may take.
  var timeout: Double?
  /// `--progress`: show each transfer on the terminal.
  var showsProgress = false

  /// Reads the value of an `-X`. Python gets it too: it puts those that it does not know into `sys._xoptions`. The last of several
  /// counts.
  mutating func read(_ option: String) throws(OwnOptions.Mistake) {
    let name = option.prefix { $0 != "=" }
    let value = option.dropFirst(name.count + 1)
    switch name {
    case "heapsize": heapSize = try Self.size(value)
    case "timeout": timeout = try Self.seconds(value)
    default: break
    }
  }

  /// The smallest heap that makes sense: a script's own frame and a dictionary need that much.
  private static let smallestHeap = 4096

  /// Bytes, with `K` or `M` for 1024 or 1024 * 1024 of them. `w` before that is MicroPython's "for words of four bytes", which
  /// doubles the number on this computer of eight.
  private static func size(_ text: Substring) throws(OwnOptions.Mistake) -> Int {
    var digits = text
    var factor = 1
    switch digits.last {
    case "k", "K": factor = 1024
    case "m", "M": factor = 1024 * 1024
    default: break
    }
    if factor > 1 { digits.removeLast() }
    if digits.last == "w" || digits.last == "W" {
      digits.removeLast()
      factor *= 2
    }
    guard let number = Int(digits), digits.allSatisfy(\.isNumber) else {
      throw OwnOptions.Mistake(
        sentence: "-X heapsize=\(text): not a size; write bytes, or a number with K or M, as in 512K")
    }
    let (size, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow, size >= smallestHeap else {
      throw OwnOptions.Mistake(
        sentence: "-X heapsize=\(text): \(overflow ? "more than there can be" : "the least is \(smallestHeap / 1024)K")"
      )
    }
    return size
  }

  private static func seconds(_ text: Substring) throws(OwnOptions.Mistake) -> Double {
    guard let seconds = Double(text), seconds > 0, seconds.isFinite else {
      throw OwnOptions.Mistake(sentence: "-X timeout=\(text): not a time; write seconds above 0, as in 30 or 0.5")
    }
    return seconds
  }
}
