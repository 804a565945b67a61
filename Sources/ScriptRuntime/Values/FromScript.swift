internal import CPython
internal import PythonBridge

/// A Swift type that can be made from an object of Python's: the type of a result, or of a registered function's argument.
///
/// The library's own: integers, `Bool`, `Double`, `Float`, `String`, `[UInt8]`, arrays, dictionaries, sets, optionals and `ScriptObject`. A `Codable` type of
/// yours becomes one by conforming to `ScriptCodable`; any other by this initialiser, made of those of the library. What is nested more than 512 deep
/// throws `.conversion` (`RecursionError`), as it does in the other direction.
public protocol FromScript: SendableMetatype {
  /// Reads an object. Throws `.conversion` when it is not of a class that fits.
  init(fromScript reference: borrowing BorrowedReference) throws(ScriptError)

  /// Whether a registered function's argument of this type may be left out, as that of an optional.
  static var isOptional: Bool { get }
}

extension FromScript {
  /// It may not.
  public static var isOptional: Bool { false }
}

extension FromScript where Self: FixedWidthInteger {
  /// An `int`, or what has `__index__`. Throws `.conversion` (`OverflowError`) when it does not fit.
  public init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    let pointer = reference.pointer
    guard py_is_int(pointer) != 0 else {
      guard PyIndex_Check(pointer) != 0 else {
        throw .mismatch(expected: "int", found: BorrowedReference(pointer))
      }
      let index = try OwnedReference(checking: PyNumber_Index(pointer))
      self = try Self(fromScript: BorrowedReference(index.pointer))
      return
    }
    var overflow: CInt = 0
    let value = PyLong_AsLongLongAndOverflow(pointer, &overflow)
    if overflow == 0 {
      guard let value = Self(exactly: value) else { throw Self.overflow(pointer) }
      self = value
      return
    }
    let unsigned = PyLong_AsUnsignedLongLong(pointer)
    if PyErr_Occurred() != nil {
      PyErr_Clear()
      throw Self.overflow(pointer)
    }
    guard let value = Self(exactly: unsigned) else { throw Self.overflow(pointer) }
    self = value
  }

  private static func overflow(_ pointer: ObjectPointer) -> ScriptError {
    ScriptError(.conversion, type: "OverflowError", "the int does not fit \(Self.self)")
  }
}

extension Int: FromScript {}
extension Int8: FromScript {}
extension Int16: FromScript {}
extension Int32: FromScript {}
extension Int64: FromScript {}
extension UInt: FromScript {}
extension UInt8: FromScript {}
extension UInt16: FromScript {}
extension UInt32: FromScript {}
extension UInt64: FromScript {}

extension Bool: FromScript {
  /// `True` or `False`, and nothing else that counts as either.
  public init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    let pointer = reference.pointer
    guard pointer == py_true() || pointer == py_false() else {
      throw .mismatch(expected: "bool", found: BorrowedReference(pointer))
    }
    self = pointer == py_true()
  }
}

extension Double: FromScript {
  /// A `float` or `int`, or what has `__float__`.
  public init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    let value = PyFloat_AsDouble(reference.pointer)
    if value == -1, PyErr_Occurred() != nil {
      guard PythonError.matches(.typeError) else { throw Conversion.misfit() }
      PyErr_Clear()
      throw .mismatch(expected: "float", found: BorrowedReference(reference.pointer))
    }
    self = value
  }
}

extension Float: FromScript {
  /// As `Double`, rounded.
  public init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    self = Float(try Double(fromScript: reference))
  }
}

extension String: FromScript {
  /// A `str`. Throws `.conversion` also for one with half a surrogate pair, which no Unicode text has.
  public init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    let pointer = reference.pointer
    guard py_is_str(pointer) != 0 else { throw .mismatch(expected: "str", found: BorrowedReference(pointer)) }
    var count = 0
    guard let start = PyUnicode_AsUTF8AndSize(pointer, &count) else { throw Conversion.misfit() }
    try Conversion.take(bytes: count)
    self = String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
  }
}

