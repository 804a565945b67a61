internal import CPython

/// Calls of one function that fills memory, slot by slot; no Python object is made for one but its result.
///
/// The memory is Python's: whoever comes by a view of it may keep that.
public final class SlotCalls {
  /// All slots, one behind the other, from a page's beginning on: the system copies to and from there with less effort.
  public let memory: UnsafeMutableRawBufferPointer
  private static let page = 4096
  private let function: PythonObject
  private let slotSize: Int
  /// For each slot its size and a view of it: a `bytearray` does not move as long as there is one.
  private let arguments: [PythonObject]

  /// `function(size, memory)` writes to the memory, as `read` of an `ssl.SSLObject`. Attached. Throws only `MemoryError`.
  public init(_ function: PythonObject, slots: Int, of size: Int) throws(PythonError) {
    self.function = function
    slotSize = size
    let array = try owned(PyByteArray_FromStringAndSize(nil, slots * size + Self.page))
    let address = UnsafeMutableRawPointer(PyByteArray_AsString(array.pointer))
    let offset = address.map { Int(bitPattern: $0.alignedUp(toMultipleOf: Self.page)) - Int(bitPattern: $0) } ?? 0
    let whole = try owned(PyMemoryView_FromObject(array.pointer))
    var arguments: [PythonObject] = []
    for slot in 0..<slots {
      let start = try PythonObject.integer(offset + slot * size)
      let end = try PythonObject.integer(offset + (slot + 1) * size)
      let part = try owned(PySlice_New(start.pointer, end.pointer, nil))
      arguments.append(try .tuple(.integer(size), owned(PyObject_GetItem(whole.pointer, part.pointer))))
    }
    self.arguments = arguments
    memory = UnsafeMutableRawBufferPointer(start: address.map { $0 + offset }, count: address == nil ? 0 : slots * size)
  }

  /// Fills the slot that begins at `offset` of the memory; nil where none does. Attached. Throws what the function raises.
  public func fill(at offset: Int) throws(PythonError) -> Int? {
    let slot = offset / slotSize
    guard offset == slot * slotSize, arguments.indices.contains(slot) else { return nil }
    guard let result = PyObject_Call(function.pointer, arguments[slot].pointer, nil) else { throw PythonError() }
    defer { Py_DecRef(result) }
    let number = PyLong_AsSsize_t(result)
    if number == -1, PyErr_Occurred() != nil { throw PythonError() }
    return number
  }
}
