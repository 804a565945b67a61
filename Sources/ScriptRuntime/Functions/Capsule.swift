internal import CPython
internal import PythonBridge

/// A kind of capsule: an object of Python's that owns one of Swift's, which Python code can pass on and not look into.
///
/// A script can put any capsule in the place of any other; the kind's name is what tells them apart.
struct Capsule<Content: AnyObject>: Sendable {
  private let name: StaticString

  init(_ name: StaticString) { self.name = name }

  /// A new one. Throws only `MemoryError`.
  func make(_ content: Content) throws(PythonError) -> PythonObject {
    let address = Unmanaged<AnyObject>.passRetained(content)
    let capsule = PyCapsule_New(
      address.toOpaque(), name.cString,
      { capsule in
        guard let address = PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)) else { return }
        Unmanaged<AnyObject>.fromOpaque(address).release()
      })
    guard let capsule else {
      address.release()
      throw PythonError()
    }
    return PythonObject(owned: capsule)
  }

  /// What it owns; nil for any other object.
  func content(of object: ObjectPointer?) -> Content? {
    guard let address = PyCapsule_GetPointer(object, name.cString) else {
      PyErr_Clear()
      return nil
    }
    return Unmanaged<Content>.fromOpaque(address).takeUnretainedValue()
  }
}
