import CPython

/// `__import__` for scripts of a device root: some names mean another module there than in the standard
/// library.
///
/// In Swift and not in Python, so that no frame of it stands in the traceback of every failed import.
enum DeviceImport {
  /// A new reference to the function, or nil with an exception set. Python must have been started.
  ///
  /// It imports the module that `replaced`, a dict of names, has for a name, and otherwise calls `original`,
  /// Python's own function.
  static func function(
    original: UnsafeMutablePointer<PyObject>, replaced: UnsafeMutablePointer<PyObject>
  ) -> UnsafeMutablePointer<PyObject>? {
    guard let state = PyTuple_New(2) else { return nil }
    defer { Py_DecRef(state) }
    Py_IncRef(original)
    PyTuple_SetItem(state, 0, original)
    Py_IncRef(replaced)
    PyTuple_SetItem(state, 1, replaced)
    return definition.make(state: state)
  }

  private static let definition: BuiltinFunction = {
    let call: PyCFunctionWithKeywords = { state, arguments, keywords in
      DeviceImport.call(state, arguments, keywords)
    }
    return BuiltinFunction(
      "__import__", flags: METH_VARARGS | METH_KEYWORDS, unsafeBitCast(call, to: PyCFunction.self))
  }()

  private static func call(
    _ state: UnsafeMutablePointer<PyObject>?, _ arguments: UnsafeMutablePointer<PyObject>?,
    _ keywords: UnsafeMutablePointer<PyObject>?
  ) -> UnsafeMutablePointer<PyObject>? {
    guard let original = PyTuple_GetItem(state, 0), let replaced = PyTuple_GetItem(state, 1) else { return nil }
    // The import statement gives all five by position: name, globals, locals, fromlist, level.
    let count = PyTuple_Size(arguments)
    if keywords == nil, count >= 1, let name = PyTuple_GetItem(arguments, 0),
      count < 5 || PyLong_AsLong(PyTuple_GetItem(arguments, 4)) == 0
    {
      if let module = PyDict_GetItemWithError(replaced, name) { return PyImport_Import(module) }
    }
    PyErr_Clear()
    return PyObject_Call(original, arguments, keywords)
  }
}
