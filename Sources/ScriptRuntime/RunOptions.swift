/// The options of a run that ftpy adds to Python's: how much memory and time it may take, and whether transfers show themselves.
struct RunOptions {
  /// `-X heapsize=512K`: bytes that the script may use.
  var heapSize: Int?
  /// `-X timeout=30`: seconds that the run may take.
  var timeout: Double?
  /// `--progress`: show each transfer on the terminal.
  var showsProgress = false

  /// The words that are left for Python, the program's name first.
  private(set) var forPython: [Word] = []

  typealias Word = UnsafeMutablePointer<CChar>?

  /// An option that cannot be understood.
  struct Mistake: Error {
    let sentence: String
  }

  /// Reads them from a command line, the program's name first.
  ///
  /// Python gets the `-X` words too: it puts those that it does not know into `sys._xoptions`. Options end where Python's do: at a
  /// script, at `-`, `--`, `-c` or `-m`. The last of several counts.
  init(_ words: [Word]) throws(Mistake) {
    var rest = words[...]
    forPython.append(rest.popFirst() ?? nil)
    scan: while let word = rest.first ?? nil {
      let text = String(cString: word)
      guard text.hasPrefix("-"), text != "-", text != "--" else { break }
      rest.removeFirst()
      if text == "--progress" {
        showsProgress = true
        continue
      }
      forPython.append(word)
      if text == "--check-hash-based-pycs" { _ = takeValue(&rest) }
      guard !text.hasPrefix("--") else { continue }
      var letters = text.dropFirst()
      while let letter = letters.popFirst() {
        switch letter {
        case "c", "m": break scan
        case "W": if letters.isEmpty { _ = takeValue(&rest) }
        case "X": try read(letters.isEmpty ? takeValue(&rest) : String(letters))
        default: continue
        }
        letters = ""
      }
    }
    forPython += rest
  }

  /// Leaves the value of an option to Python, and returns it.
  private mutating func takeValue(_ rest: inout ArraySlice<Word>) -> String {
    guard let value = rest.popFirst() else { return "" }
    forPython.append(value)
    return value.map { String(cString: $0) } ?? ""
  }

  private mutating func read(_ option: String) throws(Mistake) {
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
  private static func size(_ text: Substring) throws(Mistake) -> Int {
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
      throw Mistake(sentence: "-X heapsize=\(text): not a size; write bytes, or a number with K or M, as in 512K")
    }
    let (size, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow, size >= smallestHeap else {
      throw Mistake(
        sentence: "-X heapsize=\(text): \(overflow ? "more than there can be" : "the least is \(smallestHeap / 1024)K")"
      )
    }
    return size
  }

  private static func seconds(_ text: Substring) throws(Mistake) -> Double {
    guard let seconds = Double(text), seconds > 0, seconds.isFinite else {
      throw Mistake(sentence: "-X timeout=\(text): not a time; write seconds above 0, as in 30 or 0.5")
    }
    return seconds
  }
}
