internal import CPython

/// Some methods of a class as they were made, and whether an object still has them.
public final class OwnMethods {
  private let methods: UnsafeMutableBufferPointer<(name: ObjectPointer, method: ObjectPointer)>
  private let references: [PythonObject]

  /// Takes the methods that a class has now. Attached. Throws `AttributeError`.
  public init(_ names: [PythonObject], of type: PythonObject) throws(PythonError) {
    var references: [PythonObject] = []
    var methods: [(name: ObjectPointer, method: ObjectPointer)] = []
    for name in names {
      let method = try type.attribute(name)
      references += [name, method]
      methods.append((name.pointer, method.pointer))
    }
    self.references = references
    self.methods = .allocate(capacity: methods.count)
    _ = self.methods.initialize(from: methods)
  }

  deinit { methods.deallocate() }

  /// What the garbage collector must see.
  public var all: [PythonObject] { references }

  /// Whether `object.name` is such a method for each of them: neither its class, nor one in between, nor the object itself has another.
  /// Attached.
  public func areAll(of object: PythonObject) -> Bool { areAll(of: object.glance) }

  /// The same for all but the first so many. It makes no object: it is asked for each command.
  public func areAll(of object: Glance, but first: Int = 0) -> Bool {
    let type = py_type(object.pointer)
    // A class with lookups of its own may find anything.
    guard PyType_GetSlot(type, Py_tp_getattro) == py_generic_lookup(),
      areAll(ofClass: ObjectPointer(type), but: first), let dictionary = PyObject_GenericGetDict(object.pointer, nil)
    else {
      PyErr_Clear()
      return false
    }
    defer { Py_DecRef(dictionary) }
    for (name, _) in methods.dropFirst(first) where PyDict_GetItemWithError(dictionary, name) != nil { return false }
    return true
  }

  /// Whether a class has these methods. Attached.
  public func areAll(ofClass type: PythonObject) -> Bool { areAll(ofClass: type.pointer, but: 0) }

  private func areAll(ofClass type: ObjectPointer, but first: Int) -> Bool {
    for (name, method) in methods.dropFirst(first) {
      guard let found = PyObject_GetAttr(type, name) else {
        PyErr_Clear()
        return false
      }
      Py_DecRef(found)
      guard found == method else { return false }
    }
    return true
  }
}
