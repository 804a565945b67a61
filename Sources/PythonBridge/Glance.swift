internal import CPython
internal import Glibc

/// An object that the caller keeps alive while it is looked at. It makes no Swift object, of itself or of what it finds: for what is asked
/// at every command. Attached.
public struct Glance {
  let pointer: ObjectPointer

  /// Looks at an object that somebody else owns, for as long as that is so.
  public init(_ pointer: ObjectPointer) { self.pointer = pointer }

  /// Calls `body` with a reference of its own to it.
  public func object<Result, Failure: Error>(
    _ body: (PythonObject) throws(Failure) -> Result
  ) throws(Failure) -> Result { try body(PythonObject(borrowed: pointer)) }

  /// Whether it is a `str`, a subclass included.
  public var isString: Bool { py_is_str(pointer) != 0 }

  /// The value of an attribute that is an `int`. Throws as `attribute` and `integer`.
  public func integer(_ name: Glance) throws(PythonError) -> Int {
    try Self.integer(taking: PyObject_GetAttr(pointer, name.pointer))
  }

  /// Whether an attribute is this very object. Throws as `attribute`.
  public func has(_ name: Glance, _ value: PythonObject) throws(PythonError) -> Bool {
    guard let found = PyObject_GetAttr(pointer, name.pointer) else { throw PythonError() }
    Py_DecRef(found)
    return found == value.pointer
  }

  /// Whether an attribute is `None`. Throws as `attribute`.
  public func hasNone(_ name: Glance) throws(PythonError) -> Bool {
    guard let found = PyObject_GetAttr(pointer, name.pointer) else { throw PythonError() }
    Py_DecRef(found)
    return found == py_none()
  }

  /// Whether an attribute is a `str` of these ASCII characters; mostly it is `usual`, which is one. Throws as `attribute`.
  public func has(_ name: Glance, text: StaticString, usually usual: PythonObject) throws(PythonError) -> Bool {
    guard let found = PyObject_GetAttr(pointer, name.pointer) else { throw PythonError() }
    defer { Py_DecRef(found) }
    return found == usual.pointer || py_is_str(found) != 0 && PyUnicode_CompareWithASCIIString(found, text.cString) == 0
  }

  /// Sets an attribute.
  public func set(_ name: Glance, _ value: PythonObject) throws(PythonError) {
    try check(PyObject_SetAttr(pointer, name.pointer, value.pointer))
  }

  /// Sets an attribute to `None`.
  public func setNone(_ name: Glance) throws(PythonError) {
    try check(PyObject_SetAttr(pointer, name.pointer, py_none()))
  }

  /// Whether an attribute is `None`, `True`, `False` or another `int`: what is always the same number, and as true. Throws as `attribute`.
  public func hasConstant(_ name: Glance) throws(PythonError) -> Bool {
    guard let found = PyObject_GetAttr(pointer, name.pointer) else { throw PythonError() }
    defer { Py_DecRef(found) }
    return found == py_none() || py_is_exact_int(found) != 0
  }

  /// The Swift object inside an attribute; nil where that is no instance of this very type, which holds such objects. Throws as `attribute`.
  public func content<Content: AnyObject>(
    of name: Glance, _ type: PythonObject, as content: Content.Type
  ) throws(PythonError) -> Content? {
    guard let found = PyObject_GetAttr(pointer, name.pointer) else { throw PythonError() }
    defer { Py_DecRef(found) }
    guard ObjectPointer(py_type(found)) == type.pointer else { return nil }
    return NativeObject.content(found, as: content)
  }

  /// What a method without arguments returns as an `int`. Throws what it raises, and as `integer`.
  public func callForInteger(_ method: Glance) throws(PythonError) -> Int {
    try Self.integer(taking: py_call_method(pointer, method.pointer, nil, nil, nil))
  }

  /// What a method without arguments returns as a number, nil for `None`. Throws what it raises, and as `double`.
  public func callForNumber(_ method: Glance) throws(PythonError) -> Double? {
    try Self.number(taking: py_call_method(pointer, method.pointer, nil, nil, nil))
  }

  /// The UTF-8 of a `str`, valid while that lives; nil when it has lone surrogates, and so none. Throws `TypeError` for anything else.
  public func utf8() throws(PythonError) -> UnsafeRawBufferPointer? {
    var count = 0
    guard let start = PyUnicode_AsUTF8AndSize(pointer, &count) else {
      guard PyErr_ExceptionMatches(py_unicode_error()) != 0 else { throw PythonError() }
      PyErr_Clear()
      return nil
    }
    return UnsafeRawBufferPointer(start: start, count: count)
  }

  /// Whether it is a `str` of these bytes in UTF-8.
  public func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var count = 0
    guard let start = PyUnicode_AsUTF8AndSize(pointer, &count) else {
      PyErr_Clear()
      return false
    }
    guard count == bytes.count else { return false }
    return count == 0 || bytes.baseAddress.map { memcmp($0, start, count) == 0 } ?? false
  }

  static func integer(taking result: ObjectPointer?) throws(PythonError) -> Int {
    guard let result else { throw PythonError() }
    defer { Py_DecRef(result) }
    let value = PyLong_AsSsize_t(result)
    if value == -1, PyErr_Occurred() != nil { throw PythonError() }
    return value
  }

  static func number(taking result: ObjectPointer?) throws(PythonError) -> Double? {
    guard let result else { throw PythonError() }
    defer { Py_DecRef(result) }
    if result == py_none() { return nil }
    let value = PyFloat_AsDouble(result)
    if value == -1, PyErr_Occurred() != nil { throw PythonError() }
    return value
  }
}

extension PythonObject {
  /// A look at it, for as long as somebody keeps it.
  public var glance: Glance { Glance(pointer) }

  /// Whether an attribute is this very object. Throws as `attribute`.
  public func hasAttribute(_ name: PythonObject, _ value: PythonObject) throws(PythonError) -> Bool {
    try Glance(pointer).has(Glance(name.pointer), value)
  }
}
