/// How an `Interpreter` starts.
///
///     var configuration = Interpreter.Configuration(.isolated)
///     configuration.searchPaths = ["/opt/scripts"]
///     configuration.output = { stream, text in log(stream, text) }
///     let interpreter = try Interpreter(configuration)
extension Interpreter {
  /// How an interpreter starts. Every field has a default.
  public struct Configuration: Sendable {
    /// What the interpreter is to resemble.
    public enum Profile: Sendable {
      /// Nothing from outside: no `PYTHON...` variables, no user's site-packages, UTF-8 throughout.
      case isolated
      /// As `python3`: its environment variables, its site-packages, the locale.
      case python
      /// As `isolated`, with a folder in the place of a cellular module's file system, as `ftpy --root` has it: `open('/usr/a')` of a script means the
      /// file `usr/a` in that folder. The process's working directory becomes that folder until `close`, and `FTPY_ROOT` names it in the environment.
      case device(root: String)
    }

    /// What becomes of signals.
    public enum Signals: Sendable {
      /// They are the program's. Python handles none of them, with two exceptions: SIGPIPE is ignored until `close` where nobody has set a
      /// handler, so that output to a closed pipe is an exception instead of the end; and the last real-time signal (SIGRTMAX) is taken
      /// for `deadline` and `cancel`.
      case host
      /// They are Python's: Ctrl-C is a `KeyboardInterrupt` in the script, and what the script sets with `signal.signal` works.
      case python
    }

    /// The profile. Default: `.isolated`.
    public var profile: Profile

    /// `sys.argv`. Default: `[""]`. Example: `["report.py", "--quick"]`.
    public var arguments: [String] = [""]

    /// Folders that come first on `sys.path`, in this order. Default: none, so that only the standard library, and what the profile adds, can be
    /// imported. Example: `["/opt/scripts"]`.
    public var searchPaths: [String] = []

    /// The folder of a virtual environment whose packages can be imported; it must have been made by the same version of Python. Default: none.
    /// Example: `"/opt/scripts/.venv"`.
    public var virtualEnvironment: String?

    /// Whether `site` is imported, which puts site-packages on `sys.path`. Default: nil, which is yes for `.python` and with a virtual
    /// environment, and no otherwise: it is most of the time that a start takes.
    public var importsSite: Bool?

    /// Modules that scripts can import, by name, as source text; `a.b` makes `a` a package. They come before all others, Python's
    /// own among them. Default: none. Example: `["settings": "speed = 9600"]`.
    public var modules: [String: String] = [:]

    /// Variables that are set in the process's environment before Python starts, as `setenv` does: scripts and their children see them, and so
    /// does the program. Default: none. Example: `["TZ": "UTC"]`.
    public var environment: [String: String] = [:]

    /// What becomes of signals. Default: `.host`.
    public var signals: Signals = .host

    /// How many bytes Python's objects may take above what they take when the interpreter has started: beyond that scripts get `MemoryError`. It
    /// costs Python's fast allocator, so that only a process whose first interpreter had a limit can have one in a later one.
    ///
    /// A Swift value that is made of an object may take as many bytes again: beyond that its making throws `MemoryError`. What it takes after that is the program's.
    /// Default: nil, no limit. Example: `16 << 20`.
    public var memoryLimit: Int?

    /// Gets what scripts write to `sys.stdout` and `sys.stderr`, in whole characters; a piece need not be a line. It is called on the thread that writes,
    /// without the interpreter, and must not use it. Default: nil, the process's own streams.
    /// Example: `{ stream, text in if stream == .standardError { log(text) } }`.
    public var output: (@Sendable (OutputStream, String) -> Void)?

    /// Asked for the next line of `sys.stdin`, with or without its `"\n"`; nil is the end. It is called as `output` is. Default: nil, the process's
    /// standard input. Example: `{ readLine() }`.
    public var input: (@Sendable () -> String?)?

    /// The defaults with a profile.
    public init(_ profile: Profile = .isolated) { self.profile = profile }
  }

  /// Where a script's text goes.
  public enum OutputStream: Sendable {
    /// `sys.stdout`.
    case standardOutput
    /// `sys.stderr`.
    case standardError
  }
}
