public import CPython

/// What C calls when Python calls a method: the object, the class that defines the method, the arguments.
public typealias MethodImplementation =
  @convention(c) (
    ObjectPointer?, OpaquePointer?, UnsafePointer<ObjectPointer?>?, Int, ObjectPointer?
  ) -> ObjectPointer?

/// What C calls when Python calls a module's function.
public typealias FunctionImplementation =
  @convention(c) (ObjectPointer?, UnsafePointer<ObjectPointer?>?, Int, ObjectPointer?) -> ObjectPointer?

/// Its pointers are to text and code that live as long as the process.
extension PyMethodDef: @retroactive @unchecked Sendable {
  /// A method of a class. The documentation begins with its signature: `name($self, a, b=1)\n--\n\n`.
  public static func method(
    _ name: StaticString, _ documentation: StaticString, _ implementation: MethodImplementation
  ) -> PyMethodDef {
    PyMethodDef(
      ml_name: name.cString, ml_meth: unsafeBitCast(implementation, to: PyCFunction.self),
      ml_flags: py_method_flags, ml_doc: documentation.cString)
  }

  /// A function of a module.
  public static func function(
    _ name: StaticString, _ documentation: StaticString, _ implementation: FunctionImplementation
  ) -> PyMethodDef {
    PyMethodDef(
      ml_name: name.cString, ml_meth: unsafeBitCast(implementation, to: PyCFunction.self),
      ml_flags: py_function_flags, ml_doc: documentation.cString)
  }
}

extension StaticString {
  /// The text for C: it lives as long as the process.
  public var cString: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}

/// A table that Python keeps a pointer to, ended by an element of zeros: made once, never freed.
public struct StaticTable<Element>: @unchecked Sendable {
  /// The first element.
  public let start: UnsafeMutablePointer<Element>

  /// Copies the elements and adds the end.
  public init(_ elements: [Element], end: Element) {
    start = .allocate(capacity: elements.count + 1)
    (start + 0).initialize(from: elements, count: elements.count)
    (start + elements.count).initialize(to: end)
  }
}

extension PythonObject {
  /// Adds functions to a module.
  public func add(_ functions: StaticTable<PyMethodDef>) throws(PythonError) {
    try check(PyModule_AddFunctions(pointer, functions.start))
  }
}

/// Makes a heap type from its slots. `name` is the dotted name; `flags` is one of the `py_…_type_flags`.
///
/// Throws what `PyType_FromModuleAndSpec` raises.
public func makeType(
  in module: PythonObject, name: String, size: Int, flags: UInt32, base: PythonObject? = nil, slots: [PyType_Slot]
) throws(PythonError) -> PythonObject {
  // Older interpreters keep the name's pointer: a few bytes for each type live as long as the process.
  let name = name.utf8CString
  let kept = UnsafeMutablePointer<CChar>.allocate(capacity: name.count)
  for (index, character) in name.enumerated() { (kept + index).initialize(to: character) }
  var table = slots + [PyType_Slot()]
  let type = table.withUnsafeMutableBufferPointer { slots in
    var spec = PyType_Spec(name: kept, basicsize: CInt(size), itemsize: 0, flags: flags, slots: slots.baseAddress)
    return PyType_FromModuleAndSpec(module.pointer, &spec, base?.pointer)
  }
  return try owned(type)
}

extension PyType_Slot {
  /// A slot with a function or a table, as C keeps it: an untyped pointer.
  public init<Value>(_ slot: CInt, _ value: Value) {
    self.init(slot: slot, pfunc: unsafeBitCast(value, to: UnsafeMutableRawPointer.self))
  }
}
