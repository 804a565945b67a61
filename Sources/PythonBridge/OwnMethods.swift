internal import CPython

/// Some methods of a class as they were made, and whether an object still has them.
public final class OwnMethods {
  private let methods: UnsafeMutableBufferPointer<(name: ObjectPointer, method: ObjectPointer)>
  private let references: [PythonObject]
  private let definer: ObjectPointer?

  /// Takes the methods that a class has now. `definer` is the base that defines all of them, where that is a class which cannot be changed.
  /// Attached. Throws `AttributeError`.
  public init(
    _ names: [PythonObject], of type: PythonObject, definedBy definer: PythonObject? = nil
  ) throws(PythonError) {
    // `type` keeps it; whoever made it shows it to the garbage collector, and nobody may show it twice.
    self.definer = definer?.pointer
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
      areInherited(by: ObjectPointer(type), but: first) || areAll(ofClass: ObjectPointer(type), but: first)
    else { return false }
    return lacks(object.pointer, but: first)
  }

  /// How many classes `areInherited` looks at.
  private static let generations = 3

  /// Whether there are nothing but ordinary classes with one base each from a class to the definer, and none of them has such a name.
  /// That is a look into their dictionaries alone: Python's own lookup goes by the class of the class as well, and through a table in which
  /// these names may be in one another's place.
  private func areInherited(by type: ObjectPointer, but first: Int) -> Bool {
    guard let definer else { return false }
    var type = type
    for _ in 0..<Self.generations {
      guard ObjectPointer(py_type(type)) == py_type_type(), lacks(type, but: first),
        let bases = PyType_GetSlot(OpaquePointer(type), Py_tp_bases)?.assumingMemoryBound(to: PyObject.self),
        PyTuple_Size(bases) == 1, let base = PyTuple_GetItem(bases, 0)
      else {
        PyErr_Clear()
        return false
      }
      if base == definer { return true }
      type = base
    }
    return false
  }

  /// Whether an object's, or a class's, own dictionary has none of these names.
  private func lacks(_ object: ObjectPointer, but first: Int) -> Bool {
    guard let dictionary = PyObject_GenericGetDict(object, nil) else {
      PyErr_Clear()
      return false
    }
    defer { Py_DecRef(dictionary) }
    for (name, _) in methods.dropFirst(first) where PyDict_GetItemWithError(dictionary, name) != nil { return false }
    // Another key's `__eq__` may have raised something: nobody knows then.
    guard PyErr_Occurred() == nil else {
      PyErr_Clear()
      return false
    }
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
