internal import CPython
internal import PythonBridge

/// What the device has in modules that are Python's own: `sys`, `gc` and `_thread`.
enum DeviceAdditions {
  /// Lets scripts find the device's functions in them. They are made when a script first asks for one.
  ///
  /// `program` is the module `_ftpy.program`, which keeps Python's own `stack_size`.
  static func install(_ program: PythonObject) throws(PythonError) {
    try extend(importModule("sys"), "print_exception")
    try extend(importModule("gc"), "mem_alloc", "mem_free", "threshold")
    let threads = try importModule("_thread")
    try extend(
      threads, "allocate_semphore", "delete_lock", "delete_semphore", "get_heap_size", "stop_thread", "threadIsRunning")
    try program.add("stack_size", threads.attribute("stack_size"))
    try stackSize.add(to: threads, state: program)
    let start = try threads.attribute("start_new_thread")
    for function in [startNewThread, startNew] { try function.add(to: threads, state: start) }
  }

  /// Gives a module a `__getattr__` for these names.
  private static func extend(_ module: PythonObject, _ names: String...) throws(PythonError) {
    let names = try names.map { name throws(PythonError) in try PythonObject.string(name) }
    try firstLook.add(to: module, state: .tuple(module, .tuple(names)))
  }

  private static let firstLook = BuiltinFunction("__getattr__", flags: METH_O) { state, name in
    answer { () throws(PythonError) in
      guard let module = PyTuple_GetItem(state, 0), let names = PyTuple_GetItem(state, 1), let name else {
        throw PythonError()
      }
      let isOurs = PySequence_Contains(names, name)
      try check(isOurs)
      guard isOurs == 1 else { throw .noAttribute(name, of: module) }
      return try DeviceFinders.memory().callMethod(
        .string("addition"), PythonObject(borrowed: module), PythonObject(borrowed: names), PythonObject(borrowed: name)
      )
    }
  }

  private static let startNewThread = starting("start_new_thread")
  /// The old name.
  private static let startNew = starting("start_new")

  /// A function that starts threads as Python's own does, its state, and takes their arguments as a list, too.
  private static func starting(_ name: StaticString) -> BuiltinFunction {
    BuiltinFunction(
      name,
      doc: """
        Calls a function in a new thread, with a tuple or a list of arguments and perhaps a dict of those
        by name, and returns the thread's number.
        """,
      flags: METH_VARARGS
    ) { start, arguments in
      answer { () throws(PythonError) in
        guard let start, let arguments else { throw PythonError() }
        let function = PythonObject(borrowed: start)
        guard PyTuple_Size(arguments) >= 2, let list = PyTuple_GetItem(arguments, 1), py_is_list(list) != 0 else {
          PyErr_Clear()
          return try function.call(arguments: PythonObject(borrowed: arguments), keywords: nil)
        }
        var all: [PythonObject] = []
        for index in 0..<PyTuple_Size(arguments) {
          guard let argument = PyTuple_GetItem(arguments, index) else { throw PythonError() }
          all.append(PythonObject(borrowed: argument))
        }
        all[1] = try owned(PyList_AsTuple(list))
        return try function.call(arguments: .tuple(all), keywords: nil)
      }
    }
  }

  /// The least stack that a thread gets: the device's threads need 8 KiB, Python's crash with 1 MiB where functions of C call
  /// Python's, up to its limit of recursion.
  private static let smallestStack = 0x40_0000

  private static let stackSize = BuiltinFunction(
    "stack_size",
    doc: """
      stack_size(size=0, /)
      --

      Sets the stack of threads to come, in bytes, and returns what was set before; 0: the default.

      Less than 4 MiB is taken for that.
      """,
    flags: METH_VARARGS
  ) { program, arguments in
    answer { () throws(PythonError) in
      guard let program, let arguments else { throw PythonError() }
      let function = try PythonObject(borrowed: program).attribute("stack_size")
      if PyTuple_Size(arguments) == 1, let size = PyTuple_GetItem(arguments, 0), py_is_int(size) != 0 {
        let bytes = PyLong_AsLong(size)
        PyErr_Clear()
        if (1..<smallestStack).contains(bytes) { return try function.call(.integer(smallestStack)) }
      }
      return try function.call(arguments: PythonObject(borrowed: arguments), keywords: nil)
    }
  }
}

extension PythonError {
  /// Sets the AttributeError that Python raises for a module that lacks a name.
  static func noAttribute(_ name: UnsafeMutablePointer<PyObject>, of module: UnsafeMutablePointer<PyObject>)
    -> PythonError
  {
    py_raise_no_attribute(module, name)
    return PythonError()
  }
}
