internal import CPython

/// A Python object that holds a Swift object: its memory is Python's header and one pointer.
///
/// The type that uses it has `NativeObject.size` for its size and `NativeObject.deallocate` for `tp_dealloc`.
public enum NativeObject {
  private struct Layout {
    var header: PyObject
    var content: Unmanaged<AnyObject>?
  }

  /// The `basicsize` of such a type.
  public static var size: Int { MemoryLayout<Layout>.size }

  /// Makes an instance that owns `content`.
  public static func make(_ type: PythonObject, _ content: AnyObject) throws(PythonError) -> PythonObject {
    let instance = try owned(PyType_GenericAlloc(OpaquePointer(type.pointer), 0))
    layout(instance.pointer).pointee.content = Unmanaged.passRetained(content)
    return instance
  }

  /// The Swift object inside. The caller has made sure of the type.
  public static func content<Content: AnyObject>(_ instance: PythonObject, as type: Content.Type) -> Content? {
    layout(instance.pointer).pointee.content?.takeUnretainedValue() as? Content
  }

  /// `tp_dealloc`: lets go of the content, the memory and the type.
  public static let deallocate: @convention(c) (ObjectPointer?) -> Void = { instance in
    guard let instance else { return }
    let type = py_type(instance)
    let content = layout(instance).pointee.content
    layout(instance).pointee.content = nil
    content?.release()
    if let free = PyType_GetSlot(type, Py_tp_free) {
      unsafeBitCast(free, to: (@convention(c) (UnsafeMutableRawPointer?) -> Void).self)(instance)
    }
    Py_DecRef(ObjectPointer(type))
  }

  private static func layout(_ instance: ObjectPointer) -> UnsafeMutablePointer<Layout> {
    UnsafeMutableRawPointer(instance).assumingMemoryBound(to: Layout.self)
  }
}
