internal import CPython

/// Some methods of a class as they were made, and whether an object still has them.
public final class OwnMethods {
  private let methods: [(name: ObjectPointer, method: ObjectPointer)]
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
    (self.references, self.methods) = (references, methods)
  }

  /// What the garbage collector must see.
  public var all: [PythonObject] { references }

  /// Whether `object.name` is such a method for each of them: neither its class, nor one in between, nor the object itself has another.
  /// Attached. Makes no object; it is asked for each command.
  public func areAll(of object: PythonObject) -> Bool {
    let type = py_type(object.pointer)
    // A class with lookups of its own may find anything.
    guard PyType_GetSlot(type, Py_tp_getattro) == py_generic_lookup(), areAll(ofClass: ObjectPointer(type)),
      let dictionary = PyObject_GenericGetDict(object.pointer, nil)
    else {
      PyErr_Clear()
      return false
    }
    defer { Py_DecRef(dictionary) }
    return methods.allSatisfy { PyDict_GetItemWithError(dictionary, $0.name) == nil }
  }

  /// Whether a class has these methods. Attached.
  public func areAll(ofClass type: PythonObject) -> Bool { areAll(ofClass: type.pointer) }

  private func areAll(ofClass type: ObjectPointer) -> Bool {
    for (name, method) in methods {
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
