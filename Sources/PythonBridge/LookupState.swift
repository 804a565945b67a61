internal import CPython

/// What the attributes of an object are looked up in, as it is at one moment. While it is the same, each lookup finds what it found then.
public struct LookupState: Equatable {
  fileprivate let classes: UInt64
  fileprivate let object: UInt64
}

/// Tells whether anybody has written to an object of certain classes, or to these classes, by a look at two numbers.
///
/// CPython gives a dictionary another number with each change, which no other one ever has (PEP 509). It stopped with 3.13, and nothing of the stable
/// ABI takes its place: there, no object has a state, and all is looked up each time.
public final class LookupStates {
  private let classes:
    UnsafeMutableBufferPointer<(type: ObjectPointer, bases: ObjectPointer, dictionary: ObjectPointer)>
  private let references: [PythonObject]

  /// For objects of these classes themselves, each of which derives from the one before, and the first from what cannot be changed. Whoever calls
  /// it keeps them alive. Attached.
  public init(of types: [PythonObject]) throws(PythonError) {
    var references: [PythonObject] = []
    var classes: [(type: ObjectPointer, bases: ObjectPointer, dictionary: ObjectPointer)] = []
    if try Self.areNumbered {
      for type in types {
        let bases = try type.attribute("__bases__")
        guard let dictionary = PyObject_GenericGetDict(type.pointer, nil) else { throw PythonError() }
        // The class keeps it.
        Py_DecRef(dictionary)
        references.append(bases)
        classes.append((type.pointer, bases.pointer, dictionary))
      }
    }
    self.references = references
    self.classes = .allocate(capacity: classes.count)
    _ = self.classes.initialize(from: classes)
  }

  deinit { classes.deallocate() }

  /// What the garbage collector must see.
  public var all: [PythonObject] { references }

  /// Whether this interpreter's dictionaries have the number.
  private static var areNumbered: Bool {
    get throws(PythonError) {
      let dictionary = try PythonObject.dictionary()
      let empty = py_dict_version(dictionary.pointer)
      guard empty != 0 else { return false }
      try dictionary.set(.none, for: .none)
      let filled = py_dict_version(dictionary.pointer)
      return filled > empty && py_dict_version(dictionary.pointer) == filled
    }
  }

  /// The state of an object; nil where it is of another class, or where there is none. Attached.
  public func state(of object: Glance) -> LookupState? {
    let type = ObjectPointer(py_type(object.pointer))
    var sum: UInt64 = 0
    for entry in classes {
      guard PyType_GetSlot(OpaquePointer(entry.type), Py_tp_bases) == UnsafeMutableRawPointer(entry.bases) else {
        return nil
      }
      // Each number only grows, and so does their sum.
      sum &+= py_dict_version(entry.dictionary)
      if entry.type == type {
        guard let own = ownDictionary(of: object) else { return nil }
        return LookupState(classes: sum, object: py_dict_version(own))
      }
    }
    return nil
  }

  /// Whether this attribute is what a dictionary says: nothing in these classes computes it, or takes what is written to it. Attached.
  public func isPlain(_ name: Glance) -> Bool {
    for entry in classes {
      if let value = PyDict_GetItemWithError(entry.dictionary, name.pointer) {
        guard PyType_GetSlot(py_type(value), Py_tp_descr_get) == nil,
          PyType_GetSlot(py_type(value), Py_tp_descr_set) == nil
        else { return false }
      } else if PyErr_Occurred() != nil {
        PyErr_Clear()
        return false
      }
    }
    return true
  }

  /// Sets an attribute to a `str`, and returns the state afterwards; nil, and nothing is set, where the object's own dictionary is no longer as in `state`, or
  /// where the value that goes may run code. In `state` the object's
  /// class must have set attributes as most do, and this one been plain. Throws `MemoryError`.
  public func set(
    _ name: Glance, _ value: PythonObject, of object: Glance, in state: LookupState
  ) throws(PythonError) -> LookupState? {
    guard let own = ownDictionary(of: object), py_dict_version(own) == state.object,
      let former = PyDict_GetItemWithError(own, name.pointer), py_is_exact_str(former) != 0
    else { return nil }
    try check(PyDict_SetItem(own, name.pointer, value.pointer))
    return LookupState(classes: state.classes, object: py_dict_version(own))
  }

  /// Borrowed from the object.
  private func ownDictionary(of object: Glance) -> ObjectPointer? {
    guard let dictionary = PyObject_GenericGetDict(object.pointer, nil) else {
      PyErr_Clear()
      return nil
    }
    Py_DecRef(dictionary)
    return dictionary
  }
}
