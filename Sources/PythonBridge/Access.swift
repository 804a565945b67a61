public import CPython

/// Attributes and calls.
extension PythonObject {
  /// An attribute. Throws `AttributeError` or what a property raises.
  public func attribute(_ name: PythonObject) throws(PythonError) -> PythonObject {
    try owned(PyObject_GetAttr(pointer, name.pointer))
  }

  /// An attribute by a name that is used once.
  public func attribute(_ name: String) throws(PythonError) -> PythonObject { try attribute(.string(name)) }

  /// An attribute, or nil when there is none. Throws what a property raises.
  public func optionalAttribute(_ name: String) throws(PythonError) -> PythonObject? {
    try optionalAttribute(.string(name))
  }

  /// An attribute, or nil when there is none. Throws what a property raises.
  public func optionalAttribute(_ name: PythonObject) throws(PythonError) -> PythonObject? {
    do { return try attribute(name) } catch {
      guard PyErr_ExceptionMatches(py_attribute_error()) != 0 else { throw error }
      PyErr_Clear()
      return nil
    }
  }

  /// Sets an attribute.
  public func setAttribute(_ name: PythonObject, _ value: PythonObject) throws(PythonError) {
    try check(PyObject_SetAttr(pointer, name.pointer, value.pointer))
  }

  /// Calls it with up to three arguments.
  public func call(
    _ first: PythonObject? = nil, _ second: PythonObject? = nil, _ third: PythonObject? = nil
  ) throws(PythonError) -> PythonObject {
    try owned(py_call(pointer, first?.pointer, second?.pointer, third?.pointer))
  }

  /// Calls it with a tuple and a dictionary of arguments.
  public func call(arguments: PythonObject, keywords: PythonObject?) throws(PythonError) -> PythonObject {
    try owned(PyObject_Call(pointer, arguments.pointer, keywords?.pointer))
  }

  /// Calls a method with up to three arguments, as `self.name(...)` would.
  @discardableResult
  public func callMethod(
    _ name: PythonObject, _ first: PythonObject? = nil, _ second: PythonObject? = nil,
    _ third: PythonObject? = nil
  ) throws(PythonError) -> PythonObject {
    try owned(py_call_method(pointer, name.pointer, first?.pointer, second?.pointer, third?.pointer))
  }

  /// Calls a method by a name that is used once.
  @discardableResult
  public func callMethod(
    _ name: String, _ first: PythonObject? = nil, _ second: PythonObject? = nil
  ) throws(PythonError) -> PythonObject {
    try callMethod(.string(name), first, second)
  }

  /// An iterator over it.
  public func iterator() throws(PythonError) -> PythonObject { try owned(PyObject_GetIter(pointer)) }

  /// The next item of an iterator; nil at its end.
  public func next() throws(PythonError) -> PythonObject? {
    if let item = PyIter_Next(pointer) { return PythonObject(owned: item) }
    if PyErr_Occurred() != nil { throw PythonError() }
    return nil
  }

  /// The items of any iterable in order.
  public func items() throws(PythonError) -> [PythonObject] {
    let iterator = try iterator()
    var items: [PythonObject] = []
    while let item = try iterator.next() { items.append(item) }
    return items
  }

  /// The C function behind a built-in function or method; nil for any other callable.
  public var builtinFunction: UnsafeRawPointer? {
    guard py_is_builtin_function(pointer) != 0 else { return nil }
    return unsafeBitCast(PyCFunction_GetFunction(pointer), to: UnsafeRawPointer?.self)
  }

  /// The object that a built-in method is bound to.
  public var builtinSelf: PythonObject? {
    guard py_is_builtin_function(pointer) != 0 else { return nil }
    return PyCFunction_GetSelf(pointer).map { PythonObject(borrowed: $0) }
  }
}

/// Imports a module, or takes it from `sys.modules`.
public func importModule(_ name: String) throws(PythonError) -> PythonObject {
  try owned(PythonObject.string(name).withPointer { PyImport_Import($0) })
}

