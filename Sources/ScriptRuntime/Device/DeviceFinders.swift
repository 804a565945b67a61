internal import CPython
internal import DeviceModules
internal import PythonBridge

/// The finders on `sys.meta_path` that know which names are the device's.
///
/// They say what they do not know at once. Everything else is for the module `_ftpy.memory`, which is run when it is first
/// needed.
enum DeviceFinders {
  /// Puts one before all others, for the device's own modules: the device looks among those before any file. And one behind
  /// all others, for the stubs and for what only the device has.
  static func install() throws(PythonError) {
    guard let path = PySys_GetObject("meta_path") else { throw .raise(.runtimeError, "lost sys.meta_path") }
    let first = try finder("_ftpy.first", findFirst, iterateModules)
    let last = try finder("_ftpy.last", findLast)
    try first.withPointer { first throws(PythonError) in try check(PyList_Insert(path, 0, first)) }
    try last.withPointer { last throws(PythonError) in try check(PyList_Append(path, last)) }
  }

  /// A module's functions serve as well as an object's methods.
  private static func finder(_ name: StaticString, _ functions: BuiltinFunction...) throws(PythonError) -> PythonObject
  {
    let module = try owned(PyModule_New(name.cString))
    for function in functions { try function.add(to: module) }
    return module
  }

  private static let findFirst = BuiltinFunction("find_spec", flags: METH_VARARGS) { _, arguments in
    answer { () throws(PythonError) in
      let (name, path) = try nameAndPath(arguments)
      guard try name.withCString(comesFirst) == true else { return .none }
      return try memory().callMethod("find_first", name, path)
    }
  }

  private static let findLast = BuiltinFunction("find_spec", flags: METH_VARARGS) { _, arguments in
    answer { () throws(PythonError) in
      let (name, _) = try nameAndPath(arguments)
      guard try name.withCString({ isStub($0) || device_alone_has($0) }) == true else { return .none }
      let memory = try memory()
      do throws(PythonError) { return try memory.callMethod("find_last", name) } catch {
        // The script's line is what matters, not those that have found the words.
        if let refusal = PythonError.take() {
          refusal.withPointer { _ = PyException_SetTraceback($0, py_none()) }
          throw .restore(refusal)
        }
        throw error
      }
    }
  }

  /// For `pkgutil`, and so for `help('modules')`.
  private static let iterateModules = BuiltinFunction("iter_modules", flags: METH_VARARGS) { _, arguments in
    answer { () throws(PythonError) in
      guard let arguments else { throw .type("iter_modules needs its arguments") }
      return try memory().attribute("iter_modules").call(arguments: PythonObject(borrowed: arguments), keywords: nil)
    }
  }

  /// The first two arguments of `find_spec(name, path=None, target=None)`.
  private static func nameAndPath(
    _ arguments: UnsafeMutablePointer<PyObject>?
  ) throws(PythonError) -> (PythonObject, PythonObject) {
    let count = PyTuple_Size(arguments)
    guard (1...3).contains(count), let name = PyTuple_GetItem(arguments, 0) else {
      PyErr_Clear()
      throw .type("find_spec takes a name, and perhaps a path and a target")
    }
    let path = count > 1 ? PyTuple_GetItem(arguments, 1) : nil
    return (PythonObject(borrowed: name), PythonObject(borrowed: path ?? py_none()))
  }

  private static func isStub(_ name: UnsafePointer<CChar>) -> Bool {
    device_module_named(name)?.pointee.is_stub ?? false
  }

  /// Whether the name is found before all files: a module in this program, `usr`, or a name of the client's.
  private static func comesFirst(_ name: UnsafePointer<CChar>) -> Bool {
    if let module = device_module_named(name) { return !module.pointee.is_stub }
    switch String(cString: name) {
    case "usr", "usr.ftplib", "_ftpy.ftplib": return true
    // Python's own finder has it; asked only to say what it shadows.
    case "ftplib": return isVerbose
    default: return false
    }
  }

  /// `-v`.
  private static var isVerbose: Bool {
    do {
      guard let flags = PySys_GetObject("flags") else { return false }
      return try PythonObject(borrowed: flags).attribute("verbose").integer() > 0
    } catch {
      PythonError.clear()
      return false
    }
  }

  /// The module `_ftpy.memory`. It loads the others, and so cannot be imported as they are.
  static func memory() throws(PythonError) -> PythonObject {
    guard let modules = PyImport_GetModuleDict() else { throw .raise(.runtimeError, "lost sys.modules") }
    let name: StaticString = "_ftpy.memory"
    if let loaded = PyDict_GetItemString(modules, name.cString) { return PythonObject(borrowed: loaded) }
    guard let program = PyImport_AddModule("_ftpy.program").flatMap({ PyModule_GetDict($0) }),
      let builtins = PyImport_AddModule("builtins"), let source = device_module_named(name.cString)
    else { throw .raise(.runtimeError, "lost the device's modules") }
    try store(sources(), "sources", in: program)
    let module = try owned(PyModule_New(name.cString))
    let code = try owned(Py_CompileString(source.pointee.source, "<ftpy>/_ftpy.memory", Py_file_input))
    try module.withPointer { module throws(PythonError) in
      guard let variables = PyModule_GetDict(module) else { throw PythonError() }
      // The host's: who asks first may be a script with the device's.
      try check(PyDict_SetItemString(variables, "__builtins__", builtins))
      _ = try code.withPointer { code throws(PythonError) in try owned(PyEval_EvalCode(code, variables, variables)) }
    }
    try store(module, name, in: modules)
    return module
  }

  /// The modules' sources by name, each a view of the bytes in the binary.
  private static func sources() throws(PythonError) -> PythonObject {
    let table = try PythonObject.dictionary()
    var index = 0
    while let module = device_module(index)?.pointee {
      // The view is read-only: the C signature asks for a mutable pointer for both kinds.
      let bytes = UnsafeMutablePointer(mutating: module.source)
      let view = try owned(PyMemoryView_FromMemory(bytes, Py_ssize_t(module.length), PyBUF_READ))
      try table.set(view, for: String(cString: module.name))
      index += 1
    }
    return table
  }

  private static func store(
    _ value: PythonObject, _ name: StaticString, in dictionary: UnsafeMutablePointer<PyObject>
  ) throws(PythonError) {
    try value.withPointer { value throws(PythonError) in
      try check(PyDict_SetItemString(dictionary, name.cString, value))
    }
  }
}

extension PythonObject {
  /// Calls `body` with the text of a name; one with a NUL in it is cut there. Nil for a name that is no UTF-8, which a file may have.
  /// Throws `TypeError` for what is no `str`.
  fileprivate func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) throws(PythonError) -> Result? {
    try withPointer { object throws(PythonError) in
      if let text = PyUnicode_AsUTF8AndSize(object, nil) { return body(text) }
      guard PythonError.matches(.valueError) else { throw PythonError() }
      PythonError.clear()
      return nil
    }
  }
}
