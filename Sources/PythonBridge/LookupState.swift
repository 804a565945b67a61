internal import CPython

/// What the attributes of an object are looked up in, as it is at one moment. While it is the same, those that are plain (`LookupStates.isPlain`) have
/// the values that they had then, and each method is the one that it was.
public struct LookupState: Equatable {
  fileprivate let type: ObjectPointer
  fileprivate let classes: UInt64
  fileprivate let object: UInt64
}

/// Tells whether anybody has written to an object of certain classes, or to these classes, by a look at their numbers.
///
/// CPython numbers its dictionaries: each change of one gives it a number that none in this interpreter has had before (PEP 509). It stopped with 3.13, and
/// nothing of the stable ABI takes its place: there, no object has a state, and all is looked up each time.
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
      try dictionary.set(.none, for: .none)
      return empty != 0 && py_dict_version(dictionary.pointer) > empty
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
      // Each change makes one of them larger, and so their sum.
      sum &+= py_dict_version(entry.dictionary)
      if entry.type == type {
        guard let own = PyObject_GenericGetDict(object.pointer, nil) else {
          PyErr_Clear()
          return nil
        }
        defer { Py_DecRef(own) }
        return LookupState(type: type, classes: sum, object: py_dict_version(own))
      }
    }
    return nil
  }

  /// Whether this attribute has what a dictionary says, and that is always the same: nothing in these classes computes it, or takes what is written to it.
  /// Attached.
  public func isPlain(_ name: Glance) -> Bool {
    for entry in classes {
      if let value = PyDict_GetItemWithError(entry.dictionary, name.pointer) {
        guard value == py_none() || py_is_exact_int(value) != 0 || py_is_exact_str(value) != 0 else { return false }
      } else if PyErr_Occurred() != nil {
        PyErr_Clear()
        return false
      }
    }
    return true
  }

  /// Sets an attribute to a `str`, and returns the state afterwards; nil, and nothing is set, where the state is no longer this one, or where the value
  /// that goes may run code. To be called for an attribute that is plain in this state, of an object whose class sets attributes as most do. Throws
  /// `MemoryError`, and what a strange key in the object's dictionary raises.
  public func set(
    _ name: Glance, _ value: PythonObject, of object: Glance, in state: LookupState
  ) throws(PythonError) -> LookupState? {
    guard self.state(of: object) == state, let own = PyObject_GenericGetDict(object.pointer, nil) else { return nil }
    defer { Py_DecRef(own) }
    guard let former = PyDict_GetItemWithError(own, name.pointer), py_is_exact_str(former) != 0,
      py_dict_version(own) == state.object
    else {
      if PyErr_Occurred() != nil { throw PythonError() }
      return nil
    }
    try check(PyDict_SetItem(own, name.pointer, value.pointer))
    return LookupState(type: state.type, classes: state.classes, object: py_dict_version(own))
  }
}
