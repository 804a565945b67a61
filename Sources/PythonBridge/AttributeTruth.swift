internal import CPython

/// What an attribute or an item is, without a Swift object for it: a transfer asks for a dozen. Attached.
extension PythonObject {
  /// Whether an attribute is true. Throws as `attribute`, and what its `__bool__` raises.
  public func hasTrueAttribute(_ name: PythonObject) throws(PythonError) -> Bool {
    guard let found = PyObject_GetAttr(pointer, name.pointer) else { throw PythonError() }
    defer { Py_DecRef(found) }
    let truth = PyObject_IsTrue(found)
    guard truth >= 0 else { throw PythonError() }
    return truth == 1
  }

  /// Whether an attribute is `None`. Throws as `attribute`.
  public func hasNoneAttribute(_ name: PythonObject) throws(PythonError) -> Bool {
    try glance.hasNone(name.glance)
  }

  /// Whether a `dict` has this very object under a key that is a `str`.
  public func hasItem(_ value: PythonObject, for key: PythonObject) -> Bool {
    if let found = PyDict_GetItemWithError(pointer, key.pointer) { return found == value.pointer }
    // Another key's `__eq__` may have raised something.
    PyErr_Clear()
    return false
  }
}
