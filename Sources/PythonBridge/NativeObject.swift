public import CPython

/// A Swift object inside a Python object that refers to other Python objects: the garbage collector must see them.
public protocol ReferenceHolder: AnyObject {
  /// The objects referred to.
  var references: [PythonObject] { get }
  /// Lets go of them: the object is part of a cycle that nobody else refers to.
  func clearReferences()
}

/// A Python object that holds a Swift object: its memory is Python's header and one pointer.
///
/// The type that uses it has `NativeObject.size` for its size, `py_collected_type_flags`, and `NativeObject.slots` among its slots.
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
    content(instance.pointer, as: type)
  }

  static func content<Content: AnyObject>(_ instance: ObjectPointer, as type: Content.Type) -> Content? {
    guard let content = layout(instance).pointee.content else { return nil }
    return unsafeDowncast(content.takeUnretainedValue(), to: type)
  }

  /// The slots that each such type has.
  public static var slots: [PyType_Slot] {
    [
      PyType_Slot(Py_tp_dealloc, deallocate), PyType_Slot(Py_tp_traverse, traverse), PyType_Slot(Py_tp_clear, clear),
    ]
  }

  private static let traverse: @convention(c) (ObjectPointer?, visitproc?, UnsafeMutableRawPointer?) -> CInt = {
    instance, visit, argument in
    guard let instance, let visit else { return 0 }
    let status = visit(ObjectPointer(py_type(instance)), argument)
    if status != 0 { return status }
    guard let holder = layout(instance).pointee.content?.takeUnretainedValue() as? any ReferenceHolder else { return 0 }
    for reference in holder.references {
      let status = visit(reference.pointer, argument)
      if status != 0 { return status }
    }
    return 0
  }

  private static let clear: @convention(c) (ObjectPointer?) -> CInt = { instance in
    guard let instance else { return 0 }
    (layout(instance).pointee.content?.takeUnretainedValue() as? any ReferenceHolder)?.clearReferences()
    return 0
  }

  /// `tp_dealloc`: lets go of the content, the memory and the type.
  private static let deallocate: @convention(c) (ObjectPointer?) -> Void = { instance in
    guard let instance else { return }
    PyObject_GC_UnTrack(instance)
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
