internal import CPython

/// Memory that becomes a `bytes`: filled while nobody else knows the object, and handed over without a copy.
public final class BytesBlock {
  private var object: PythonObject?
  /// The memory to fill, detached or not; valid until `take`.
  public let memory: UnsafeMutableRawBufferPointer

  /// A block of so many bytes, at least one. Attached. Throws only `MemoryError`.
  public init(capacity: Int) throws(PythonError) {
    let object = try owned(PyBytes_FromStringAndSize(nil, max(capacity, 1)))
    guard let start = PyBytes_AsString(object.pointer) else { throw PythonError() }
    self.object = object
    memory = UnsafeMutableRawBufferPointer(start: start, count: max(capacity, 1))
  }

  deinit { if object != nil { Attachment.attach { object = nil } } }

  /// The first `count` bytes as a `bytes`. Attached.
  ///
  /// Of a full block that is the object itself, and `memory` is not to be touched any more; of another one a copy, and the block can be
  /// filled again: the stable ABI cannot shorten a `bytes`.
  public func take(_ count: Int) throws(PythonError) -> PythonObject {
    guard count == memory.count, let full = object else {
      return try .bytes(UnsafeRawBufferPointer(rebasing: memory.prefix(count)))
    }
    object = nil
    return full
  }

  /// Whether it can be filled again.
  public var isAtHand: Bool { object != nil }
}
