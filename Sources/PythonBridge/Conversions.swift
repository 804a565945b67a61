public import CPython

/// Swift values as new Python objects, and back.
extension PythonObject {
  /// A `str`. Throws only `MemoryError`.
  public static func string(_ text: String) throws(PythonError) -> PythonObject {
    var text = text
    return try owned(text.withUTF8 { decode(UnsafeRawBufferPointer($0)) })
  }

  /// A `str` from UTF-8, strictly. Throws `UnicodeDecodeError`.
  public static func string(utf8 bytes: UnsafeRawBufferPointer) throws(PythonError) -> PythonObject {
    try owned(decode(bytes))
  }

  /// A `str` that is one object with all of its text that are names, and so is found the fastest. Throws only `MemoryError`.
  public static func name(_ text: String) throws(PythonError) -> PythonObject {
    try owned(text.withCString { PyUnicode_InternFromString($0) })
  }

  static func decode(_ bytes: UnsafeRawBufferPointer) -> ObjectPointer? {
    PyUnicode_DecodeUTF8(bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? emptyText, bytes.count, nil)
  }

  /// A `bytes` with a copy of these bytes.
  public static func bytes(_ bytes: UnsafeRawBufferPointer) throws(PythonError) -> PythonObject {
    try owned(PyBytes_FromStringAndSize(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count))
  }

  /// An `int`.
  public static func integer(_ value: Int) throws(PythonError) -> PythonObject { try owned(PyLong_FromSsize_t(value)) }

  /// An `int`.
  public static func integer(_ value: UInt64) throws(PythonError) -> PythonObject {
    try owned(PyLong_FromUnsignedLongLong(value))
  }

  /// A `float`.
  public static func float(_ value: Double) throws(PythonError) -> PythonObject { try owned(PyFloat_FromDouble(value)) }

  /// A `tuple`.
  public static func tuple(_ items: PythonObject...) throws(PythonError) -> PythonObject { try tuple(items) }

  /// A `tuple`.
  public static func tuple(_ items: [PythonObject]) throws(PythonError) -> PythonObject {
    let tuple = try owned(PyTuple_New(items.count))
    for (index, item) in items.enumerated() { try check(PyTuple_SetItem(tuple.pointer, index, item.newReference())) }
    return tuple
  }

  /// An empty `list`.
  public static func list() throws(PythonError) -> PythonObject { try owned(PyList_New(0)) }

  /// Appends to a `list`.
  public func append(_ item: PythonObject) throws(PythonError) { try check(PyList_Append(pointer, item.pointer)) }

  /// Appends a `str` for each of these texts to a `list`, from UTF-8, strictly: a listing has very many.
  public func append(utf8 texts: [UnsafeRawBufferPointer]) throws(PythonError) {
    for text in texts {
      guard let text = Self.decode(text) else { throw PythonError() }
      let status = PyList_Append(pointer, text)
      Py_DecRef(text)
      try check(status)
    }
  }

  /// An empty `dict`.
  public static func dictionary() throws(PythonError) -> PythonObject { try owned(PyDict_New()) }

  /// Sets an item of a `dict`.
  public func set(_ value: PythonObject, for key: PythonObject) throws(PythonError) {
    try check(PyDict_SetItem(pointer, key.pointer, value.pointer))
  }

  /// Sets an item of a `dict` to a `str`, from UTF-8, strictly: the same as to set `.string(utf8:)`, of which a listing has very many.
  public func set(utf8 value: UnsafeRawBufferPointer, for key: PythonObject) throws(PythonError) {
    guard let text = Self.decode(value) else { throw PythonError() }
    let status = PyDict_SetItem(pointer, key.pointer, text)
    Py_DecRef(text)
    try check(status)
  }

  /// A tuple of a `str`, from UTF-8, strictly, and a copy of a `dict`.
  public static func pair(
    _ text: UnsafeRawBufferPointer, copying dictionary: PythonObject
  ) throws(PythonError) -> PythonObject {
    guard let text = decode(text) else { throw PythonError() }
    guard let copy = PyDict_Copy(dictionary.pointer) else {
      Py_DecRef(text)
      throw PythonError()
    }
    guard let pair = PyTuple_New(2) else {
      Py_DecRef(text)
      Py_DecRef(copy)
      throw PythonError()
    }
    // Both take over what they are given, when they fail too.
    let status = (PyTuple_SetItem(pair, 0, text), PyTuple_SetItem(pair, 1, copy))
    let result = PythonObject(owned: pair)
    try check(min(status.0, status.1))
    return result
  }

