internal import CPython
internal import Glibc

/// One thread's hold on its interpreter, which a call gives up while it waits and takes again to call Python.
///
/// *Attached* means that Python objects may be touched. (The words are PyO3's; a free-threaded build has no lock to hold.)
public final class Attachment {
  private var detachedState: OpaquePointer?
  private var thread: pthread_t?

  /// An attachment of a thread that is attached now.
  public init() {}

  /// Runs `body` without the interpreter: other Python threads run meanwhile. No Python object may be touched in it
  /// but inside `attach`.
  public func detach<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    thread = pthread_self()
    detachedState = PyEval_SaveThread()
    defer {
      PyEval_RestoreThread(detachedState)
      detachedState = nil
    }
    return try body()
  }

  /// Runs `body` with the interpreter: attaches when this thread is in `detach`, and otherwise just calls.
  public func attach<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    guard let thread, pthread_equal(thread, pthread_self()) != 0, let state = detachedState else { return try body() }
    detachedState = nil
    PyEval_RestoreThread(state)
    defer {
      self.thread = pthread_self()
      detachedState = PyEval_SaveThread()
    }
    return try body()
  }

  /// Runs the Python handlers of signals that have come; throws what they raise, as `KeyboardInterrupt`.
  public func checkSignals() throws(PythonError) {
    try attach { () throws(PythonError) in try check(PyErr_CheckSignals()) }
  }
}
