internal import CPython
internal import DeviceModules
internal import FTPModule
internal import PythonBridge

/// The device's modules, put within the script's reach.
///
/// All that comes before a script is here and in C: Python compiles nothing at the start. The modules are Python, and are
/// compiled when a script asks for one.
enum DeviceImports {
  /// Makes the packages `_ftpy` and `_ftpy.program`, puts finders on `sys.meta_path`, predefines `uos`, and puts scripts into
  /// the device's root if there is one. Python must have been started. `memoryLimit` is what `gc` tells of: the bytes that a script may use.
  /// `ownsProcess` says that the process ends with the script, and when the script switches the device off.
  ///
  /// False with a Python exception set if that failed.
  static func install(root: DeviceRoot?, memoryLimit: Int?, ownsProcess: Bool = false) -> Bool {
    do {
      // A package without a folder.
      try setAttribute("__path__", of: module("_ftpy"), to: .list())
      let program = try module("_ftpy.program")
      try setAttribute("version", of: program, to: .string(FTPModule.version))
      try describe(root, in: program)
      try setAttribute(
        "memory_limit", of: program, to: memoryLimit.map { limit throws(PythonError) in try .integer(limit) } ?? .none)
      try setAttribute("owns_process", of: program, to: owned(PyBool_FromLong(ownsProcess ? 1 : 0)))
      try setAttribute("ended_by", of: program, to: .none)
      try setAttribute("is_ending", of: program, to: .bool(false))
      if ownsProcess, root == nil { try LostThreads.tellAtExit() }
      try BuiltinFunction.memoryUsed.add(to: program)
      try ScheduledCall.schedule.add(to: program)
      try BuiltinFunction.unlimited.add(to: program)
      try DeviceFinders.install()
      try DeviceAdditions.install(program)
      try PredefinedModule.install()
      if root != nil { try importModule("_ftpy.deviceroot").callMethod("install") }
      if try isMultiprocessingChild() { try importModule("_ftpy.child").callMethod("install") }
      return true
    } catch { return false }
  }

  /// A module of this name in `sys.modules`, which is made if there is none.
  private static func module(_ name: StaticString) throws(PythonError) -> PythonObject {
    guard let module = PyImport_AddModule(name.cString) else { throw PythonError() }
    return PythonObject(borrowed: module)
  }

  private static func setAttribute(
    _ name: StaticString, of object: PythonObject, to value: PythonObject
  ) throws(PythonError) {
    try object.withPointer { object throws(PythonError) in
      try value.withPointer { value throws(PythonError) in
        try check(PyObject_SetAttrString(object, name.cString, value))
      }
    }
  }

  /// Tells `_ftpy.program` where the root is, and what only a root needs.
  private static func describe(_ root: DeviceRoot?, in program: PythonObject) throws(PythonError) {
    guard let root else { return try setAttribute("root", of: program, to: .none) }
    let replaced = try PythonObject.dictionary()
    guard let builtins = PyEval_GetBuiltins(), let original = PyDict_GetItemString(builtins, "__import__") else {
      throw .raise(.runtimeError, "lost __import__")
    }
    let function = try replaced.withPointer { replaced throws(PythonError) in
      try owned(DeviceImport.function(original: original, replaced: replaced))
    }
    try setAttribute("root", of: program, to: owned(PyUnicode_DecodeFSDefault(root.path)))
    try setAttribute("start", of: program, to: owned(PyUnicode_DecodeFSDefault(root.start)))
    try setAttribute("device_import", of: program, to: function)
    try setAttribute("replaced", of: program, to: replaced)
  }

  /// Whether `multiprocessing` has started this process, which will run a script again.
  private static func isMultiprocessingChild() throws(PythonError) -> Bool {
    guard let words = PySys_GetObject("orig_argv"), let arguments = PySys_GetObject("argv"), PyList_Size(arguments) > 0,
      let first = PyList_GetItem(arguments, 0), PythonObject(borrowed: first).isText("-c")
    else { return false }
    for index in 0..<PyList_Size(words) {
      guard let word = PyList_GetItem(words, index) else { throw PythonError() }
      if try PythonObject(borrowed: word).hasPrefix("from multiprocessing.") { return true }
    }
    return false
  }
}

extension PythonObject {
  /// Whether it is text that begins so.
  fileprivate func hasPrefix(_ text: StaticString) throws(PythonError) -> Bool {
    guard isString else { return false }
    return try prefix(text.utf8CodeUnitCount).isText(text)
  }
}
