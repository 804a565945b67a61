internal import CPython
internal import CScriptRuntime
internal import PythonBridge

/// A function of this program for its Python modules.
///
/// Its definition lives as long as the process: Python keeps the pointer.
struct BuiltinFunction: @unchecked Sendable {
  private let definition: UnsafeMutablePointer<PyMethodDef>

  /// `doc` may begin with the function's signature, `name(arguments)\n--\n\n`.
  init(_ name: StaticString, doc: StaticString? = nil, flags: CInt = METH_NOARGS, _ body: @escaping PyCFunction) {
    definition = .allocate(capacity: 1)
    definition.initialize(
      to: PyMethodDef(ml_name: name.cString, ml_meth: body, ml_flags: flags, ml_doc: doc?.cString))
  }

  /// A new reference to the function, or nil with a Python exception set. The body's first argument is `state`, which the function keeps.
  func make(state: UnsafeMutablePointer<PyObject>? = nil) -> UnsafeMutablePointer<PyObject>? {
    PyCMethod_New(definition, state, nil, nil)
  }

  /// The function.
  func object() throws(PythonError) -> PythonObject { try owned(make()) }

  /// Has it called at the interpreter's end: `atexit` calls what was registered first last.
  func callAtExit() throws(PythonError) { try importModule("atexit").callMethod("register", object()) }

  /// Stores it in a dictionary under its name. False with a Python exception set.
  func add(to dictionary: UnsafeMutablePointer<PyObject>) -> Bool {
    guard let function = make() else { return false }
    defer { Py_DecRef(function) }
    return PyDict_SetItemString(dictionary, definition.pointee.ml_name, function) == 0
  }

  /// Makes it an attribute of a module, by its name. The body's first argument is `state`, which the function keeps; without
  /// one it is the module.
  func add(to module: PythonObject, state: PythonObject? = nil) throws(PythonError) {
    let owner = try module.attribute("__name__")
    let function = try (state ?? module).withPointer { state throws(PythonError) in
      try owner.withPointer { owner throws(PythonError) in try owned(PyCMethod_New(definition, state, owner, nil)) }
    }
    try module.add(String(cString: definition.pointee.ml_name), function)
  }

  /// `memory_used()`: bytes that the script uses now.
  static let memoryUsed = BuiltinFunction("memory_used") { _, _ in PyLong_FromSize_t(script_memory_used()) }

  /// `unlimited(call, *arguments)`: calls with the limit of the script's memory lifted.
  static let unlimited = BuiltinFunction("unlimited", flags: METH_VARARGS) { _, arguments in
    answer { () throws(PythonError) in
      guard let call = PyTuple_GetItem(arguments, 0), let rest = PyTuple_GetSlice(arguments, 1, .max) else {
        throw PythonError()
      }
      let operands = PythonObject(owned: rest)
      script_memory_suspend()
      defer { script_memory_resume() }
      let result = try PythonObject(borrowed: call).call(arguments: operands, keywords: nil)
      // Python keeps spare objects of each kind, which are many after such work.
      if script_memory_limit() > 0 { PyGC_Collect() }
      return result
    }
  }
}

/// What a function of C returns: a new reference to what `body` returns, or NULL with the exception set that it throws.
func answer(_ body: () throws(PythonError) -> PythonObject) -> UnsafeMutablePointer<PyObject>? {
  do { return try body().newReference() } catch { return nil }
}
