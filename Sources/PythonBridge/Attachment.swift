internal import CPython
internal import Glibc

/// The calling thread's hold on its interpreter, which a call gives up while it waits and takes again to call Python.
///
/// *Attached* means that Python objects may be touched. (The words are PyO3's; a free-threaded build has no lock to
/// hold.)
public enum Attachment {
  /// Where each thread keeps the state that it detached from; nothing while it is attached.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  /// Runs `body` without the interpreter: other Python threads run meanwhile. No Python object may be touched in it
  /// but inside `attach`.
  public static func detach<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let outer = pthread_getspecific(key)
    let state = PyEval_SaveThread()
    pthread_setspecific(key, state.map { UnsafeRawPointer($0) })
    defer {
      pthread_setspecific(key, outer)
      PyEval_RestoreThread(state)
    }
    return try body()
  }

  /// Runs `body` with the interpreter: attaches when this thread is in `detach`, and otherwise just calls.
  public static func attach<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let state = pthread_getspecific(key) else { return try body() }
    pthread_setspecific(key, nil)
    PyEval_RestoreThread(OpaquePointer(state))
    defer {
      PyEval_SaveThread()
      pthread_setspecific(key, state)
    }
    return try body()
  }

  /// Whether this thread is in `detach`, and not in an `attach` within.
  public static var isDetached: Bool { pthread_getspecific(key) != nil }

  /// Runs the Python handlers of signals that have come; throws what they raise, as `KeyboardInterrupt`, or what
  /// `asking` asks.
  public static func checkSignals() throws(PythonError) {
    try attach { () throws(PythonError) in
      try check(PyErr_CheckSignals())
      try check(Postponed.check())
      guard let question = pthread_getspecific(questionKey) else { return }
      try Unmanaged<Question>.fromOpaque(question).takeUnretainedValue().ask()
    }
  }

  /// What the waits of a thread ask beside the signals, which come to the main thread alone.
  private final class Question {
    let ask: () throws(PythonError) -> Void
    init(_ ask: @escaping () throws(PythonError) -> Void) { self.ask = ask }
  }

  private static let questionKey: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  /// Runs `body`; meanwhile `checkSignals` on this thread asks `question` too, attached. What it throws ends the wait.
  public static func asking(
    _ question: @escaping () throws(PythonError) -> Void, _ body: () -> Void
  ) {
    let question = Question(question)
    let outer = pthread_getspecific(questionKey)
    pthread_setspecific(questionKey, UnsafeRawPointer(Unmanaged.passUnretained(question).toOpaque()))
    withExtendedLifetime(question) { body() }
    pthread_setspecific(questionKey, outer)
  }

  /// Runs `body`; meanwhile what this thread's waits ask beside the signals is asked only when `isDue`.
  public static func asking(only isDue: @escaping () -> Bool, _ body: () -> Void) {
    guard let outer = pthread_getspecific(questionKey) else { return body() }
    let question = Unmanaged<Question>.fromOpaque(outer).takeUnretainedValue()
    asking({ () throws(PythonError) in if isDue() { try question.ask() } }, body)
  }
}
