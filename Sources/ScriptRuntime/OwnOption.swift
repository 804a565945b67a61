/// The options that ftpy answers itself instead of Python: its help and its version.
enum OwnOption: Equatable {
  /// `-h`, `-?` or `--help`.
  case help
  /// `-V` or `--version`; twice for the details of the build.
  case version(detail: Bool)

  /// The first of them among `arguments` (without the program's name), or nil if Python is to have the
  /// command line.
  ///
  /// Reads as Python reads: options end at a script, at `-`, `--`, `-c` or `-m`, letters may share one
  /// dash, and the value of `-W` and `-X` is no option. `-V` waits for a second one.
  init?(in arguments: [String]) {
    var versions = 0
    var rest = arguments[...]
    scan: while let word = rest.popFirst(), word.hasPrefix("-"), word != "-", word != "--" {
      switch word {
      case "--help":
        self = .help
        return
      case "--version": versions += 1
      case "--check-hash-based-pycs": _ = rest.popFirst()
      case _ where word.hasPrefix("--"): break
      default:
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
          switch letter {
          case "h", "?":
            self = .help
            return
          case "V": versions += 1
          case "c", "m": break scan
          case "W", "X":
            if letters.isEmpty { _ = rest.popFirst() }
            letters = ""
          default: break
          }
        }
      }
    }
    guard versions > 0 else { return nil }
    self = .version(detail: versions > 1)
  }
}
