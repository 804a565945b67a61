internal import CPython
internal import PythonBridge

/// `uos`, which the module's scripts have without importing it: there from the start, but run at the first look at it.
enum PredefinedModule {
  /// Puts it into `sys.modules` and into `__main__`.
  static func install() throws(PythonError) {
    let module = try owned(PyModule_New("uos"))
    try firstLook.add(to: module)
    try listing.add(to: module)
    guard let modules = PyImport_GetModuleDict(), let main = PyImport_AddModule("__main__"),
      let variables = PyModule_GetDict(main)
    else { throw PythonError() }
    try module.withPointer { module throws(PythonError) in
      // An import asks for it, and so runs the module.
      try check(PyObject_SetAttrString(module, "__spec__", nil))
      try check(PyDict_SetItemString(modules, "uos", module))
      try check(PyDict_SetItemString(variables, "uos", module))
    }
  }

  /// What Python's own tests and tools ask of all the modules: `sys.modules` must not grow while they go through it.
  private static let absent: [StaticString] = ["__file__", "__path__", "__warningregistry__"]

  private static let firstLook = BuiltinFunction("__getattr__", flags: METH_O) { module, name in
    answer { () throws(PythonError) in
      guard let module, let name else { throw PythonError() }
      let attribute = PythonObject(borrowed: name)
      if absent.contains(where: { attribute.isText($0) }) { throw .noAttribute(name, of: module) }
      return try DeviceFinders.memory().callMethod("load", PythonObject(borrowed: module), attribute)
    }
  }

  private static let listing = BuiltinFunction("__dir__") { module, _ in
    answer { () throws(PythonError) in
      guard let module else { throw PythonError() }
      return try PythonObject(borrowed: module).attribute("__all__")
    }
  }
}
