internal import CPython

/// Classes whose instances are tuples with named items, as `os.stat_result` is one.
extension PythonObject {
  /// Makes such a class. `name` is the dotted name; each field has a name and a line of documentation.
  public static func structSequence(
    _ name: StaticString, _ documentation: StaticString, _ fields: [(StaticString, StaticString)]
  ) throws(PythonError) -> PythonObject {
    // Python keeps the fields' names, not the table.
    var table = fields.map { PyStructSequence_Field(name: $0.0.cString, doc: $0.1.cString) }
    table.append(PyStructSequence_Field(name: nil, doc: nil))
    let type = table.withUnsafeMutableBufferPointer { table -> ObjectPointer? in
      var description = PyStructSequence_Desc(
        name: name.cString, doc: documentation.cString, fields: table.baseAddress, n_in_sequence: CInt(fields.count))
      return PyStructSequence_NewType(&description).map(ObjectPointer.init)
    }
    return try owned(type)
  }

  /// Makes an instance of a class that `structSequence` made, with a value for each field.
  public func makeStruct(_ values: [PythonObject]) throws(PythonError) -> PythonObject {
    let instance = try owned(PyStructSequence_New(OpaquePointer(pointer)))
    for (index, value) in values.enumerated() {
      PyStructSequence_SetItem(instance.pointer, index, value.newReference())
    }
    return instance
  }
}
