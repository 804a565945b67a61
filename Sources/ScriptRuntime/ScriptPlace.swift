import CPython

/// Where a script is, for messages.
enum ScriptPlace {
  /// `script.py line 3`: the innermost frame of the script itself, or of one of its threads, or of whatever runs; nil when it cannot be
  /// told.
  static func of(_ frame: UnsafeMutablePointer<PyObject>) -> String? {
    let (place, isScript) = inner(frame)
    return isScript ? place : ofThread() ?? place
  }

  /// Where one of the threads is in the script.
  private static func ofThread() -> String? {
    guard let function = PySys_GetObject("_current_frames"), let frames = PyObject_CallNoArgs(function) else {
      PyErr_Clear()
      return nil
    }
    defer { Py_DecRef(frames) }
    var position: Py_ssize_t = 0
    var thread: UnsafeMutablePointer<PyObject>?
    var frame: UnsafeMutablePointer<PyObject>?
    while PyDict_Next(frames, &position, &thread, &frame) != 0 {
      if let frame, case let (place?, isScript) = inner(frame), isScript { return place }
    }
    return nil
  }

  /// The place in one thread's frames, and whether it is the script's.
  private static func inner(_ frame: UnsafeMutablePointer<PyObject>) -> (place: String?, isScript: Bool) {
    var place: String?
    var isFound = false
    Py_IncRef(frame)
    var next: UnsafeMutablePointer<PyObject>? = frame
    while let frame = next {
      defer { Py_DecRef(frame) }
      let isScript = isMain(frame)
      if place == nil || isScript { place = description(frame) ?? place }
      if isScript {
        isFound = true
        break
      }
      next = PyObject_GetAttrString(frame, "f_back")
      if let back = next, back == py_none() {
        Py_DecRef(back)
        next = nil
      }
    }
    PyErr_Clear()
    return (place, isFound)
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
