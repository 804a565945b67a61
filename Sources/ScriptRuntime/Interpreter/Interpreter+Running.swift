internal import CPython
internal import Glibc
internal import PythonBridge

/// Scripts, expressions, calls and variables. Every call blocks until Python has done it; what it raises comes as `ScriptError`.
///
/// `deadline` bounds a call: after that time it is stopped, as `Canceller.cancel` does it, and throws `.deadlinePassed`. In a call that is made
/// while another one runs, by a registered function, the outer one's deadline counts as well. What a registered function calls on another thread of the
/// script's has no deadline and cannot be cancelled, and does not touch the program's own run.
extension Interpreter {
  /// Runs a script in `__main__`, whose variables stay. `name` stands in tracebacks for the file's; the last source that was run under it is kept
  /// for their lines.
  ///
  /// What a `return` at the script's top level gives is dropped.
  public func run(_ source: String, name: String = "<script>", deadline: Duration? = nil) throws(ScriptError) {
    try running(deadline) { (parts) throws(ScriptError) in
      _ = try parts.run(hosted { () throws(PythonError) in try PythonObject.string(source) }, name: name)
    }
  }

  /// Runs a script and reads what it returns: a script may end by `return value` at its top level, and may do so early. Its value is None otherwise.
  ///
  ///     let ok: Bool = try interpreter.run("import uos\nreturn 'usr' in uos.listdir('/')")
  ///
  /// Throws `.conversion` when that is no `Value`.
  public func run<Value: FromScript>(
    _ source: String, name: String = "<script>", deadline: Duration? = nil, as type: Value.Type = Value.self
  ) throws(ScriptError) -> Value {
    try running(deadline) { (parts) throws(ScriptError) in
      try parts.run(hosted { () throws(PythonError) in try PythonObject.string(source) }, name: name).value()
    }
  }

  /// Runs a file as a script, with its path as `__file__` and as its name. Its encoding is what it says, by default UTF-8.
  ///
  /// Throws `OSError` (`FileNotFoundError`, ...) when it cannot be read.
  public func run(contentsOf path: String, deadline: Duration? = nil) throws(ScriptError) {
    try running(deadline) { (parts) throws(ScriptError) in _ = try parts.run(contentsOf: path) }
  }

  /// Runs a file as a script and reads what it returns.
  public func run<Value: FromScript>(
    contentsOf path: String, deadline: Duration? = nil, as type: Value.Type = Value.self
  ) throws(ScriptError) -> Value {
    try running(deadline) { (parts) throws(ScriptError) in try parts.run(contentsOf: path).value() }
  }

  /// The value of an expression.
  public func eval<Value: FromScript>(
    _ expression: String, deadline: Duration? = nil, as type: Value.Type = Value.self
  ) throws(ScriptError) -> Value {
    try running(deadline) { (parts) throws(ScriptError) in
      let value = try parts.eval(expression)
      return try Value(fromScript: BorrowedReference(value.pointer))
    }
  }

  /// Calls a function of the script by its name in `__main__`, or by a dotted one: `call("board.read", 4)`.
  public func call<each Argument: IntoScript, Value: FromScript>(
    _ function: String, _ argument: repeat each Argument, deadline: Duration? = nil, as type: Value.Type = Value.self
  ) throws(ScriptError) -> Value {
    try running(deadline) { (parts) throws(ScriptError) in
      let result = try ScriptObject.call(parts.function(function), repeat each argument)
      return try Value(fromScript: BorrowedReference(result.pointer))
    }
  }

  /// Calls a function of the script, and drops what it returns.
  public func call<each Argument: IntoScript>(
    _ function: String, _ argument: repeat each Argument, deadline: Duration? = nil
  ) throws(ScriptError) {
    try running(deadline) { (parts) throws(ScriptError) in
      _ = try ScriptObject.call(parts.function(function), repeat each argument)
    }
  }

  /// A variable of `__main__`. Throws `NameError` when there is none, `.conversion` when it is no `Value`; read as an optional, `None` is nil.
  ///
  ///     let total: Double = try interpreter["total"]
  public subscript<Value: FromScript>(_ name: String) -> Value {
    get throws(ScriptError) {
      try running(nil) { (parts) throws(ScriptError) in try parts.variable(name).value() }
    }
  }

  /// Sets a variable of `__main__`. (A subscript's setter cannot throw.)
  public func set(_ name: String, to value: some IntoScript) throws(ScriptError) {
    // What was there before may have code that runs when it goes.
    try running(nil) { (parts) throws(ScriptError) in
      let value = try value.intoScript().bridged()
      try hosted { () throws(PythonError) in try parts.variables.set(value, for: name) }
    }
  }
}

extension PythonObject {
  /// Whether a `str` or a `bytes` has a NUL in it.
  fileprivate func holdsNul() throws(PythonError) -> Bool {
    do { return try (isString ? encoded("utf-8", errors: "replace") : self).withBytes { $0.contains(0) } } catch {
      throw error as? PythonError ?? PythonError()
    }
  }

