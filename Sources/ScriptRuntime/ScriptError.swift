internal import CPython
internal import CScriptRuntime
internal import PythonBridge

/// Why a call of the interpreter did not do what it was to do: a script's exception, or the runtime's refusal.
///
/// No call ends the program: `SystemExit`, `KeyboardInterrupt`, `RecursionError` and `MemoryError` come out as this as well. It may be kept, and
/// passed to other threads; while it is, the exception's frames and their variables live on.
public struct ScriptError: Error, CustomStringConvertible {
  /// What happened.
  public enum Kind: Sendable, Equatable {
    /// The script raised an exception that it did not catch.
    case exception
    /// The script asked for the end of the program (`sys.exit`, `SystemExit`); `exitCode` has its status.
    case exit
    /// Python could not compile the source; see `isIncomplete`.
    case syntax
    /// The `deadline` of the call passed.
    case deadlinePassed
    /// `Canceller.cancel()` was called.
    case cancelled
    /// A value is not of the type that was asked for, or cannot become an object of Python's.
    case conversion
    /// The interpreter is closed, or is used on another thread than its own, or there is one in this process already, or threads of the last one.
    case state
    /// The interpreter could not be started.
    case start
  }

  private final class Content: Sendable {
    let kind: Kind
    let type: String
    let message: String
    let traceback: String
    let cause: ScriptError?
    let exitCode: Int32?
    let isIncomplete: Bool
    let thrown: (any Error)?
    let exception: ScriptObject?

    init(
      _ kind: Kind, type: String, message: String, traceback: String, cause: ScriptError?, exitCode: Int32?,
      isIncomplete: Bool, thrown: (any Error)?, exception: ScriptObject?
    ) {
      self.kind = kind
      self.type = type
      self.message = message
      self.traceback = traceback
      self.cause = cause
      self.exitCode = exitCode
      self.isIncomplete = isIncomplete
      self.thrown = thrown
      self.exception = exception
    }
  }

  /// Behind a pointer, so that functions that return without an error do not pay for its size.
  private let content: Content

  /// What happened.
  public var kind: Kind { content.kind }
  /// The exception's class: `ValueError`, `ftplib.error_perm`; for a refusal of the runtime the class that a script would see.
  public var type: String { content.type }
  /// `str(exception)`, or the runtime's sentence.
  public var message: String { content.message }
  /// What Python would print: the frames with the chunk's names and source lines, causes first; in a registered function the last 20 frames. Empty for a
  /// refusal of the runtime. Of a stop in whose place the script has raised something else it is that one's.
  public var traceback: String { content.traceback }
  /// The exception's `__cause__`, or the one that was being handled when it was raised; of a stop, what the script has raised in its place.
  public var cause: ScriptError? { content.cause }
  /// The status that the script gave to `SystemExit`: 0 for none, 1 for a text (`message` has it); nil for all else.
  public var exitCode: Int32? { content.exitCode }
  /// Whether the source only stops too early, as `if x:` does: a prompt asks for another line then.
  public var isIncomplete: Bool { content.isIncomplete }
  /// What a registered Swift function threw, when that is what the script did not catch.
  public var thrown: (any Error)? { content.thrown }
  /// The exception itself, for its attributes; nil for a refusal of the runtime, and for a stop that the script has not passed on.
  public var exception: ScriptObject? { content.exception }

  /// `type: message`.
  public var description: String { message.isEmpty ? type : "\(type): \(message)" }

  /// A refusal of the runtime.
  init(_ kind: Kind, type: String = "RuntimeError", _ message: String) {
    content = Content(
      kind, type: type, message: message, traceback: "", cause: nil, exitCode: nil, isIncomplete: false, thrown: nil,
      exception: nil)
  }

  /// What a stopped run throws where its script has not passed on the exception that stopped it: `.cancelled` or `.deadlinePassed`. `error` is what that
  /// has raised in its place.
  static func stop(_ reason: Kind, because error: ScriptError? = nil) -> ScriptError {
    ScriptError(
      Content(
        reason, type: "_ftpy.Stopped", message: sentence(forStop: reason), traceback: error?.traceback ?? "",
        cause: error,
        exitCode: nil, isIncomplete: false, thrown: error?.thrown, exception: nil))
  }

  private init(_ content: Content) { self.content = content }

  /// Whether it is that a run was stopped.
  var isStop: Bool { kind == .deadlinePassed || kind == .cancelled }

  private static func sentence(forStop reason: Kind) -> String {
    reason == .cancelled ? "the run was cancelled" : "the run took longer than its deadline allows"
  }

  /// Says that a value is not of the type that was asked for; what a `FromScript` of your own throws. `expected` completes "expected ...".
  public static func mismatch(expected: String, found: borrowing BorrowedReference) -> ScriptError {
    ScriptError(.conversion, type: "TypeError", "expected \(expected), not '\(found.typeName)'")
  }
}

