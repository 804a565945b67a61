internal import CPython
internal import CScriptRuntime
internal import FTPModule
internal import Glibc
internal import PythonBridge
internal import Synchronization

/// What happens to the process when an interpreter starts in it, and how that is undone.
struct InterpreterStart {
  /// The device's root; nil for other profiles.
  let root: DeviceRoot?
  private let formerRoot: String?
  /// Where the process stood before.
  private let folder: [CChar]?
  /// Whether SIGPIPE is ignored because of the interpreter.
  private let ignoresBrokenPipes: Bool

  /// Starts Python: attached from here on. Throws `.start`.
  init(_ configuration: Interpreter.Configuration) throws(ScriptError) {
    for text in Self.texts(of: configuration) where text.utf8.contains(0) {
      throw ScriptError(.start, "the configuration holds text with a NUL character")
    }
    let program = try Self.program(configuration)
    let former = DeviceRoot.inEnvironment
    let root = try Self.root(configuration.profile)
    (self.root, formerRoot) = (root, former)
    var hasStarted = false
    defer { if !hasStarted, root != nil { DeviceRoot.restore(former) } }
    for (name, value) in configuration.environment where setenv(name, value, 1) != 0 {
      throw ScriptError(.start, "'\(name)' cannot be set in the environment: \(String(cString: strerror(errno)))")
    }
    guard Self.registersClient else { throw ScriptError(.start, "no memory to start") }
    folder =
      root == nil
      ? nil
      : getcwd(nil, 0).map { path in
        defer { free(path) }
        return Array(UnsafeBufferPointer(start: path, count: strlen(path) + 1))
      }
    let plainMemory = try Self.usesPlainMemory(configuration)
    if let reason = Self.start(configuration, program, plainMemory) {
      throw ScriptError(.start, "Python cannot start: \(reason)")
    }
    ignoresBrokenPipes = configuration.signals == .host && Self.ignoreBrokenPipes()
    hasStarted = true
  }

  /// Ends Python and gives back what was the process's. -1 when output could not be written.
  @discardableResult
  func undo() -> CInt {
    script_memory_end()
    let status = Py_FinalizeEx()
    script_memory_set_limit(0)
    BlockSize.limit(toHeap: .max)
    if let folder { _ = chdir(folder) }
    if root != nil { DeviceRoot.restore(formerRoot) }
    if ignoresBrokenPipes { Self.heedBrokenPipes() }
    return status
  }

  /// Whether the interpreters of this process take memory from `malloc`; nil before the first. Some objects outlive an interpreter, so that what
  /// the first one uses is what all use.
  private static let plainMemory = Mutex<Bool?>(nil)

  /// Whether this interpreter takes memory from `malloc`. Throws `.start` when it should and cannot.
  private static func usesPlainMemory(_ configuration: Interpreter.Configuration) throws(ScriptError) -> Bool {
    let wanted = configuration.memoryLimit != nil
    let uses = plainMemory.withLock { plain in
      plain = plain ?? wanted
      return plain ?? wanted
    }
    guard uses || !wanted else {
      throw ScriptError(
        .start,
        "a memory limit needs the process's first interpreter to have one: Python's allocator cannot be changed later")
    }
    return uses
  }

  /// The client is registered once for the process: the list of built-in modules outlives the interpreter.
  private static let registersClient = BuiltinModule.register()

  private static func texts(of configuration: Interpreter.Configuration) -> [String] {
    var texts = configuration.arguments + configuration.searchPaths
    texts += [configuration.virtualEnvironment ?? ""]
    for (name, value) in configuration.environment { texts += [name, value] }
    for name in configuration.modules.keys { texts.append(name) }
    if case .device(let root) = configuration.profile { texts.append(root) }
    return texts
  }

  /// From where Python is to look for its library: a virtual environment's Python, or this program.
  private static func program(_ configuration: Interpreter.Configuration) throws(ScriptError) -> [CChar]? {
    guard let environment = configuration.virtualEnvironment else { return ExecutablePath.startedAs(nil) }
    guard access("\(environment)/pyvenv.cfg", R_OK) == 0, let path = realpath(environment, nil) else {
      throw ScriptError(.start, "'\(environment)' is no virtual environment: it has no file pyvenv.cfg to read")
    }
    defer { free(path) }
    return Array("\(String(cString: path))/bin/python".utf8CString)
  }

  private static func root(_ profile: Interpreter.Configuration.Profile) throws(ScriptError) -> DeviceRoot? {
    guard case .device(let folder) = profile else { return nil }
    do throws(OwnOptions.Mistake) { return try DeviceRoot.chosen(by: folder, option: "the device's root") } catch {
      throw ScriptError(.start, error.sentence)
    }
  }

  /// The reason why Python cannot start; nil when it has.
  private static func start(_ configuration: Interpreter.Configuration, _ program: [CChar]?, _ plainMemory: Bool)
    -> String?
  {
    var isLikePython = false
    if case .python = configuration.profile { isLikePython = true }
    let words = configuration.arguments.map { strdup($0) }
    defer { words.forEach { free($0) } }
    var arguments = words.compactMap { $0.map { UnsafePointer($0) } }
    let path = program.flatMap { strdup($0) }
    defer { free(path) }
    return arguments.withUnsafeMutableBufferPointer { arguments -> String? in
      guard let start = arguments.baseAddress else { return "it needs an argument, `sys.argv[0]`" }
      var embedding = ScriptEmbedding(
        is_like_python3: isLikePython, handles_signals: configuration.signals == .python,
        imports_site: configuration.importsSite ?? (isLikePython || configuration.virtualEnvironment != nil),
        plain_memory: plainMemory, program: path, arguments: start, argument_count: arguments.count)
      return script_embedding_start(&embedding).map { String(cString: $0) }
    }
  }

  /// Ignores SIGPIPE where it would end the process; whether it did.
  private static func ignoreBrokenPipes() -> Bool {
    var action = sigaction()
    guard sigaction(SIGPIPE, nil, &action) == 0, action.__sigaction_handler.sa_handler == nil else { return false }
    signal(SIGPIPE, SIG_IGN)
    return true
  }

  /// Takes that back, unless somebody has set a handler since.
  private static func heedBrokenPipes() {
    var action = sigaction()
    guard sigaction(SIGPIPE, nil, &action) == 0,
      unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    else { return }
    signal(SIGPIPE, SIG_DFL)
  }
}
