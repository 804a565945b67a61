import CPython
import CScriptRuntime

/// The moment at which the script, its threads and its `atexit` functions are done and Python begins to clear away.
enum EndOfRun {
  /// Makes the limits end there. Must come before the script: `atexit` calls what was registered first last.
  ///
  /// False with a Python exception set.
  static func follow(_ deadline: RunDeadline?) -> Bool {
    guard
      let function = BuiltinFunction(
        "end_of_run",
        { _, _ in
          script_memory_end()
          RunDeadline.running?.stopInterrupting()
          Py_IncRef(py_none())
          return py_none()
        }
      ).make()
    else { return false }
    defer { Py_DecRef(function) }
    guard let atexit = PyImport_ImportModule("atexit") else { return false }
    defer { Py_DecRef(atexit) }
    guard let result = withName("register", { py_call_method(atexit, $0, function, nil, nil) }) else { return false }
    Py_DecRef(result)
    return true
  }

  private static func withName(
    _ name: String, _ body: (UnsafeMutablePointer<PyObject>) -> UnsafeMutablePointer<PyObject>?
  ) -> UnsafeMutablePointer<PyObject>? {
    guard let name = PyUnicode_FromString(name) else { return nil }
    defer { Py_DecRef(name) }
    return body(name)
  }
}
