import CPython
import CScriptRuntime

/// A function of this program for its Python modules.
///
/// Its definition lives as long as the process: Python keeps the pointer.
struct BuiltinFunction: @unchecked Sendable {
  private let definition: UnsafeMutablePointer<PyMethodDef>

  init(_ name: StaticString, flags: CInt = METH_NOARGS, _ body: @escaping PyCFunction) {
    let text = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    definition = .allocate(capacity: 1)
    definition.initialize(to: PyMethodDef(ml_name: text, ml_meth: body, ml_flags: flags, ml_doc: nil))
  }

  /// A new reference to the function, or nil with a Python exception set.
  func make() -> UnsafeMutablePointer<PyObject>? { PyCMethod_New(definition, nil, nil, nil) }

  /// Stores it in a dictionary under its name. False with a Python exception set.
  func add(to dictionary: UnsafeMutablePointer<PyObject>) -> Bool {
    guard let function = make() else { return false }
    defer { Py_DecRef(function) }
    return PyDict_SetItemString(dictionary, definition.pointee.ml_name, function) == 0
  }

  /// `memory_used()`: bytes that the script uses now.
  static var memoryUsed: BuiltinFunction {
    BuiltinFunction("memory_used") { _, _ in PyLong_FromSize_t(script_memory_used()) }
  }
}
