import CPython
import DeviceModules
import FTPModule

/// The device's modules, put within the script's reach.
enum DeviceImports {
  /// Runs the first embedded module, `_ftpy`, which serves the others to `import`, and puts scripts into the
  /// device's root if there is one. Python must have been started.
  ///
  /// False with a Python exception set if that failed.
  static func install(root: DeviceRoot?) -> Bool {
    guard let start = device_module(0)?.pointee,
      let program = namespace(of: "_ftpy.program"),
      set("sources", in: program, to: sources()),
      set("version", in: program, to: PyUnicode_FromString(FTPModule.version)),
      describe(root, in: program),
      let namespace = namespace(of: start.name),
      let code = Py_CompileString(start.source, "<ftpy>/_ftpy", Py_file_input)
    else { return false }
    defer { Py_DecRef(code) }
    guard let result = PyEval_EvalCode(code, namespace, namespace) else { return false }
    Py_DecRef(result)
    return true
  }

  /// Tells `_ftpy.program` where the root is, and what only a root needs. False with an exception set.
  private static func describe(_ root: DeviceRoot?, in program: UnsafeMutablePointer<PyObject>) -> Bool {
    guard let root else { return PyDict_SetItemString(program, "root", py_none()) == 0 }
    guard let replaced = PyDict_New() else { return false }
    defer { Py_DecRef(replaced) }
    guard let builtins = namespace(of: "builtins"),
      let original = PyDict_GetItemString(builtins, "__import__")
    else { return false }
    return set("root", in: program, to: PyUnicode_DecodeFSDefault(root.path))
      && set("start", in: program, to: PyUnicode_DecodeFSDefault(root.start))
      && set("device_import", in: program, to: DeviceImport.function(original: original, replaced: replaced))
      && PyDict_SetItemString(program, "replaced", replaced) == 0
  }

  /// The variables of a module, which is made if there is none: borrowed, or nil with an exception set.
  private static func namespace(of module: UnsafePointer<CChar>) -> UnsafeMutablePointer<PyObject>? {
    PyImport_AddModule(module).flatMap { PyModule_GetDict($0) }
  }

  /// A new dict of the modules' sources by name, each a view of the bytes in the binary, or nil with an
  /// exception set.
  private static func sources() -> UnsafeMutablePointer<PyObject>? {
    guard let table = PyDict_New() else { return nil }
    var index = 0
    while let module = device_module(index)?.pointee {
      // The view is read-only: the C signature asks for a mutable pointer for both kinds.
      let bytes = UnsafeMutablePointer(mutating: module.source)
      let view = PyMemoryView_FromMemory(bytes, Py_ssize_t(module.length), PyBUF_READ)
      guard set(module.name, in: table, to: view) else {
        Py_DecRef(table)
        return nil
      }
      index += 1
    }
    return table
  }

  /// Stores `value`, a new reference that this call takes over, or nil with an exception set. False with
  /// one set.
  private static func set(
    _ name: UnsafePointer<CChar>, in namespace: UnsafeMutablePointer<PyObject>,
    to value: UnsafeMutablePointer<PyObject>?
  ) -> Bool {
    guard let value else { return false }
    defer { Py_DecRef(value) }
    return PyDict_SetItemString(namespace, name, value) == 0
  }
}