extension ScriptError {
  /// Takes the exception that is set. `isCompiling` says that it comes from a compiler, whose source that is.
  static func taken(compiling source: PythonObject? = nil) -> ScriptError {
    script_memory_begin_description()
    defer { script_memory_end_description() }
    guard let exception = PythonError.take() else {
      return ScriptError(.exception, type: "SystemError", "Python reported an error without an exception")
    }
    return ScriptError(exception, compiling: source, depth: 0)
  }

  /// How far causes are followed: they may form a circle.
  private static let longestChain = 16

  private init(_ exception: PythonObject, compiling source: PythonObject?, depth: Int) {
    let type = exception.type
    let kind: Kind
    var exitCode: Int32?
    var isIncomplete = false
    var message = Self.attempt { () throws(PythonError) in try exception.text() } ?? ""
    if let reason = RunControl.shared.reason(for: type) {
      kind = reason
      message = Self.sentence(forStop: reason)
    } else if type.isSubclass(of: PythonObject(borrowed: py_system_exit())) {
      kind = .exit
      exitCode = Self.exitCode(exception)
    } else if let source, !Self.isOfMemory(exception), type.isSubclass(of: .exception) {
      kind = .syntax
      isIncomplete = Self.isIncomplete(source)
    } else {
      kind = .exception
    }
    let thrown: (any Error)?? = Self.attempt { () throws(PythonError) in try SwiftErrorCapsule.error(in: exception) }
    let next: PythonObject?? = Self.attempt { () throws(PythonError) in try Self.cause(of: exception) }
    let cause =
      depth < Self.longestChain ? (next ?? nil).map { ScriptError($0, compiling: nil, depth: depth + 1) } : nil
    content = Content(
      kind, type: Self.attempt { () throws(PythonError) in try Self.name(of: type) } ?? type.typeName, message: message,
      traceback: Self.attempt { () throws(PythonError) in try Self.traceback(of: exception) } ?? "", cause: cause,
      exitCode: exitCode, isIncomplete: isIncomplete, thrown: thrown ?? nil,
      exception: ScriptObject(exception))
  }

  /// Runs a part of the description: what it raises makes that part poorer, and no more.
  private static func attempt<Result>(_ body: () throws(PythonError) -> Result) -> Result? {
    do { return try body() } catch {
      // Ctrl-C ends the run that it comes in. That one has ended, unless this is a call inside it.
      if RegisteredFunction.isInOne { PythonError.clear() } else { PyErr_Clear() }
      return nil
    }
  }

  /// `module.Class`, the module left out for Python's own and for those of the script.
  private static func name(of type: PythonObject) throws(PythonError) -> String {
    let name = try type.attribute("__qualname__").text()
    let module = try type.attribute("__module__").text()
    return ["builtins", "__main__"].contains(module) ? name : "\(module).\(name)"
  }

  private static func cause(of exception: PythonObject) throws(PythonError) -> PythonObject? {
    let cause = try exception.attribute("__cause__")
    if !cause.isNone { return cause }
    if try exception.attribute("__suppress_context__").isTrue() { return nil }
    let context = try exception.attribute("__context__")
    return context.isNone ? nil : context
  }

  /// How many frames are described in a registered function: in a recursion through one each call describes those of all within it.
  private static let framesInFunction = 20

  private static func traceback(of exception: PythonObject) throws(PythonError) -> String {
    let options = try PythonObject.dictionary()
    if RegisteredFunction.isInOne { try options.set(.integer(-framesInFunction), for: "limit") }
    let lines = try importModule("traceback").attribute("format_exception").call(
      arguments: .tuple(exception), keywords: options
    ).items()
    var text = ""
    for line in lines { text += try line.text() }
    return text
  }

  private static func exitCode(_ exception: PythonObject) -> Int32 {
    attempt { () throws(PythonError) in
      let code = try exception.attribute("code")
      if code.isNone { return 0 }
      guard code.isInteger else { return 1 }
      // As the system takes it: the lowest bits.
      return Int32(truncatingIfNeeded: try code.integer())
    } ?? 1
  }

  /// Whether it is a `MemoryError`: the compiler's memory ran out, of which the source may be innocent.
  private static func isOfMemory(_ exception: PythonObject) -> Bool { exception.type.isSubclass(of: .memoryError) }

  /// Asks the module that Python's own `code` module asks.
  private static func isIncomplete(_ source: PythonObject) -> Bool {
    guard source.isString else { return false }
    return attempt { () throws(PythonError) in
      try importModule("codeop").attribute("compile_command").call(source, .string("<prompt>"), .string("exec")).isNone
    } ?? false
  }
}

/// Runs what throws the bridge's error, "an exception is set", and throws the host's.
func hosted<Result>(_ body: () throws(PythonError) -> Result) throws(ScriptError) -> Result {
  do { return try body() } catch { throw ScriptError.taken() }
}
