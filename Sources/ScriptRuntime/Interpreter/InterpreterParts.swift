internal import CPython
internal import CScriptRuntime
internal import FTPModule
internal import PythonBridge

/// What a running interpreter is worked with. Used attached, on its thread.
final class InterpreterParts {
  /// The variables of `__main__`.
  let variables: PythonObject
  /// `builtins.compile`.
  let compile: PythonObject
  /// The module `_ftpy.embedding`.
  private let embedding: PythonObject
  /// `sys.stdout` and `sys.stderr` as they were at the start: Python writes these out at its end, and nobody could end that.
  private let streams: [(name: StaticString, stream: PythonObject)]
  /// Hands over what the streams hold back of a character.
  private let unfinished: [() -> Void]
  /// `linecache.cache`, from the first run on.
  var sources: PythonObject?

  /// Puts everything in its place after the start. Throws `.start`.
  init(_ configuration: Interpreter.Configuration, _ start: InterpreterStart) throws(ScriptError) {
    do {
      // A device's root is another working directory.
      let paths = try PythonObject.list()
      for path in configuration.searchPaths {
        try paths.append(importModule("os.path").callMethod("abspath", .string(path)))
      }
      guard DeviceImports.install(root: start.root, memoryLimit: configuration.memoryLimit.map { max($0, 1) })
      else { throw PythonError() }
      variables = try importModule("__main__").attribute("__dict__")
      compile = try importModule("builtins").attribute("compile")
      try RunControl.shared.install()
      embedding = try importModule("_ftpy.embedding")
      if configuration.virtualEnvironment == nil { try embedding.callMethod("set_executable") }
      try embedding.callMethod("add_paths", paths)
      let modules = try PythonObject.dictionary()
      for (name, source) in configuration.modules { try modules.set(.string(source), for: name) }
      try embedding.callMethod("add_modules", modules)
      unfinished = try Streams.install(configuration, embedding)
      streams = try Output.streams.map { ($0, try importModule("sys").attribute("\($0)")) }
      if let limit = configuration.memoryLimit { try Self.limitMemory(limit) }
    } catch {
      let reason = error as? ScriptError ?? ScriptError.taken()
      RunControl.shared.uninstall()
      throw ScriptError(.start, type: reason.type, "the interpreter cannot be set up: \(reason.description)")
    }
  }

  /// What the client loads when it is used, what describes an exception, and what runs chunks: no memory of the script's.
  private static let ownModules = [
    "socket", "ssl", "encodings.idna", "encodings.latin_1", "ftplib", "usr.ftplib", "traceback", "threading",
    "linecache", "codeop", "_ftpy.chunk",
  ]

  private static func limitMemory(_ bytes: Int) throws(PythonError) {
    for name in ownModules { _ = try importModule(name) }
    BlockSize.limit(toHeap: max(bytes, 0))
    script_memory_set_limit(max(bytes, 1))
    script_memory_begin()
  }

  /// Waits for the script's threads, runs what `atexit` has, and writes out; comes before the end. Returns what went wrong.
  func end(_ deadline: Duration?) -> ScriptError? {
    // All of it is the script's, and can last.
    let span = RunControl.shared.begin(deadline)
    DeferredReferences.drain()
    var failure: ScriptError?
    do throws(ScriptError) {
      try hosted { () throws(PythonError) in
        if let stop = RunControl.shared.exceptionClass { try embedding.callMethod("end", stop) }
      }
      try Output.flush()
    } catch { failure = error }
    // Of what stops a function of `atexit` nothing is left: `atexit` prints it.
    failure = failure ?? RunControl.shared.stop
    RunControl.shared.end(span)
    let areThreadsLeft = LeftThreads.end()
    for (name, stream) in streams { _ = stream.withPointer { PySys_SetObject(name.cString, $0) } }
    do throws(ScriptError) { try Output.flush() } catch { failure = failure ?? error }
    Attachment.detach { for handOver in unfinished { handOver() } }
    if areThreadsLeft { Self.abandonStreams() }
    return failure
  }

  /// Takes the standard streams from Python for good: a thread that is left may hold a stream's lock, and Python ends the process when it cannot
  /// have that at its end, to flush the stream or to close it.
  private static func abandonStreams() {
    let names: [StaticString] = ["stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__"]
    for name in names {
      if let stream = PySys_GetObject(name.cString) { Py_IncRef(stream) }
      _ = PySys_SetObject(name.cString, py_none())
    }
  }
}
