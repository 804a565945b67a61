internal import CPython

/// Hands one `str` after the other to a callable, each as an instance of a subclass: `callable(type(text))`.
///
/// For very many short ones: it makes no Swift object for each, calls the `__new__` of `str` without looking it up where it must be called,
/// and appends itself, many at once, where the callable is the `append` of a list.
public final class StringCalls {
  private let callable: PythonObject
  private let type: PythonObject
  /// Gets each string too, before the call.
  private let collection: PythonObject?
  /// The list whose `append` the callable is.
  private let target: PythonObject?
  /// The arguments of `__new__`. It changes, and so the garbage collector must not show it to anybody.
  private let arguments: PythonObject
  private let make: newfunc
  // The same objects once more: a Swift reference is counted each time that it is taken out of here.
  private let callablePointer: ObjectPointer
  private let typePointer: ObjectPointer
  private let collectionPointer: ObjectPointer?
  private let targetPointer: ObjectPointer?

  /// `type` is a subclass of `str` without a `__new__`, an `__init__`, slots or attributes of instances of its own; `collection` is a list.
  /// Attached. Throws only `MemoryError`.
  public init(
    _ callable: PythonObject, each type: PythonObject, collectedIn collection: PythonObject? = nil
  ) throws(PythonError) {
    self.callable = callable
    self.type = type
    self.collection = collection
    let append = try PythonObject.list().attribute("append").builtinFunction
    let owner = callable.builtinFunction == append ? callable.builtinSelf : nil
    target = owner.flatMap { py_is_exact_list($0.pointer) != 0 ? $0 : nil }
    callablePointer = callable.pointer
    typePointer = type.pointer
    collectionPointer = collection?.pointer
    targetPointer = target?.pointer
    arguments = try owned(PyTuple_New(1))
    PyObject_GC_UnTrack(arguments.pointer)
    guard let slot = PyType_GetSlot(OpaquePointer(py_str_type()), Py_tp_new) else { throw PythonError() }
    make = unsafeBitCast(slot, to: newfunc.self)
  }

  /// Calls with each of these texts in UTF-8, strictly, and runs `body` after each, unless the callable is a list's `append`. Attached.
  ///
  /// Throws `UnicodeDecodeError`, and what the callable raises and `body` throws.
  public func call(utf8 texts: [UnsafeRawBufferPointer], _ body: () throws -> Void) throws {
    if let targetPointer { return try append(utf8: texts, to: targetPointer) }
    for text in texts {
      let string = try make(utf8: text)
      defer { Py_DecRef(string) }
      if let list = collectionPointer { try check(PyList_Append(list, string)) }
      guard let result = py_call(callablePointer, string, nil, nil) else { throw PythonError() }
      Py_DecRef(result)
      try body()
    }
  }

  /// Appends all of them at once, or those before the first that is no UTF-8.
  private func append(utf8 texts: [UnsafeRawBufferPointer], to target: ObjectPointer) throws(PythonError) {
    guard let strings = PyList_New(texts.count) else { throw PythonError() }
    defer { Py_DecRef(strings) }
    func extend() throws(PythonError) {
      for list in [collectionPointer, target] {
        if let list { try check(PyList_SetSlice(list, .max, .max, strings)) }
      }
    }
    var made = 0
    do {
      for text in texts {
        try check(PyList_SetItem(strings, made, make(utf8: text)))
        made += 1
      }
    } catch {
      PythonError.preserving {
        try check(PyList_SetSlice(strings, made, texts.count, nil))
        try extend()
      }
      throw error
    }
    try extend()
  }

  /// A new reference to an instance of the class.
  private func make(utf8 text: UnsafeRawBufferPointer) throws(PythonError) -> ObjectPointer {
    guard let string = PythonObject.decode(text) else { throw PythonError() }
    if py_str_becomes(string, text.count, typePointer) != 0 { return string }
    try check(PyTuple_SetItem(arguments.pointer, 0, string))
    guard let made = make(OpaquePointer(typePointer), arguments.pointer, nil) else { throw PythonError() }
    return made
  }
}
