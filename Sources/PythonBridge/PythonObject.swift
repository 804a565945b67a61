public import CPython

/// A Python object as C knows it: valid while somebody owns a reference to it.
public typealias ObjectPointer = UnsafeMutablePointer<PyObject>

/// An owned reference to a Python object.
///
/// Make, use and drop it only while attached to the interpreter: its `deinit` gives the reference back. The pointer inside
/// stays in this library: Swift may drop a reference right after its last use, so a pointer taken out of a temporary dangles before
/// C has read it.
public final class PythonObject {
  let pointer: ObjectPointer

  /// Takes over a reference that the caller owns ("new reference", "stolen").
  public init(owned pointer: ObjectPointer) { self.pointer = pointer }

  /// Takes a reference of its own to an object that somebody else owns.
  public convenience init(borrowed pointer: ObjectPointer) {
    Py_IncRef(pointer)
    self.init(owned: pointer)
  }

  deinit { Py_DecRef(pointer) }

  /// A reference of its own for a caller in C that takes ownership.
  public func newReference() -> ObjectPointer {
    Py_IncRef(pointer)
    return pointer
  }

  /// Calls `body` with the pointer, which is valid during the call.
  public func withPointer<Result, Failure: Error>(
    _ body: (ObjectPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result { try body(pointer) }

  /// Whether both are the same object.
  public static func === (left: PythonObject, right: PythonObject) -> Bool { left.pointer == right.pointer }
  /// Whether they are different objects.
  public static func !== (left: PythonObject, right: PythonObject) -> Bool { left.pointer != right.pointer }

  /// Whether it is an instance of this class itself, not of a subclass.
  public func isExactly(_ type: PythonObject) -> Bool { ObjectPointer(py_type(pointer)) == type.pointer }

  /// Its class.
  public var type: PythonObject { PythonObject(borrowed: ObjectPointer(py_type(pointer))) }
  /// Whether it is `None`.
  public var isNone: Bool { pointer == py_none() }
  /// Whether it is a `str`, a subclass included.
  public var isString: Bool { py_is_str(pointer) != 0 }
  /// Whether it is a `bytes`, a subclass included.
  public var isBytes: Bool { py_is_bytes(pointer) != 0 }
  /// Whether it is an `int`, `bool` included.
  public var isInteger: Bool { py_is_int(pointer) != 0 }
  /// Whether it is a `list` or a `tuple`.
  public var isListOrTuple: Bool { py_is_list(pointer) != 0 || py_is_tuple(pointer) != 0 }
  /// Whether it can be called.
  public var isCallable: Bool { PyCallable_Check(pointer) != 0 }

  /// Whether Python would call it true. Throws what its `__bool__` raises.
  public func isTrue() throws(PythonError) -> Bool {
    let truth = PyObject_IsTrue(pointer)
    guard truth >= 0 else { throw PythonError() }
    return truth == 1
  }
}

/// Objects that always exist.
extension PythonObject {
  /// `None`.
  public static var none: PythonObject { PythonObject(borrowed: py_none()) }
  /// `True` or `False`.
  public static func bool(_ value: Bool) -> PythonObject { PythonObject(borrowed: value ? py_true() : py_false()) }
  /// The class `str`.
  public static var strType: PythonObject { PythonObject(borrowed: py_str_type()) }
  /// The class `type`.
  public static var typeType: PythonObject { PythonObject(borrowed: py_type_type()) }
  /// The class `OSError`.
  public static var osError: PythonObject { PythonObject(borrowed: py_os_error()) }
  /// The class `EOFError`.
  public static var eofError: PythonObject { PythonObject(borrowed: py_eof_error()) }
  /// The class `TimeoutError`.
  public static var timeoutError: PythonObject { PythonObject(borrowed: py_timeout_error()) }
  /// The class `AttributeError`.
  public static var attributeError: PythonObject { PythonObject(borrowed: py_attribute_error()) }
  /// The class `TypeError`.
  public static var typeError: PythonObject { PythonObject(borrowed: py_type_error()) }
  /// The class `ValueError`.
  public static var valueError: PythonObject { PythonObject(borrowed: py_value_error()) }
  /// The class `UnicodeError`.
  public static var unicodeError: PythonObject { PythonObject(borrowed: py_unicode_error()) }
  /// The class `ImportError`.
  public static var importError: PythonObject { PythonObject(borrowed: py_import_error()) }
  /// The class `RuntimeError`.
  public static var runtimeError: PythonObject { PythonObject(borrowed: py_runtime_error()) }
  /// The class `MemoryError`.
  public static var memoryError: PythonObject { PythonObject(borrowed: py_memory_error()) }
  /// The class `Exception`.
  public static var exception: PythonObject { PythonObject(borrowed: py_exception()) }
}
