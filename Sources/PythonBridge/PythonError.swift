internal import CPython
internal import Glibc

/// "A Python exception is set in the attached thread." The exception itself stays in the interpreter, as C has it, and
/// survives detaching: it belongs to the thread's state.
public struct PythonError: Error {
  /// Says that an exception has been set.
  public init() {}

  /// Sets an exception of a class with one string for its argument, and returns the error that says so.
  public static func raise(_ type: PythonObject, _ message: String) -> PythonError {
    do { return raise(type, try .string(message)) } catch { return error }
  }

  /// Sets an exception of a class with a value: a tuple of arguments, or the one argument.
  public static func raise(_ type: PythonObject, _ value: PythonObject) -> PythonError {
    PyErr_SetObject(type.pointer, value.pointer)
    return PythonError()
  }

  /// Sets `TypeError`.
  public static func type(_ message: String) -> PythonError { raise(.typeError, message) }

  /// Sets `ValueError`.
  public static func value(_ message: String) -> PythonError { raise(.valueError, message) }

  /// Sets the `OSError` for a number of the system's, as Python's own functions do.
  public static func system(_ code: CInt) -> PythonError {
    errno = code
    PyErr_SetFromErrno(PythonObject.osError.pointer)
    return PythonError()
  }

  /// Sets an exception that `take` has taken.
  public static func restore(_ exception: PythonObject) -> PythonError { raise(exception.type, exception) }

  /// Takes the exception that is set; nil when none is.
  public static func take() -> PythonObject? {
    var type: ObjectPointer?
    var value: ObjectPointer?
    var traceback: ObjectPointer?
    PyErr_Fetch(&type, &value, &traceback)
    PyErr_NormalizeException(&type, &value, &traceback)
    if let value, let traceback { PyException_SetTraceback(value, traceback) }
    Py_DecRef(type)
    Py_DecRef(traceback)
    return value.map { PythonObject(owned: $0) }
  }

  /// Whether the exception that is set is of one of these classes.
  public static func matches(_ types: PythonObject...) -> Bool {
    types.contains { PyErr_ExceptionMatches($0.pointer) != 0 }
  }

  /// Whether an exception is set.
  public static var isSet: Bool { PyErr_Occurred() != nil }

  /// Drops the exception that is set. Ctrl-C is not lost: its signal counts as come anew.
  public static func clear() {
    let isInterrupt = isSet && PyErr_ExceptionMatches(py_keyboard_interrupt()) != 0
    PyErr_Clear()
    if isInterrupt { PyErr_SetInterrupt() }
  }

  /// Runs clean-up code between an exception and its handler: what it raises is dropped, the exception is kept. Ctrl-C is not lost: its
  /// signal counts as come anew, unless `KeyboardInterrupt` is what is kept.
  public static func preserving(_ body: () throws -> Void) {
    var type: ObjectPointer?
    var value: ObjectPointer?
    var traceback: ObjectPointer?
    PyErr_Fetch(&type, &value, &traceback)
    do { try body() } catch {
      let dropped = take()
      let isExpected = type.map { isKeyboardInterrupt(PythonObject(borrowed: $0)) } ?? false
      if let dropped, !isExpected { renewInterrupt(dropped) }
    }
    PyErr_Restore(type, value, traceback)
  }

  /// The same for code that closes something. Ctrl-C can break that off half done, as `socket.close`, which is Python code: then it runs once more.
  public static func closing(_ body: () throws -> Void) {
    preserving {
      do { try body() } catch {
        guard PyErr_ExceptionMatches(py_keyboard_interrupt()) != 0, let interrupt = take() else { throw error }
        preserving(body)
        throw restore(interrupt)
      }
    }
  }

  /// Takes the exception that is set where it is Ctrl-C's; drops any other.
  public static func takeInterrupt() -> PythonObject? {
    guard let exception = take(), isKeyboardInterrupt(exception.type) else { return nil }
    return exception
  }

  /// Where an exception that is dropped is Ctrl-C's, its signal counts as come anew.
  public static func renewInterrupt(_ dropped: PythonObject) {
    if isKeyboardInterrupt(dropped.type) { PyErr_SetInterrupt() }
  }

  private static func isKeyboardInterrupt(_ type: PythonObject) -> Bool {
    type.isSubclass(of: PythonObject(borrowed: py_keyboard_interrupt()))
  }
}

/// Owns what a C function returned as a new reference, or throws the exception that it set.
public func owned(_ result: ObjectPointer?) throws(PythonError) -> PythonObject {
  guard let result else { throw PythonError() }
  return PythonObject(owned: result)
}

/// Throws when a C function said -1.
public func check(_ status: CInt) throws(PythonError) { guard status >= 0 else { throw PythonError() } }