  /// It as a Swift value.
  func value<Value: FromScript>() throws(ScriptError) -> Value {
    try withPointer { (pointer) throws(ScriptError) in try Value(fromScript: BorrowedReference(pointer)) }
  }
}

extension InterpreterParts {
  /// Runs a chunk and returns its value.
  func run(_ source: PythonObject, name: String) throws(ScriptError) -> PythonObject {
    // Up to 3.11 it would be a `ValueError`.
    if try hosted({ () throws(PythonError) in try source.holdsNul() }) {
      throw ScriptError(.syntax, type: "SyntaxError", "source code cannot contain null bytes")
    }
    let code: [PythonObject]
    let title = try hosted { () throws(PythonError) in try PythonObject.string(name) }
    do {
      code = try parts(of: source, title)
    } catch {
      let error = ScriptError.taken(compiling: source)
      throw error
    }
    try hosted { () throws(PythonError) in try remember(source, title) }
    for part in code {
      let result = try evaluate(part)
      // A part that ends by `return` wraps its value; one that comes to its end gives None.
      if !result.isNone { return try hosted { () throws(PythonError) in try result.item(0) } }
    }
    return .none
  }

  /// The code of a chunk: one part, or several where its top level says `return`. Throws what the compiler raises.
  private func parts(of source: PythonObject, _ name: PythonObject) throws(PythonError) -> [PythonObject] {
    do {
      // No flags, and none of the code that is running.
      return [
        try compile.call(
          arguments: .tuple(source, name, .string("exec"), .integer(0), .bool(true)), keywords: nil)
      ]
    } catch {
      guard let exception = PythonError.take() else { throw error }
      guard try isReturnOutsideFunction(exception) else {
        throw .restore(try withoutTraceback(exception))
      }
    }
    do { return try importModule("_ftpy.chunk").callMethod("parts", source, name).items() } catch {
      guard let exception = PythonError.take() else { throw error }
      throw .restore(try withoutTraceback(exception))
    }
  }

  private func isReturnOutsideFunction(_ exception: PythonObject) throws(PythonError) -> Bool {
    guard let message = try exception.optionalAttribute("msg"), message.isString else { return false }
    return try message.text() == "'return' outside function"
  }

  /// A compiler's exception is the script's, not that of the code that called the compiler.
  private func withoutTraceback(_ exception: PythonObject) throws(PythonError) -> PythonObject {
    try exception.setAttribute(.string("__traceback__"), .none)
    return exception
  }

  private func evaluate(_ code: PythonObject) throws(ScriptError) -> PythonObject {
    let result = code.withPointer { code in variables.withPointer { PyEval_EvalCode(code, $0, $0) } }
    return try hosted { () throws(PythonError) in try owned(result) }
  }

  /// Shows the source to tracebacks, in `linecache`.
  private func remember(_ source: PythonObject, _ name: PythonObject) throws(PythonError) {
    guard source.isString else { return }
    if sources == nil { sources = try importModule("linecache").attribute("cache") }
    let lines = try source.callMethod("splitlines", .bool(true))
    // No time of a file's: `linecache` keeps such an entry.
    try sources?.set(.tuple(.integer(0), .none, lines, name), for: name)
  }

  /// Runs a file.
  func run(contentsOf path: String) throws(ScriptError) -> PythonObject {
    let source = try hosted { () throws(PythonError) in
      let file = try importModule("io").attribute("FileIO").call(.string(path))
      let source = try file.callMethod("readall")
      try file.callMethod("close")
      try variables.set(.string(path), for: "__file__")
      return source
    }
    return try run(source, name: path)
  }

  /// The value of an expression.
  func eval(_ expression: String) throws(ScriptError) -> OwnedReference {
    guard !expression.utf8.contains(0) else {
      throw ScriptError(.syntax, type: "SyntaxError", "source code cannot contain null bytes")
    }
    let expression = expression.drop { $0 == " " || $0 == "\t" }
    guard let code = Py_CompileString(String(expression), "<expression>", Py_eval_input) else {
      let source = try hosted { () throws(PythonError) in try PythonObject.string(String(expression)) }
      throw ScriptError.taken(compiling: source)
    }
    defer { Py_DecRef(code) }
    return try OwnedReference(
      checking: variables.withPointer { PyEval_EvalCode(code, $0, $0) })
  }

  /// A variable. Throws `NameError`.
  func variable(_ name: String) throws(ScriptError) -> PythonObject {
    try hosted { () throws(PythonError) in
      if let value = try variables.value(for: .string(name)) { return value }
      throw .raise(try importModule("builtins").attribute("NameError"), "name '\(name)' is not defined")
    }
  }

  /// What a dotted name of `__main__` stands for.
  func function(_ name: String) throws(ScriptError) -> PythonObject {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    var object = try variable(String(parts.first ?? ""))
    for part in parts.dropFirst() {
      object = try hosted { () throws(PythonError) in try object.attribute(String(part)) }
    }
    return object
  }
}
