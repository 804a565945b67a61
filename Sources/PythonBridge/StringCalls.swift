internal import CPython

/// Hands one `str` after the other to a callable, each as an instance of a subclass: `callable(type(text))`.
///
/// For very many short ones: it makes no Swift object for each, and calls the `__new__` of `str` without looking it up.
public final class StringCalls {
  private let callable: PythonObject
  private let type: PythonObject
  /// The arguments of `__new__`. It changes, and so the garbage collector must not show it to anybody.
  private let arguments: PythonObject
  private let make: newfunc

  /// `type` is a subclass of `str` without a `__new__` or an `__init__` of its own. Attached. Throws only `MemoryError`.
  public init(_ callable: PythonObject, each type: PythonObject) throws(PythonError) {
    self.callable = callable
    self.type = type
    arguments = try owned(PyTuple_New(1))
    PyObject_GC_UnTrack(arguments.pointer)
    guard let slot = PyType_GetSlot(OpaquePointer(py_str_type()), Py_tp_new) else { throw PythonError() }
    make = unsafeBitCast(slot, to: newfunc.self)
  }

  /// Calls with a text in UTF-8, strictly. Attached. Throws `UnicodeDecodeError`, and what the callable raises.
  public func call(utf8 bytes: UnsafeRawBufferPointer) throws(PythonError) {
    let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
    guard let start, let text = PyUnicode_DecodeUTF8(start, bytes.count, nil) else {
      if start != nil { throw PythonError() }
      return try call(.string(""))
    }
    try call(owned: text)
  }

  /// Calls with a `str`. Attached. Throws what the callable raises.
  public func call(_ text: PythonObject) throws(PythonError) { try call(owned: text.newReference()) }

  private func call(owned text: ObjectPointer) throws(PythonError) {
    try check(PyTuple_SetItem(arguments.pointer, 0, text))
    guard let string = make(OpaquePointer(type.pointer), arguments.pointer, nil) else { throw PythonError() }
    let result = py_call(callable.pointer, string, nil, nil)
    Py_DecRef(string)
    guard let result else { throw PythonError() }
    Py_DecRef(result)
  }
}
