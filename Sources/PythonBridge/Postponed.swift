internal import CPython
internal import Glibc

/// What stops a script, where it came up in clean-up code and could not be thrown: it is raised by the next wait, or by Python's own loop as soon as
/// that goes on. Attached.
enum Postponed {
  /// What the main thread is to raise.
  private nonisolated(unsafe) static var exception: PythonObject?

  static func raise(_ stop: PythonObject) {
    // Of other threads, on which no signal's handler runs, Python takes no more than the class.
    guard isOnMainThread else {
      PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), stop.type.pointer)
      return
    }
    replace(with: stop)
    // Where there is no room for it, the next wait raises it.
    Py_AddPendingCall({ _ in Postponed.check() }, nil)
  }

  /// Raises what is there: -1 with the exception set, otherwise 0.
  static func check() -> CInt {
    guard let stop = exception, isOnMainThread else { return 0 }
    replace(with: nil)
    _ = PythonError.restore(stop)
    return -1
  }

  static func forget() { if isOnMainThread { replace(with: nil) } }

  static func forget(of type: PythonObject) { if exception?.isExactly(type) ?? false { forget() } }

  /// Forgets what is of an interpreter that has ended, and so no object any more.
  static func abandon() {
    if let exception { _ = Unmanaged.passRetained(exception) }
    exception = nil
  }

  /// The old one goes behind the access to the variable: its frames' objects may have finalizers, which come here again.
  private static func replace(with stop: PythonObject?) {
    let old = exception
    exception = stop
    withExtendedLifetime(old) {}
  }

  /// The thread that started Python, where that is not the process's first one.
  nonisolated(unsafe) static var mainThread: pthread_t?

  private static var isOnMainThread: Bool {
    guard let mainThread else { return is_first_thread() != 0 }
    return pthread_equal(mainThread, pthread_self()) != 0
  }
}
