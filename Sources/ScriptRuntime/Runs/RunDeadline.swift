import CPython
import Glibc
import PythonBridge
import Synchronization

/// The end of a run that takes too long: `-X timeout`.
///
/// When the time is over the main thread gets a signal, which also wakes it from a blocked call, and `SystemExit` is raised there:
/// `finally` blocks and `atexit` functions run, for as long as `grace`. After that the process ends, whatever it does.
/// The watch is a thread without Python: nothing that the script does holds it up. A fork's child has no watch.
final class RunDeadline: Sendable {
  /// The exit status of a run that was ended; `timeout(1)` has the same.
  static let status: CInt = 124

  /// How long a run may take to clean up behind itself, in seconds.
  static let grace = 2.0

  /// The one that watches over this process, for the signal's handler.
  nonisolated(unsafe) private(set) static var running: RunDeadline?

  /// A signal that scripts have no use for; the last of the real-time ones is not known to be used by any library.
  private static let signal = __libc_current_sigrtmax()

  private let seconds: Double
  private let start = RunDeadline.now()
  private let process = getpid()
  private let phase = Atomic(Phase.running)
  /// Whether Python still handles signals.
  private let mayInterrupt = Mutex(true)
  nonisolated(unsafe) private var main = pthread_self()
  /// How the terminal was before the prompt took it.
  nonisolated(unsafe) private var terminal: termios?

  private enum Phase: UInt8, AtomicRepresentable { case running, ended, late }

  /// `seconds` from now.
  init(seconds: Double) { self.seconds = seconds }

  /// Begins to watch; on the main thread, when Python has started.
  func begin() throws(PythonError) {
    try handleSignal()
    main = pthread_self()
    var modes = termios()
    if tcgetattr(STDIN_FILENO, &modes) == 0 { terminal = modes }
    Self.running = self
    // Signals are for Python's threads: a Ctrl-C that this one took would wake none of their calls.
    var every = sigset_t()
    var before = sigset_t()
    sigfillset(&every)
    pthread_sigmask(SIG_SETMASK, &every, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t(bitPattern: 0)
    let failure = withUnsafeMutablePointer(to: &thread) { thread in
      thread.withMemoryRebound(to: pthread_t.self, capacity: 1) { thread in
        pthread_create(
          thread, nil,
          { _ in
            RunDeadline.running?.keepWatch(); return nil
          }, nil)
      }
    }
    guard failure == 0, atexit({ RunDeadline.running?.end() }) == 0 else { throw Self.failure }
  }

  private static var failure: PythonError { .raise(.runtimeError, "cannot watch the time of the run") }

  /// Ends the watch when the process exits, and makes its exit status that of a run that was ended, when it was: Python also exits
  /// without returning here, and with the status that the script chose.
  private func end() {
    guard getpid() == process,
      !phase.compareExchange(expected: .running, desired: .ended, ordering: .acquiringAndReleasing).exchanged
    else { return }
    fflush(nil)
    _exit(Self.status)
  }

  /// Says that Python handles signals no longer: from here on only the end of `grace` counts.
  func stopInterrupting() { mayInterrupt.withLock { $0 = false } }

  // MARK: The watch

  private func keepWatch() {
    Self.sleep(until: start + seconds)
    guard phase.compareExchange(expected: .running, desired: .late, ordering: .acquiringAndReleasing).exchanged else {
      return
    }
    mayInterrupt.withLock { if $0 { pthread_kill(main, Self.signal) } }
    Self.sleep(until: Self.now() + Self.grace)
    Banner.complain("timeout: the run did not end within \(Self.text(Self.grace)) s after its time: killed")
    // This thread's signals are blocked: from the background it is an error.
    if var terminal { tcsetattr(STDIN_FILENO, TCSANOW, &terminal) }
    _exit(Self.status)
  }

  /// By no descriptor, which a script could close. Where the process ends before, that is no matter.
  private static func sleep(until moment: Double) {
    while case let rest = min(moment - now(), 1000), rest > 0 {
      var time = timespec(tv_sec: Int(rest), tv_nsec: Int((rest - rest.rounded(.down)) * 1e9))
      nanosleep(&time, nil)
    }
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func text(_ seconds: Double) -> String {
    Int(exactly: seconds).map(String.init) ?? "\(seconds)"
  }

  // MARK: The signal

  /// Makes Python's handler of the signal.
  private func handleSignal() throws(PythonError) {
    let handler = BuiltinFunction("timeout", flags: METH_VARARGS) { _, arguments in
      let frame = arguments.flatMap { PyTuple_GetItem($0, 1) }
      RunDeadline.running?.say(frame)
      RunDeadline.noteEnd()
      guard let status = PyLong_FromLong(Int(RunDeadline.status)) else { return nil }
      PyErr_SetObject(py_system_exit(), status)
      Py_DecRef(status)
      return nil
    }
    try importModule("signal").callMethod("signal", .integer(Int(Self.signal)), handler.object())
  }

  /// Nothing comes behind the script any more: no prompt. Attached.
  private static func noteEnd() {
    if let program = PyImport_AddModule("_ftpy.program"), PyObject_SetAttrString(program, "is_ending", py_true()) == 0 {
      return
    }
    PyErr_Clear()
  }

  /// Says that the time is over and where the script was; attached.
  private func say(_ frame: UnsafeMutablePointer<PyObject>?) {
    let place = frame.flatMap(ScriptPlace.of).map { ", in \($0)" } ?? ""
    Banner.complain("timeout: the run took longer than \(Self.text(seconds)) s\(place)")
  }
}