extension Array: FromScript where Element: FromScript {
  /// A `list`, a `tuple` or any other iterable but text; for `[UInt8]` a bytes-like object as well, whose bytes are copied once.
  public init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    let pointer = reference.pointer
    if Element.self == UInt8.self, PyObject_CheckBuffer(pointer) != 0 {
      let bytes = try withBuffer(pointer) { (bytes) throws(ScriptError) in
        try Conversion.take(bytes: bytes.count)
        return Swift.Array(bytes)
      }
      if let bytes = bytes as? [Element] {
        self = bytes
        return
      }
    }
    guard py_is_str(pointer) == 0, py_is_bytes(pointer) == 0 else {
      throw .mismatch(expected: "list", found: BorrowedReference(pointer))
    }
    try Conversion.enter()
    defer { Conversion.leave() }
    self = []
    if py_is_list(pointer) != 0 || py_is_tuple(pointer) != 0 {
      let isList = py_is_list(pointer) != 0
      let size = Swift.max(0, isList ? PyList_Size(pointer) : PyTuple_Size(pointer))
      let (bytes, isTooMuch) = size.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
      try Conversion.take(bytes: isTooMuch ? .max : bytes)
      reserveCapacity(size)
      var index = 0
      // The size is asked for each time: reading an item may run code that changes the list.
      while index < (isList ? PyList_Size(pointer) : PyTuple_Size(pointer)) {
        guard let item = isList ? PyList_GetItem(pointer, index) : PyTuple_GetItem(pointer, index) else {
          throw ScriptError.taken()
        }
        Py_IncRef(item)
        let kept = OwnedReference(item)
        append(try at(index) { () throws(ScriptError) in try Element(fromScript: BorrowedReference(kept.pointer)) })
        index += 1
      }
      return
    }
    try Conversion.forEachItem(of: pointer) { (item) throws(ScriptError) in
      try Conversion.take(bytes: MemoryLayout<Element>.stride)
      append(try at(count) { () throws(ScriptError) in try Element(fromScript: BorrowedReference(item)) })
    }
  }
}

extension Set: FromScript where Element: FromScript {
  /// A `set`, or any other iterable but text. Throws `.conversion` for a `set` with two items that are equal in Swift.
  public init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    let isSet = py_is_set(reference.pointer) != 0
    self = []
    for item in try [Element](fromScript: reference) where !insert(item).inserted && isSet {
      throw Conversion.same("two items", item)
    }
  }
}

extension Dictionary: FromScript where Key: FromScript, Value: FromScript {
  /// A `dict`. Throws `.conversion` also for one with two keys that are equal in Swift, as `'\u00e9'` and `'e\u0301'` are.
  public init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    let pointer = reference.pointer
    guard py_is_dict(pointer) != 0 else { throw .mismatch(expected: "dict", found: BorrowedReference(pointer)) }
    // A copy of the pairs: reading one may run code that changes the dictionary.
    let items = try OwnedReference(checking: PyDict_Items(pointer))
    try Conversion.enter()
    defer { Conversion.leave() }
    self = [:]
    for index in 0..<Swift.max(0, PyList_Size(items.pointer)) {
      guard let item = PyList_GetItem(items.pointer, index), let key = PyTuple_GetItem(item, 0),
        let value = PyTuple_GetItem(item, 1)
      else { throw ScriptError.taken() }
      // The copy is within a script's reach, by `gc`.
      Py_IncRef(item)
      let kept = OwnedReference(item)
      defer { _ = kept.pointer }
      try Conversion.take(bytes: MemoryLayout<(Key, Value)>.stride)
      let name = try Key(fromScript: BorrowedReference(key))
      let content = try at(name) { () throws(ScriptError) in try Value(fromScript: BorrowedReference(value)) }
      guard updateValue(content, forKey: name) == nil else { throw Conversion.same("two keys", name) }
    }
  }
}

extension Optional: FromScript where Wrapped: FromScript {
  /// `None` is nil.
  public init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    self = reference.isNone ? nil : try Wrapped(fromScript: reference)
  }

  /// It may.
  public static var isOptional: Bool { true }
}

/// Calls `body` with the bytes of a bytes-like object.
func withBuffer<Result>(
  _ pointer: ObjectPointer, _ body: (UnsafeRawBufferPointer) throws(ScriptError) -> Result
) throws(ScriptError) -> Result {
  var view = Py_buffer()
  guard PyObject_GetBuffer(pointer, &view, PyBUF_SIMPLE) == 0 else { throw Conversion.misfit() }
  defer { PyBuffer_Release(&view) }
  return try body(UnsafeRawBufferPointer(start: view.buf, count: view.len))
}

/// Says where in a list or a dictionary a value does not fit.
private func at<Result>(
  _ place: some Any, _ body: () throws(ScriptError) -> Result
) throws(ScriptError) -> Result {
  do { return try body() } catch {
    guard Conversion.hasPlace(error) else { throw error }
    throw ScriptError(.conversion, type: error.type, "item \(place): \(error.message)")
  }
}
