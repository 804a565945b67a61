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

  /// Drops the exception that is set. A stop is not lost: it is raised a little later.
  public static func clear() {
    guard isSet else { return }
    guard PyErr_ExceptionMatches(PythonObject.exception.pointer) == 0, let stop = take() else { return PyErr_Clear() }
    Postponed.raise(stop)
  }

  /// Runs clean-up code between an exception and its handler: what it raises is dropped, the exception is kept. A stop is not lost: it is raised
  /// a little later, unless one of its class is what is kept.
  public static func preserving(_ body: () throws -> Void) {
    let kept = save()
    do { try body() } catch { postpone(take(), unlessLike: kept.type) }
    PyErr_Restore(kept.type, kept.value, kept.traceback)
  }

  /// The same for code that closes something. A stop can break that off half done, as `socket.close`, which is Python code: then it runs once more.
  /// Signals that have come before have their handlers' turn before it, and so outside it.
  public static func closing(_ body: () throws -> Void) {
    let kept = save()
    if PyErr_CheckSignals() < 0 { postpone(take(), unlessLike: kept.type, isStop: true) }
    do { try body() } catch {
      let dropped = take()
      if let dropped, isStop(dropped.type) { preserving(body) }
      postpone(dropped, unlessLike: kept.type)
    }
    PyErr_Restore(kept.type, kept.value, kept.traceback)
  }

  /// Takes the exception that is set where it is a stop; drops any other.
  public static func takeStop() -> PythonObject? {
    guard let exception = take(), isStop(exception.type) else { return nil }
    return exception
  }

  /// An exception that is dropped is raised a little later where it is a stop.
  public static func postpone(ifStop dropped: PythonObject) { postpone(dropped, unlessLike: nil) }

  /// Drops what was put off: the run that it was to stop is over.
  public static func forgetPostponed() { Postponed.forget() }

  /// The same where it is of this very class.
  public static func forgetPostponed(of type: PythonObject) { Postponed.forget(of: type) }

  /// Says that the calling thread is Python's main thread, which handles signals: for a program that starts Python on any. Until `isMain` is false
  /// again; else it is the process's first.
  public static func noteMainThread(_ isMain: Bool) {
    Postponed.mainThread = isMain ? pthread_self() : nil
    Postponed.abandon()
  }

  private static func postpone(_ dropped: PythonObject?, unlessLike kept: ObjectPointer?, isStop: Bool = false) {
    guard let dropped, isStop || Self.isStop(dropped.type) else { return }
    if let kept, dropped.type.isSubclass(of: PythonObject(borrowed: kept)) { return }
    Postponed.raise(dropped)
  }

  private static func save() -> (type: ObjectPointer?, value: ObjectPointer?, traceback: ObjectPointer?) {
    var type: ObjectPointer?
    var value: ObjectPointer?
    var traceback: ObjectPointer?
    PyErr_Fetch(&type, &value, &traceback)
    return (type, value, traceback)
  }

  /// Whether an exception's class is that of a *stop*: one that ends a script from outside, which `except Exception` does not catch, as
  /// `KeyboardInterrupt` and `SystemExit`. It comes from a signal's handler mostly, in any Python code.
  private static func isStop(_ type: PythonObject) -> Bool { !type.isSubclass(of: .exception) }
}

/// Owns what a C function returned as a new reference, or throws the exception that it set.
public func owned(_ result: ObjectPointer?) throws(PythonError) -> PythonObject {
  guard let result else { throw PythonError() }
  return PythonObject(owned: result)
}

/// Throws when a C function said -1.
public func check(_ status: CInt) throws(PythonError) { guard status >= 0 else { throw PythonError() } }
