internal import CPython

/// A class attribute that says when Python code takes an instance's value.
///
/// The value is in the instance's `__dict__`, as it would be without this; an instance without one has `initial`, as has the class. To a
/// subclass, an instance of one or a patch that has an attribute of the same name it is an attribute like any other.
public final class WatchedAttribute: ReferenceHolder {
  private let name: PythonObject
  private let initial: PythonObject
  private let whenTaken: (Glance) -> Void
  @exclusivity(unchecked) private var isQuiet = false
  /// How many times Python code has taken a value.
  public private(set) var takings = 0

  /// `whenTaken` gets the instance, before Python code gets its value. Attached.
  public init(_ name: PythonObject, initial: PythonObject, whenTaken: @escaping (Glance) -> Void) {
    (self.name, self.initial, self.whenTaken) = (name, initial, whenTaken)
  }

  /// What the garbage collector must see.
  public var references: [PythonObject] { [name, initial] }

  /// Nothing: its name and the first value are in no cycle.
  public func clearReferences() {}

  /// The attribute of an instance, for a look that Python code does not share. Throws as `attribute`.
  public func look(at instance: PythonObject) throws(PythonError) -> PythonObject {
    isQuiet = true
    defer { isQuiet = false }
    return try instance.attribute(name)
  }

  /// Whether the attribute of an instance is this very object. Throws as `attribute`.
  public func isIn(_ instance: Glance, _ value: PythonObject) throws(PythonError) -> Bool {
    isQuiet = true
    defer { isQuiet = false }
    return try instance.has(name.glance, value)
  }

  /// Whether the attribute of an instance is `None`. Throws as `attribute`.
  public func isNone(in instance: Glance) throws(PythonError) -> Bool {
    isQuiet = true
    defer { isQuiet = false }
    return try instance.hasNone(name.glance)
  }

  /// Whether it watches this instance: no class has another attribute of the name, or attributes of its own kind. Attached.
  public func watches(_ instance: PythonObject) -> Bool { watches(instance.glance) }

  /// The same of an object that somebody else keeps.
  public func watches(_ instance: Glance) -> Bool {
    let type = py_type(instance.pointer)
    guard PyType_GetSlot(type, Py_tp_getattro) == py_generic_lookup(),
      PyType_GetSlot(type, Py_tp_setattro) == py_generic_setting()
    else { return false }
    isQuiet = true
    defer { isQuiet = false }
    guard let found = PyObject_GetAttr(ObjectPointer(type), name.pointer) else {
      PyErr_Clear()
      return false
    }
    defer { Py_DecRef(found) }
    return PyType_GetSlot(py_type(found), Py_tp_descr_get) == unsafeBitCast(Self.get, to: UnsafeMutableRawPointer.self)
      && NativeObject.content(found, as: WatchedAttribute.self) === self
  }

  // MARK: As a Python object

  /// Makes the type of such attributes. `name` is the dotted name.
  public static func makeType(in module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    try PythonBridge.makeType(
      in: module, name: name, size: NativeObject.size, flags: py_fixed_collected_type_flags,
      slots: NativeObject.slots + [PyType_Slot(Py_tp_descr_get, get), PyType_Slot(Py_tp_descr_set, set)])
  }

  private static let get: @convention(c) (ObjectPointer?, ObjectPointer?, ObjectPointer?) -> ObjectPointer? = {
    attribute, instance, _ in
    guard let attribute, let own = NativeObject.content(attribute, as: WatchedAttribute.self) else {
      PyErr_SetNone(py_attribute_error())
      return nil
    }
    guard let instance, instance != py_none() else {
      let shown = own.isQuiet ? attribute : own.initial.pointer
      Py_IncRef(shown)
      return shown
    }
    if !own.isQuiet {
      own.takings &+= 1
      own.whenTaken(Glance(instance))
    }
    guard let dictionary = PyObject_GenericGetDict(instance, nil) else { return nil }
    defer { Py_DecRef(dictionary) }
    guard let value = PyDict_GetItemWithError(dictionary, own.name.pointer) ?? own.initialUnlessFailed else {
      return nil
    }
    Py_IncRef(value)
    return value
  }

  private var initialUnlessFailed: ObjectPointer? { PyErr_Occurred() == nil ? initial.pointer : nil }

  private static let set: @convention(c) (ObjectPointer?, ObjectPointer?, ObjectPointer?) -> CInt = {
    attribute, instance, value in
    guard let attribute, let own = NativeObject.content(attribute, as: WatchedAttribute.self), let instance else {
      PyErr_SetNone(py_attribute_error())
      return -1
    }
    guard let dictionary = PyObject_GenericGetDict(instance, nil) else { return -1 }
    defer { Py_DecRef(dictionary) }
    if let value { return PyDict_SetItem(dictionary, own.name.pointer, value) }
    let status = PyDict_DelItem(dictionary, own.name.pointer)
    // As of any attribute.
    if status < 0, PyErr_ExceptionMatches(py_key_error()) != 0 {
      PyErr_SetObject(py_attribute_error(), own.name.pointer)
    }
    return status
  }
}
