internal import CPython
internal import CScriptRuntime
internal import Glibc
internal import PythonBridge

/// CPython inside this program, with the FTP client and the device's modules built in.
///
///     let interpreter = try Interpreter()
///     try interpreter.register("triple", ["n"]) { (n: Int) in n * 3 }
///     let answer: Int = try interpreter.eval("triple(14)")
///     try interpreter.close()
///
/// There is one at a time in a process; another may start when it has been closed (with CPython 3.12.1 not one that imports `ssl`: Python itself then crashes). It belongs to the thread that starts it, which is Python's main thread until then, and which
/// should have a stack of some megabytes, as a program's main thread has. Between calls other threads of the script go on. Not safe while another library starts a Python of its own.
///
/// A value that is dropped without `close` is closed then, if that is on its thread and in no call of it; otherwise its interpreter stays until the
/// process ends.
public final class Interpreter {
  let life: UInt64
  /// Nil when it has been closed.
  private var parts: InterpreterParts?
  private let start: InterpreterStart

  /// Starts the interpreter. Throws `.state` when there is one in this process, or when threads that the last one's script has left do not end
  /// within a second; `.start` when Python cannot start or the configuration names what is not there.
  public convenience init(_ profile: Configuration.Profile = .isolated) throws(ScriptError) {
    try self.init(Configuration(profile))
  }

  /// Starts the interpreter. Throws `.state` when there is one in this process, or when threads that the last one's script has left do not end
  /// within a second; `.start` when Python cannot start or the configuration names what is not there.
  public init(_ configuration: Configuration) throws(ScriptError) {
    try InterpreterLife.claim()
    do throws(ScriptError) {
      start = try InterpreterStart(configuration)
      life = InterpreterLife.begin()
    } catch {
      InterpreterLife.release()
      throw error
    }
    do throws(ScriptError) {
      parts = try InterpreterParts(configuration, start)
    } catch {
      InterpreterLife.end()
      start.undo()
      InterpreterLife.release()
      throw error
    }
    canceller = Canceller(life: life)
    // Between calls the interpreter is free for the script's threads.
    PyEval_SaveThread()
  }

  deinit {
    if parts != nil, InterpreterLife.isOnItsThread { try? close() }
    // Of an interpreter that goes on without this value nothing is given back: that would need its thread.
    if let parts { _ = Unmanaged.passRetained(parts) }
  }

  /// Stops the run that is going on, from any thread.
  public let canceller: Canceller

  /// Starts an interpreter, runs `body` with it, and closes it, whatever `body` throws.
  public static func with<Result>(
    _ configuration: Configuration = Configuration(), _ body: (Interpreter) throws -> Result
  ) throws -> Result {
    let interpreter = try Interpreter(configuration)
    let result: Result
    do { result = try body(interpreter) } catch {
      try? interpreter.close()
      throw error
    }
    try interpreter.close()
    return result
  }

  /// Ends the interpreter: waits for the script's threads (not the daemon ones), runs what `atexit` has, writes what is left of the output.
  ///
  /// Threads that are there even then get a `SystemExit`, and a tenth of a second to end; a second where one has not even begun. Of those that wait in a call Python's part ends when they come back
  /// from it; as long as there are any, standard output and standard error lead nowhere while Python clears away.
  ///
  /// `deadline` and `canceller` bound that, as they do a run: then it throws `.deadlinePassed` or `.cancelled`, and the interpreter has ended all the
  /// same, as it has with `.exception`, when output could not be written. Throws `.state`, and does nothing, when it is closed already, inside a call
  /// of it or of one of its objects, or on another thread.
  public func close(deadline: Duration? = nil) throws(ScriptError) {
    guard parts != nil else { throw closed }
    guard InterpreterLife.isOnItsThread else {
      throw ScriptError(.state, "an interpreter is closed on the thread that started it")
    }
    guard !Entry.isInside else {
      throw ScriptError(.state, "an interpreter cannot be closed inside a call of it")
    }
    let isCounted = Entry.begin()
    defer { Entry.end(isCounted) }
    _ = PyGILState_Ensure()
    var failure = parts?.end(deadline)
    // The last references: they must go before the interpreter does.
    parts = nil
    RunControl.shared.uninstall()
    LeftThreads.note()
    if start.undo() < 0, failure == nil {
      failure = ScriptError(.exception, type: "OSError", "what scripts had printed could not be written to the end")
    }
    InterpreterLife.end()
    InterpreterLife.release()
    if let failure = failure.flatMap({ $0 }) { throw failure }
  }

  private var closed: ScriptError { ScriptError(.state, "the interpreter has been closed") }

  // MARK: Inside

  /// Runs `body` attached. Throws `.state` when the interpreter is closed or this is not its thread.
  func inside<Result: ~Copyable>(_ body: (InterpreterParts) throws(ScriptError) -> Result) throws(ScriptError) -> Result
  {
    guard let parts else { throw closed }
    return try Entry.inside(life) { () throws(ScriptError) in try body(parts) }
  }

  /// Runs a script's code under the limits of a call, and writes out what it has printed.
  func running<Result: ~Copyable>(
    _ deadline: Duration?, _ body: (InterpreterParts) throws(ScriptError) -> Result
  ) throws(ScriptError) -> Result {
    try inside { (parts) throws(ScriptError) in
      try RunControl.shared.run(deadline) { () throws(ScriptError) in try body(parts) }
    }
  }
}
