/// The command line as ftpy reads it: what it answers or does itself, and what is left for Python.
///
/// Reads as Python reads: options end at a script, at `-`, `--`, `-c` or `-m`, letters may share one dash,
/// and the value of `-W` and `-X` is no option.
struct OwnOptions {
  typealias Word = UnsafeMutablePointer<CChar>?

  /// What is answered without any Python.
  enum Question: Equatable {
    /// `-h`, `-?` or `--help`.
    case help
    /// `-V` or `--version`; twice for the details of the build.
    case version(detail: Bool)
  }

  /// A command line that makes no sense.
  struct Mistake: Error {
    let sentence: String

    // Said here and not by Python, which would call itself `python`.
    fileprivate static func unknown(_ option: String) -> Mistake {
      Mistake(sentence: "unknown option \(option); ftpy -h shows the options")
    }

    fileprivate static func noValue(_ letter: Character) -> Mistake {
      Mistake(sentence: "-\(letter) needs a value; ftpy -h shows the options")
    }
  }

  /// Python's options of one letter that are read and need nothing else here.
  private static let lettersOfPython = "bBdEiIOPqRsStuvx"

  private(set) var question: Question?
  /// `--root`: the folder as it was given.
  private(set) var root: Word = nil
  /// How much the run may take, and what it shows.
  private(set) var run = RunOptions()
  /// `--boot`.
  private(set) var boots = false
  /// The program's name and all words that are Python's, in their order.
  private(set) var forPython: [Word] = []
  /// A script, `-c`, `-m` or `-` ends the options.
  private(set) var hasCode = false

  /// Reads the process's own words, the program's name first.
  init(_ words: [Word]) throws(Mistake) {
    var rest = words[...]
    forPython.append(rest.popFirst() ?? nil)
    var versions = 0
    scan: while let word = rest.first ?? nil {
      let text = String(cString: word)
      guard text.hasPrefix("-"), text != "-", text != "--" else { break }
      rest.removeFirst()
      if text.hasPrefix("--") {
        if try readOwn(word, text, &rest) { continue }
        forPython.append(word)
        switch text {
        case "--help":
          question = .help
          return
        case "--version": versions += 1
        case "--check-hash-based-pycs": _ = takeValue(&rest)
        case "--help-all", "--help-env", "--help-xoptions": break
        default: throw .unknown(text)
        }
        continue
      }
      forPython.append(word)
      var letters = text.dropFirst()
      while let letter = letters.popFirst() {
        switch letter {
        case "h", "?":
          question = .help
          return
        case "V": versions += 1
        case "c", "m":
          guard !letters.isEmpty || !rest.isEmpty else { throw .noValue(letter) }
          hasCode = true
          break scan
        case "W", "X":
          guard !letters.isEmpty || !rest.isEmpty else { throw .noValue(letter) }
          let value = letters.isEmpty ? takeValue(&rest) : String(letters)
          if letter == "X" { try run.read(value) }
          letters = ""
        default: guard Self.lettersOfPython.contains(letter) else { throw .unknown("-\(letter)") }
        }
      }
    }
    if let word = rest.first ?? nil { hasCode = hasCode || String(cString: word) != "--" || rest.count > 1 }
    forPython += rest
    if versions > 0 { question = .version(detail: versions > 1) }
    if boots, hasCode, question == nil {
      throw Mistake(sentence: "--boot runs usr/main.py and then the prompt: it takes no script, -c, -m or -")
    }
  }

  /// Takes a word if it is an option of ftpy's own, with its value where it has one.
  private mutating func readOwn(_ word: Word, _ text: String, _ rest: inout ArraySlice<Word>) throws(Mistake) -> Bool {
    switch text {
    case "--boot": boots = true
    case "--progress": run.showsProgress = true
    case "--root":
      guard let value = rest.popFirst() else { throw Mistake(sentence: "--root needs a folder: --root DIR") }
      root = value
    case _ where text.hasPrefix("--root="): root = word?.advanced(by: "--root=".utf8.count)
    default: return false
    }
    return true
  }

  /// Leaves the value of an option to Python, and returns it.
  private mutating func takeValue(_ rest: inout ArraySlice<Word>) -> String {
    guard let value = rest.popFirst() else { return "" }
    forPython.append(value)
    return value.map { String(cString: $0) } ?? ""
  }
}
