internal import CPython

/// Calls one function again and again with memory that it is lent, and takes the number that it returns: for the records of a TLS
/// connection, of which there are very many. It makes no Swift object for a call.
public final class LentCalls {
  private let function: PythonObject
  private let release: PythonObject
  /// A built-in one keeps nothing of what it is lent; of any other a traceback's frames, or a debugger's, may keep the view.
  private let isBuiltIn: Bool
  /// More than any memory here has: the functions of `ssl` take it for the memory's size.
  private let all: PythonObject

  /// `release` is that word as a Python string. Attached. Throws only `MemoryError`.
  public init(_ function: PythonObject, release: PythonObject) throws(PythonError) {
    self.function = function
    self.release = release
    isBuiltIn = function.builtinFunction != nil
    all = try .integer(1 << 30)
  }

  /// `function(size, memory)`, which writes to the memory, as `read` of an `ssl.SSLObject`. Attached. Throws what it raises.
  public func fill(_ memory: UnsafeMutableRawBufferPointer) throws(PythonError) -> Int {
    try call(memory.baseAddress, memory.count, PyBUF_WRITE, all)
  }

  /// `function(memory)`, which reads the memory. Attached. Throws what it raises.
  @discardableResult
  public func pass(_ memory: UnsafeRawBufferPointer) throws(PythonError) -> Int {
    try call(UnsafeMutableRawPointer(mutating: memory.baseAddress), memory.count, PyBUF_READ, nil)
  }

  private func call(
    _ start: UnsafeMutableRawPointer?, _ count: Int, _ access: CInt, _ size: PythonObject?
  ) throws(PythonError) -> Int {
    guard let start else { return 0 }
    guard let view = PyMemoryView_FromMemory(start.assumingMemoryBound(to: CChar.self), count, access) else {
      throw PythonError()
    }
    defer { Py_DecRef(view) }
    let result = py_call(function.pointer, size?.pointer ?? view, size == nil ? nil : view, nil)
    if !isBuiltIn {
      PythonError.preserving { Py_DecRef(py_call_method(view, release.pointer, nil, nil, nil)) }
    }
    guard let result else { throw PythonError() }
    defer { Py_DecRef(result) }
    let number = PyLong_AsSsize_t(result)
    if number == -1, PyErr_Occurred() != nil { throw PythonError() }
    return number
  }
}
