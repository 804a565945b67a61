import CPython

/// Where a script is, for messages.
enum ScriptPlace {
  /// `script.py line 3`: the innermost frame of the script itself, or of whatever runs; nil when it cannot be told.
  static func of(_ frame: UnsafeMutablePointer<PyObject>) -> String? {
    var place: String?
    Py_IncRef(frame)
    var next: UnsafeMutablePointer<PyObject>? = frame
    while let frame = next {
      defer { Py_DecRef(frame) }
      let isScript = isMain(frame)
      if place == nil || isScript { place = description(frame) ?? place }
      if isScript { break }
      next = PyObject_GetAttrString(frame, "f_back")
      if let back = next, back == py_none() {
        Py_DecRef(back)
        next = nil
      }
    }
    PyErr_Clear()
    return place
  }

  private static func isMain(_ frame: UnsafeMutablePointer<PyObject>) -> Bool {
    guard let globals = PyObject_GetAttrString(frame, "f_globals") else { return false }
    defer { Py_DecRef(globals) }
    return PyDict_GetItemString(globals, "__name__").flatMap(text) == "__main__"
  }

  private static func description(_ frame: UnsafeMutablePointer<PyObject>) -> String? {
    guard let code = PyObject_GetAttrString(frame, "f_code") else { return nil }
    defer { Py_DecRef(code) }
    guard let file = PyObject_GetAttrString(code, "co_filename") else { return nil }
    defer { Py_DecRef(file) }
    guard let line = PyObject_GetAttrString(frame, "f_lineno") else { return nil }
    defer { Py_DecRef(line) }
    return text(file).map { "\($0) line \(PyLong_AsLong(line))" }
  }

  private static func text(_ object: UnsafeMutablePointer<PyObject>) -> String? {
    PyUnicode_AsUTF8AndSize(object, nil).map { String(cString: $0) }
  }
}
