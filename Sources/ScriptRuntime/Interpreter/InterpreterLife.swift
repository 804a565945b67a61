internal import CPython
internal import CScriptRuntime
internal import Glibc
internal import PythonBridge
internal import Synchronization

/// The one interpreter that this process can have at a time.
enum InterpreterLife {
  /// Numbers the interpreters of this process; 0 when none runs.
  private static let number = Atomic<UInt64>(0)
  private static let isTaken = Mutex(false)
  private static let count = Mutex<UInt64>(0)
  /// Its thread. Written before `number` says that it runs.
  nonisolated(unsafe) private static var thread = pthread_self()

  /// The number of the interpreter that runs; 0 when none does.
  static var current: UInt64 { number.load(ordering: .acquiring) }

  /// Whether the calling thread is the running interpreter's.
  static var isOnItsThread: Bool { pthread_equal(thread, pthread_self()) != 0 }

  /// Claims the process for a new interpreter. Throws `.state` when there is one, or something of one.
  static func claim() throws(ScriptError) {
    let isFree = isTaken.withLock { isTaken in
      defer { isTaken = true }
      return !isTaken
    }
    guard isFree, Py_IsInitialized() == 0 else {
      if isFree { release() }
      throw ScriptError(
        .state, "this process has an interpreter already, and Python can be there but once: close it first")
    }
    do throws(ScriptError) { try LeftThreads.await() } catch {
      release()
      throw error
    }
  }

  /// Says that the interpreter has started; on its thread.
  static func begin() -> UInt64 {
    thread = pthread_self()
    PythonError.noteMainThread(true)
    let next = count.withLock { count in
      count &+= 1
      return count
    }
    number.store(next, ordering: .releasing)
    return next
  }

  /// Says that the interpreter is about to be gone: handles do not touch it any more.
  static func end() {
    number.store(0, ordering: .releasing)
    PythonError.noteMainThread(false)
  }

  /// Lets another one start.
  static func release() { isTaken.withLock { $0 = false } }
}

/// The way into the interpreter: every use of it goes through here.
enum Entry {
  /// How many uses lie one in the other on the interpreter's thread, which alone touches it.
  nonisolated(unsafe) private static var depth = 0

  /// Whether the program is inside a use on the interpreter's thread, which is the caller's.
  static var isInside: Bool { depth > 0 }

  /// Runs `body` attached to the interpreter of this number. Throws `.state` when that is closed, or not this thread's to use.
  static func inside<Result: ~Copyable>(
    _ life: UInt64, _ body: () throws(ScriptError) -> Result
  ) throws(ScriptError) -> Result {
    try require(life)
    let isCounted = begin()
    defer { end(isCounted) }
    let state = PyGILState_Ensure()
    defer { PyGILState_Release(state) }
    return try body()
  }

  /// The same for what throws anything.
  static func insideThrowing<Result>(_ life: UInt64, _ body: () throws -> Result) throws -> Result {
    try require(life)
    let isCounted = begin()
    defer { end(isCounted) }
    let state = PyGILState_Ensure()
    defer { PyGILState_Release(state) }
    return try body()
  }

  /// Begins a use; whether it is on the interpreter's thread. To be followed by `end`.
  static func begin() -> Bool {
    guard InterpreterLife.isOnItsThread else { return false }
    depth &+= 1
    return true
  }

  /// Ends it. `isCounted` is what `begin` has returned.
  static func end(_ isCounted: Bool) { if isCounted { depth &-= 1 } }

  private static func require(_ life: UInt64) throws(ScriptError) {
    guard life != 0, InterpreterLife.current == life else {
      throw ScriptError(.state, "the interpreter has been closed")
    }
    guard InterpreterLife.isOnItsThread || script_embedding_is_attached() else {
      throw ScriptError(.state, "the interpreter belongs to another thread: use it on the one that started it")
    }
  }
}
