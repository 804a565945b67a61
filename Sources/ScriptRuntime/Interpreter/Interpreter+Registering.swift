internal import CPython
internal import PythonBridge

/// Swift functions for scripts.
extension Interpreter {
  /// Gives scripts a Swift function, as a variable of `__main__`.
  ///
  ///     try interpreter.register("move", ["angle", "speed"], "Move the arm.") { (angle: Double, speed: Int?) in
  ///       guard arm.canReach(angle) else { throw ScriptException("ValueError", "\(angle) is out of reach") }
  ///       arm.move(to: angle, speed: speed ?? 1)
  ///     }
  ///
  /// `parameters` are the names by which arguments can be given, one for each, or none: then they are given by position alone. An argument that is an
  /// optional may be left out. What does not fit raises `TypeError` (`OverflowError`), which names the argument; what the function throws
  /// is raised: a `ScriptException` as the class that it names, an `FTPError` as the class that `ftplib` has for it, a `ScriptError` as the exception that it
  /// came from, anything else as `RuntimeError`. The function is called on whatever thread of Python calls it.
  ///
  /// While it runs no other thread of the script's does, unless it is `detached`: right for what waits or takes long. One that is can use the interpreter and
  /// its objects on the interpreter's thread alone; on the script's other threads that throws `.state`.
  ///
  /// Throws `ValueError` when the names are not as many as the parameters, or not Python's, or two are the same, and for a NUL in any of the texts.
  public func register<each Argument: FromScript, Result: IntoScript>(
    _ name: String, _ parameters: [String] = [], _ documentation: String = "", detached: Bool = false,
    _ function: @escaping @Sendable (repeat each Argument) throws -> Result
  ) throws(ScriptError) {
    try add(RegisteredFunction(name, parameters, documentation, isDetached: detached, function))
  }

  /// The same for a function that returns nothing.
  public func register<each Argument: FromScript>(
    _ name: String, _ parameters: [String] = [], _ documentation: String = "", detached: Bool = false,
    _ function: @escaping @Sendable (repeat each Argument) throws -> Void
  ) throws(ScriptError) {
    try add(RegisteredFunction(name, parameters, documentation, isDetached: detached, function))
  }

  /// A Swift function as an object, for an argument of a call: `try ftp.callMethod("retrbinary", "RETR a", interpreter.function { (block: [UInt8]) in ... })`.
  public func function<each Argument: FromScript, Result: IntoScript>(
    _ name: String = "function", _ parameters: [String] = [], _ documentation: String = "", detached: Bool = false,
    _ function: @escaping @Sendable (repeat each Argument) throws -> Result
  ) throws(ScriptError) -> ScriptObject {
    try inside { (_) throws(ScriptError) in
      ScriptObject(
        try hosted { () throws(PythonError) in
          try RegisteredFunction(name, parameters, documentation, isDetached: detached, function).object()
        })
    }
  }

  private func add(_ function: RegisteredFunction) throws(ScriptError) {
    // What was there before may clear up behind itself.
    try running(nil) { (parts) throws(ScriptError) in
      try hosted { () throws(PythonError) in try parts.variables.set(function.object(), for: function.name) }
    }
  }

  /// Makes a module that scripts can import, and lets `body` fill it. A dotted name needs the modules before it. Throws `ValueError` for a name with a NUL.
  ///
  ///     try interpreter.registerModule("board", "This machine.") { (board) throws(ScriptError) in
  ///       try board.set("pins", to: 40)
  ///       try board.register("read", ["pin"]) { (pin: Int) in gpio.read(pin) }
  ///     }
  public func registerModule(
    _ name: String, _ documentation: String = "", _ body: (ScriptModule) throws(ScriptError) -> Void
  ) throws(ScriptError) {
    let life = life
    try inside { (_) throws(ScriptError) in
      let module = try hosted { () throws(PythonError) in try Self.makeModule(name, documentation) }
      try body(ScriptModule(name: name, life: life, module: ScriptObject(module)))
    }
  }

  private static func makeModule(_ name: String, _ documentation: String) throws(PythonError) -> PythonObject {
    guard !name.utf8.contains(0) else { throw .value("a module's name cannot have a NUL character") }
    guard let pointer = PyImport_AddModule(name) else { throw PythonError() }
    let module = PythonObject(borrowed: pointer)
    try module.setAttribute(.string("__doc__"), .string(documentation))
    if let dot = name.lastIndex(of: ".") {
      let parent = try importModule(String(name[..<dot]))
      try parent.setAttribute(.string(String(name[name.index(after: dot)...])), module)
    }
    return module
  }
}

/// A module of the program's that scripts can import: see `Interpreter.registerModule`.
public struct ScriptModule {
  /// Its name.
  public let name: String
  let life: UInt64
  private let module: ScriptObject

  init(name: String, life: UInt64, module: ScriptObject) {
    self.name = name
    self.life = life
    self.module = module
  }

  /// Adds a function: see `Interpreter.register`.
  public func register<each Argument: FromScript, Result: IntoScript>(
    _ name: String, _ parameters: [String] = [], _ documentation: String = "", detached: Bool = false,
    _ function: @escaping @Sendable (repeat each Argument) throws -> Result
  ) throws(ScriptError) {
    try add(RegisteredFunction(name, parameters, documentation, isDetached: detached, function))
  }

  /// Adds a function that returns nothing.
  public func register<each Argument: FromScript>(
    _ name: String, _ parameters: [String] = [], _ documentation: String = "", detached: Bool = false,
    _ function: @escaping @Sendable (repeat each Argument) throws -> Void
  ) throws(ScriptError) {
    try add(RegisteredFunction(name, parameters, documentation, isDetached: detached, function))
  }

  /// Sets a variable of the module.
  public func set(_ name: String, to value: some IntoScript) throws(ScriptError) {
    try module.setAttribute(name, to: value)
  }

  private func add(_ function: RegisteredFunction) throws(ScriptError) {
    try module.using { (module) throws(ScriptError) in
      try hosted { () throws(PythonError) in try module.setAttribute(.string(function.name), function.object()) }
    }
  }
}
