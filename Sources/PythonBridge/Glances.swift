internal import CPython

/// Looks at an object that make no Swift object for what they see: for what is asked at every command. Attached.
extension PythonObject {
  /// The value of an attribute that is an `int`. Throws as `attribute` and `integer`.
  public func integerAttribute(_ name: PythonObject) throws(PythonError) -> Int {
    try Self.integer(taking: PyObject_GetAttr(pointer, name.pointer))
  }

  /// Whether an attribute is this very object. Throws as `attribute`.
  public func hasAttribute(_ name: PythonObject, _ value: PythonObject) throws(PythonError) -> Bool {
    guard let found = PyObject_GetAttr(pointer, name.pointer) else { throw PythonError() }
    Py_DecRef(found)
    return found == value.pointer
  }

  /// Whether an attribute is a `str` of these ASCII characters. Throws as `attribute`.
  public func hasAttribute(_ name: PythonObject, text: StaticString) throws(PythonError) -> Bool {
    guard let found = PyObject_GetAttr(pointer, name.pointer) else { throw PythonError() }
    defer { Py_DecRef(found) }
    return py_is_str(found) != 0 && PyUnicode_CompareWithASCIIString(found, text.cString) == 0
  }

  /// What a method without arguments returns as an `int`. Throws what it raises, and as `integer`.
  public func callForInteger(_ method: PythonObject) throws(PythonError) -> Int {
    try Self.integer(taking: py_call_method(pointer, method.pointer, nil, nil, nil))
  }

  /// What a method without arguments returns as a number, nil for `None`. Throws what it raises, and as `double`.
  public func callForNumber(_ method: PythonObject) throws(PythonError) -> Double? {
    guard let result = py_call_method(pointer, method.pointer, nil, nil, nil) else { throw PythonError() }
    defer { Py_DecRef(result) }
    if result == py_none() { return nil }
    let value = PyFloat_AsDouble(result)
    if value == -1, PyErr_Occurred() != nil { throw PythonError() }
    return value
  }

  /// Calls it with three arguments and drops the result. Throws what it raises.
  public func perform(_ first: PythonObject, _ second: PythonObject, _ third: PythonObject) throws(PythonError) {
    guard let result = py_call(pointer, first.pointer, second.pointer, third.pointer) else { throw PythonError() }
    Py_DecRef(result)
  }

  private static func integer(taking result: ObjectPointer?) throws(PythonError) -> Int {
    guard let result else { throw PythonError() }
    defer { Py_DecRef(result) }
    let value = PyLong_AsSsize_t(result)
    if value == -1, PyErr_Occurred() != nil { throw PythonError() }
    return value
  }
}
