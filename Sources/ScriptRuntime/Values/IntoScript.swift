internal import CPython
internal import PythonBridge

/// A Swift type whose values can become objects of Python's: arguments of a call, a registered function's result.
///
/// The library's own are those of `FromScript`, and `UnsafeRawBufferPointer` as `bytes`. A `Codable` type of yours becomes one by conforming to
/// `ScriptCodable`; any other by making one of those: `try [x, y].intoScript()`.
public protocol IntoScript: SendableMetatype {
  /// A new object. Throws `MemoryError`, or `.conversion` when there is no object for the value.
  func intoScript() throws(ScriptError) -> OwnedReference
}

extension IntoScript where Self: FixedWidthInteger {
  /// An `int`.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    if let value = Int64(exactly: self) { return try OwnedReference(checking: PyLong_FromLongLong(value)) }
    guard let value = UInt64(exactly: self) else {
      throw ScriptError(.conversion, type: "OverflowError", "\(self) has more than 64 bits")
    }
    return try OwnedReference(checking: PyLong_FromUnsignedLongLong(value))
  }
}

extension Int: IntoScript {}
extension Int8: IntoScript {}
extension Int16: IntoScript {}
extension Int32: IntoScript {}
extension Int64: IntoScript {}
extension UInt: IntoScript {}
extension UInt8: IntoScript {}
extension UInt16: IntoScript {}
extension UInt32: IntoScript {}
extension UInt64: IntoScript {}

extension Bool: IntoScript {
  /// `True` or `False`.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    let pointer = self ? py_true() : py_false()
    Py_IncRef(pointer)
    return OwnedReference(pointer)
  }
}

extension Double: IntoScript {
  /// A `float`.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    try OwnedReference(checking: PyFloat_FromDouble(self))
  }
}

extension Float: IntoScript {
  /// A `float`.
  public func intoScript() throws(ScriptError) -> OwnedReference { try Double(self).intoScript() }
}

extension String: IntoScript {
  /// A `str`.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    var text = self
    let object = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { PyUnicode_FromStringAndSize($0.baseAddress, $0.count) }
    }
    return try OwnedReference(checking: object)
  }
}

extension UnsafeRawBufferPointer: IntoScript {
  /// A `bytes` with a copy of these bytes: the one copy that there must be.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    try OwnedReference(
      checking: PyBytes_FromStringAndSize(baseAddress?.assumingMemoryBound(to: CChar.self), count))
  }
}

extension Array: IntoScript where Element: IntoScript {
  /// A `list`; `[UInt8]` is `bytes`, copied once.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    if Element.self == UInt8.self, let bytes = self as? [UInt8] {
      let object = bytes.withUnsafeBytes { bytes in
        PyBytes_FromStringAndSize(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
      }
      return try OwnedReference(checking: object)
    }
    try Conversion.enter()
    defer { Conversion.leave() }
    let list = try OwnedReference(checking: PyList_New(count))
    for (index, element) in enumerated() {
      let item = try element.intoScript()
      // It takes the reference over, whatever becomes of it.
      guard PyList_SetItem(list.pointer, index, item.take()) == 0 else { throw ScriptError.taken() }
    }
    return list
  }
}

extension Set: IntoScript where Element: IntoScript {
  /// A `set`.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    try Conversion.enter()
    defer { Conversion.leave() }
    let set = try OwnedReference(checking: PySet_New(nil))
    for element in self {
      let item = try element.intoScript()
      guard PySet_Add(set.pointer, item.pointer) == 0 else { throw ScriptError.taken() }
    }
    return set
  }
}

extension Dictionary: IntoScript where Key: IntoScript, Value: IntoScript {
  /// A `dict`.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    try Conversion.enter()
    defer { Conversion.leave() }
    let dictionary = try OwnedReference(checking: PyDict_New())
    for (key, value) in self {
      let name = try key.intoScript()
      let item = try value.intoScript()
      guard PyDict_SetItem(dictionary.pointer, name.pointer, item.pointer) == 0 else { throw ScriptError.taken() }
    }
    return dictionary
  }
}

extension Optional: IntoScript where Wrapped: IntoScript {
  /// nil is `None`.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    if let self { return try self.intoScript() }
    Py_IncRef(py_none())
    return OwnedReference(py_none())
  }
}