  /// How many items a `dict` has.
  public func count() throws(PythonError) -> Int {
    let count = PyDict_Size(pointer)
    guard count >= 0 else { throw PythonError() }
    return count
  }

  /// Sets an item of a `dict`.
  public func set(_ value: PythonObject, for key: String) throws(PythonError) { try set(value, for: .string(key)) }

  /// The value of a key of a `dict`; nil when there is none. Throws what the key's `__hash__` or `__eq__` raises.
  public func value(for key: PythonObject) throws(PythonError) -> PythonObject? {
    if let value = PyDict_GetItemWithError(pointer, key.pointer) { return PythonObject(borrowed: value) }
    if PyErr_Occurred() != nil { throw PythonError() }
    return nil
  }

  /// `str(self)`: for a subclass of `str` an exact `str`.
  public func string() throws(PythonError) -> PythonObject {
    py_is_exact_str(pointer) != 0 ? self : try owned(PyObject_Str(pointer))
  }

  /// The characters of a `str`, whatever its class makes of them. Throws `UnicodeEncodeError` for a lone surrogate.
  public func characters() throws(PythonError) -> PythonObject {
    if py_is_exact_str(pointer) != 0 { return self }
    var count = 0
    guard let start = PyUnicode_AsUTF8AndSize(pointer, &count) else { throw PythonError() }
    return try .string(utf8: UnsafeRawBufferPointer(start: start, count: count))
  }

  /// `repr(self)`.
  public func representation() throws(PythonError) -> PythonObject { try owned(PyObject_Repr(pointer)) }

  /// What `str()` says of it.
  public func text() throws(PythonError) -> String { try string().utf8Text() }

  /// Whether it is a `str` of these ASCII characters.
  public func isText(_ text: StaticString) -> Bool {
    isString && PyUnicode_CompareWithASCIIString(pointer, text.cString) == 0
  }

  /// The first characters of a `str`. Throws `TypeError` for anything else.
  public func prefix(_ count: Int) throws(PythonError) -> PythonObject {
    guard isString else { throw .type("a str is required, not '\(typeName)'") }
    return try owned(PyUnicode_Substring(pointer, 0, count))
  }

  /// Two `str` in one; where one of them is `bytes` both are, a `str` in UTF-8.
  public func appending(_ other: PythonObject) throws(PythonError) -> PythonObject {
    guard isBytes || other.isBytes else { return try owned(PyUnicode_Concat(pointer, other.pointer)) }
    let start = isBytes ? self : try encoded("utf-8")
    let end = other.isBytes ? other : try other.encoded("utf-8")
    return try owned(PySequence_Concat(start.pointer, end.pointer))
  }

  /// A sequence, such as a `str` or `bytes`, without its first items.
  public func dropping(_ count: Int) throws(PythonError) -> PythonObject {
    try owned(PySequence_GetSlice(pointer, count, .max))
  }

  /// An item of a sequence.
  public func item(_ index: Int) throws(PythonError) -> PythonObject { try owned(PySequence_GetItem(pointer, index)) }

  /// A weak reference to it.
  public func weakReference() throws(PythonError) -> PythonObject { try owned(PyWeakref_NewRef(pointer, nil)) }

  /// A `str` from bytes in an encoding; `errors` is Python's name of what to do with those that do not fit.
  ///
  /// Throws `UnicodeDecodeError`, or `LookupError` for an unknown encoding or handler.
  public static func string(
    _ bytes: UnsafeRawBufferPointer, encoding: String, errors: String = "strict"
  ) throws(PythonError) -> PythonObject {
    let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? emptyText
    return try owned(
      encoding.withCString { encoding in
        errors.withCString { PyUnicode_Decode(start, bytes.count, encoding, $0) }
      })
  }

  /// The `bytes` of a `str` in an encoding. Throws `TypeError` for anything else, `UnicodeEncodeError`, or `LookupError`.
  public func encoded(_ encoding: String, errors: String = "strict") throws(PythonError) -> PythonObject {
    guard isString else { throw .type("a str is required, not '\(typeName)'") }
    return try owned(
      encoding.withCString { encoding in
        errors.withCString { PyUnicode_AsEncodedString(pointer, encoding, $0) }
      })
  }

  /// `bytes(self)` of a bytes-like object.
  public func bytes() throws(PythonError) -> PythonObject { try owned(PyBytes_FromObject(pointer)) }
}