/// What `sys.modules` has under a name; nil for nothing. It costs a hundredth of an import, which looks there as well.
public func loadedModule(_ name: PythonObject) throws(PythonError) -> PythonObject? {
  if let module = PyImport_GetModule(name.pointer) { return PythonObject(owned: module) }
  if PyErr_Occurred() != nil { throw PythonError() }
  return nil
}

/// The module that defines a class with this very table of methods, of which `instance` is one by the first base of each class in between; nil
/// when there is none. Attached.
public func definingModule(of instance: ObjectPointer, methods: UnsafePointer<PyMethodDef>) -> ObjectPointer? {
  var type = py_type(instance)
  while PyType_GetSlot(type, Py_tp_methods).map({ UnsafeRawPointer($0) }) != UnsafeRawPointer(methods) {
    guard let base = PyType_GetSlot(type, Py_tp_base) else { return nil }
    type = OpaquePointer(base)
  }
  return PyType_GetModule(type)
}

/// Classes.
extension PythonObject {
  /// Whether a class is another, or derives from it.
  public func isSubclass(of type: PythonObject) -> Bool { PyErr_GivenExceptionMatches(pointer, type.pointer) != 0 }

  /// Whether it is an instance of a class. Throws what `__instancecheck__` raises.
  public func isInstance(of type: PythonObject) throws(PythonError) -> Bool {
    let answer = PyObject_IsInstance(pointer, type.pointer)
    try check(answer)
    return answer == 1
  }

  /// A new instance of a class that only the constructor of one of its bases, which is built in, has seen. `arguments` is a tuple.
  public static func instance(
    of type: PythonObject, initializedAs base: PythonObject, _ arguments: PythonObject
  ) throws(PythonError) -> PythonObject {
    guard let new = PyType_GetSlot(OpaquePointer(type.pointer), Py_tp_new),
      let initialize = PyType_GetSlot(OpaquePointer(base.pointer), Py_tp_init)
    else { throw .type("a class without a constructor") }
    let instance = try owned(unsafeBitCast(new, to: newfunc.self)(OpaquePointer(type.pointer), arguments.pointer, nil))
    try check(unsafeBitCast(initialize, to: initproc.self)(instance.pointer, arguments.pointer, nil))
    return instance
  }

  /// Makes an exception class; `name` is the dotted name.
  public static func exceptionClass(
    _ name: String, _ documentation: String, base: PythonObject
  ) throws(PythonError) -> PythonObject {
    try owned(
      name.withCString { name in
        documentation.withCString { PyErr_NewExceptionWithDoc(name, $0, base.pointer, nil) }
      })
  }

  /// Makes an ordinary class, as `type(name, bases, namespace)` does.
  public static func makeClass(
    _ name: String, bases: [PythonObject], namespace: PythonObject
  ) throws(PythonError) -> PythonObject { try typeType.call(.string(name), .tuple(bases), namespace) }

  /// Makes an ordinary class whose constructor `inspect.signature` knows: `signature` is its parameters, as in `(host, port=21)`.
  ///
  /// A class keeps the documentation that it was made with, of which that is the first line, when its `__doc__` gets another.
  public static func makeClass(
    _ name: String, bases: [PythonObject], namespace: PythonObject, signature: String, documentation: String
  ) throws(PythonError) -> PythonObject {
    try namespace.set(.string("\(name)\(signature)\n--\n\n"), for: "__doc__")
    let type = try makeClass(name, bases: bases, namespace: namespace)
    try type.setAttribute(.string("__doc__"), .string(documentation))
    return type
  }

  /// The module, made from `definition`, that defines this class; nil for any other class.
  public func definingModule(_ definition: UnsafeMutablePointer<PyModuleDef>) -> PythonObject? {
    guard let module = PyType_GetModule(OpaquePointer(pointer)) else {
      PyErr_Clear()
      return nil
    }
    return PyModule_GetDef(module) == definition ? PythonObject(borrowed: module) : nil
  }

  /// Adds a name to a module.
  public func add(_ name: String, _ value: PythonObject) throws(PythonError) {
    try check(name.withCString { PyModule_AddObjectRef(pointer, $0, value.pointer) })
  }
}