/// What `PyUnicode_DecodeUTF8` gets for no bytes: it takes no null pointer.
private var emptyText: UnsafePointer<CChar> {
  let text: StaticString = ""
  return UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

extension PythonObject {
  /// A `str` as Swift text. Throws `TypeError` for anything else, `UnicodeEncodeError` for lone surrogates.
  public func utf8Text() throws(PythonError) -> String {
    try withUTF8 { String(decoding: $0, as: UTF8.self) }
  }

  /// Calls `body` with the UTF-8 of a `str`, valid during the call. Throws as `utf8Text`.
  public func withUTF8<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws(PythonError) -> Result {
    guard isString else { throw .type("a str is required, not '\(typeName)'") }
    var count = 0
    guard let start = PyUnicode_AsUTF8AndSize(pointer, &count) else { throw PythonError() }
    return body(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// Calls `body` with the UTF-8 of a `str`, valid during the call; nil when it has lone surrogates, and so none. Throws `TypeError` for
  /// anything else, and what `body` throws.
  public func withEncodableUTF8<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result? {
    guard isString else { throw PythonError.type("a str is required, not '\(typeName)'") }
    var count = 0
    guard let start = PyUnicode_AsUTF8AndSize(pointer, &count) else {
      guard PyErr_ExceptionMatches(py_unicode_error()) != 0 else { throw PythonError() }
      PyErr_Clear()
      return nil
    }
    return try body(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// An `int` as Swift's. Throws `TypeError` for anything that is no integer, `OverflowError` when it does not fit.
  public func integer() throws(PythonError) -> Int {
    let value = PyLong_AsSsize_t(pointer)
    if value == -1, PyErr_Occurred() != nil { throw PythonError() }
    return value
  }

  /// An `int` or `float` as a double. Throws `TypeError` for anything else.
  public func double() throws(PythonError) -> Double {
    let value = PyFloat_AsDouble(pointer)
    if value == -1, PyErr_Occurred() != nil { throw PythonError() }
    return value
  }

  /// Calls `body` with the bytes of a bytes-like object, valid during the call. Throws `TypeError` for anything else.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    var view = Py_buffer()
    try check(PyObject_GetBuffer(pointer, &view, PyBUF_SIMPLE))
    defer { PyBuffer_Release(&view) }
    return try body(UnsafeRawBufferPointer(start: view.buf, count: view.len))
  }

  /// Calls `body` with a `memoryview` of this memory that Python may write to. It is of no use afterwards; what is cut out of it, or
  /// cast from it, must not be kept: for functions that are known not to.
  ///
  /// `release` is that word as a Python string, from those who lend often: for each record of a TLS connection.
  public static func lending<Result>(
    _ memory: UnsafeMutableRawBufferPointer, release: PythonObject? = nil, _ body: (PythonObject) throws -> Result
  ) throws -> Result { try lending(UnsafeRawBufferPointer(memory), PyBUF_WRITE, release, body) }

  /// Calls `body` with a `memoryview` of this memory that Python may read, as above.
  public static func lending<Result>(
    _ memory: UnsafeRawBufferPointer, release: PythonObject? = nil, _ body: (PythonObject) throws -> Result
  ) throws -> Result { try lending(memory, PyBUF_READ, release, body) }

  private static func lending<Result>(
    _ memory: UnsafeRawBufferPointer, _ access: CInt, _ release: PythonObject?,
    _ body: (PythonObject) throws -> Result
  ) throws -> Result {
    let start = UnsafeMutablePointer(mutating: memory.baseAddress?.assumingMemoryBound(to: CChar.self))
    guard let start else { return try body(.bytes(memory)) }
    let view = try owned(PyMemoryView_FromMemory(start, memory.count, access))
    // A traceback's frames, or a debugger's, may keep the view.
    defer { PythonError.preserving { try view.callMethod(release ?? .string("release")) } }
    return try body(view)
  }

  /// The name of its class for a message.
  public var typeName: String {
    guard let name = PyType_GetName(py_type(pointer)) else {
      PyErr_Clear()
      return "object"
    }
    let object = PythonObject(owned: name)
    do { return try object.utf8Text() } catch {
      PyErr_Clear()
      return "object"
    }
  }
}

extension PythonObject {
  /// Fills a buffer view with the memory of a `bytes`, which the view then owns. Returns what `bf_getbuffer` returns.
  public func fill(_ view: UnsafeMutablePointer<Py_buffer>, flags: CInt) -> CInt {
    var start: UnsafeMutablePointer<CChar>?
    var count = 0
    guard PyBytes_AsStringAndSize(pointer, &start, &count) == 0 else {
      view.pointee.obj = nil
      return -1
    }
    return PyBuffer_FillInfo(view, pointer, start, count, 1, flags)
  }
}
