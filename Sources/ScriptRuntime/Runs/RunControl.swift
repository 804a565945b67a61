internal import CPython
internal import CScriptRuntime
internal import FTPClient
internal import PythonBridge
internal import Synchronization

/// Stops runs: at their deadline, or when somebody cancels.
///
/// A stop is an exception, derived from `BaseException`, that a signal's handler raises on the interpreter's thread: the signal also wakes it from calls
/// that wait, and the FTP client asks for signals in each of its own. After `grace` it is raised at every line, for scripts that catch it and go on. What cannot be stopped is code in C
/// that neither returns nor asks for signals.
final class RunControl: Sendable {
  static let shared = RunControl()

  /// How long a script may take to clean up behind itself when it is stopped.
  static let grace = Duration.seconds(1)

  /// How often the signal comes again: one that comes just before a call begins to wait does not wake it.
  private static let interval = Duration.milliseconds(100)

  private enum Phase: UInt8 { case idle, running, deadlinePassed, cancelled }

  /// A run, or a call inside it.
  enum Span {
    /// The run itself.
    case outermost
    /// A call with a deadline of its own; with it what counted before.
    case inner(Deadline)
    /// A call to which the run's limits apply, or one on another thread, to which none do.
    case none
  }

  private struct State {
    var phase = Phase.idle
    var deadline = Deadline.never
    /// When the grace ends; nil before the run was stopped.
    var end: Deadline?
    var isForced = false
    /// How many calls with deadlines of their own are within one another.
    var inner = 0

    /// Why a run is stopped that is.
    var reason: ScriptError.Kind { phase == .cancelled ? .cancelled : .deadlinePassed }
  }

  private let state = Mutex(State())
  /// The class of the exception that stops, and the function that is the signal's handler. Touched attached alone.
  nonisolated(unsafe) private var stopClass: PythonObject?
  nonisolated(unsafe) private var handling: (signal: PythonObject, number: PythonObject, handler: PythonObject)?

  /// Makes the interpreter's thread stoppable: after its start, attached.
  func install() throws(PythonError) {
    let stop = try PythonObject.exceptionClass(
      "_ftpy.Stopped", "The program that this script runs in has stopped it.",
      base: importModule("builtins").attribute("BaseException"))
    stopClass = stop
    stop.withPointer { script_embedding_set_stop_class($0) }
    let handler = try owned(BuiltinFunction.stop.make())
    // Not `signal`, which takes long to import. It must have been imported before signals are to be handled.
    handling = (
      try importModule("_signal").attribute("signal"), try .integer(Int(script_embedding_signal())), handler
    )
    try handleSignal()
    guard script_embedding_make_timer() else { throw .raise(.osError, "there is no timer to stop runs by") }
  }

  /// Forgets the interpreter; attached.
  func uninstall() {
    script_embedding_delete_timer()
    script_embedding_set_stop_class(nil)
    stopClass = nil
    handling = nil
  }

  /// Makes Python's handler of the signal this one, also where a script has taken it for itself.
  private func handleSignal() throws(PythonError) {
    guard let handling else { return }
    _ = try handling.signal.call(handling.number, handling.handler)
  }

  /// The class of the exception that stops a run; attached.
  var exceptionClass: PythonObject? { stopClass }

  /// Whether a run is going on.
  var isRunning: Bool { state.withLock { $0.phase != .idle } }

  /// Whether the run that is going on is to stop. Its deadline may have passed without an answer to the signal: that comes when the interpreter's
  /// thread runs Python code, and it may be in the very function that asks.
  var isStopping: Bool {
    state.withLock { state in
      switch state.phase {
      case .idle: false
      case .running: state.deadline.hasPassed
      case .deadlinePassed, .cancelled: true
      }
    }
  }

  /// Runs a script's code under the limits of a call, and writes out what it has printed. Attached.
  func run<Result: ~Copyable>(
    _ deadline: Duration?, _ body: () throws(ScriptError) -> Result
  ) throws(ScriptError) -> Result {
    let span = begin(deadline)
    do throws(ScriptError) {
      // What clears up behind an object is the script's, and Python prints what that raises.
      DeferredReferences.drain()
      if let stop = stop(of: span) { throw stop }
      let result = try body()
      // A script may have put anything in the place of `sys.stdout`: the limits hold for that as well.
      if case .outermost = span { try Output.flush() }
      if let stop = stop(of: span) { throw stop }
      end(span)
      return result
    } catch {
      let error = error.isStop ? error : stop(of: span, because: error) ?? error
      end(span)
      if case .outermost = span { Output.flushQuietly() }
      throw error
    }
  }

  /// The error of a run, or of a call inside it, that has been stopped, whatever its script has made of that.
  private func stop(of span: Span, because error: ScriptError? = nil) -> ScriptError? {
    if case .none = span { return nil }
    return stoppedFor.map { .stop($0, because: error) }
  }

  /// Begins a run, or a call inside one, whose limits count as well; to be followed by `end`. Attached.
  func begin(_ deadline: Duration?) -> Span {
    let isOnItsThread = InterpreterLife.isOnItsThread
    if deadline != nil, isOnItsThread {
      // An earlier run may have taken the signal for itself, or blocked it.
      script_embedding_unblock_signal()
      PythonError.preserving { try handleSignal() }
    }
    return state.withLock { state in
      // Another thread's call is part of no run, or of the one that is going on: it begins none.
      let isOutermost = isOnItsThread && state.phase == .idle
      let outer = state.deadline
      if isOutermost { state = State(phase: .running) }
      // The signal stops the interpreter's thread alone.
      guard let deadline, isOnItsThread, state.phase == .running else { return isOutermost ? .outermost : .none }
      if !isOutermost, outer.remaining.map({ $0 <= deadline }) ?? false { return .none }
      state.deadline = .after(deadline)
      if !isOutermost { state.inner += 1 }
      _ = script_embedding_start_timer(deadline.wholeNanoseconds, Self.interval.wholeNanoseconds)
      return isOutermost ? .outermost : .inner(outer)
    }
  }

  /// Raises what is to be raised, for what calls Python often without running any of its code. Attached, on any thread.
  func check() throws(ScriptError) {
    guard PyErr_CheckSignals() == 0 else { throw ScriptError.taken() }
    // The signal is for the interpreter's thread alone.
    guard isStopping, !InterpreterLife.isOnItsThread, let stopClass else { return }
    _ = PythonError.raise(stopClass, "stopped by the program")
    throw ScriptError.taken()
  }

  /// Ends what `begin` has begun.
  func end(_ span: Span) {
    switch span {
    case .outermost: end()
    case .inner(let outer): end(backTo: outer)
    case .none: break
    }
  }

  /// Goes on with the run around a call whose deadline was its own.
  private func end(backTo outer: Deadline) {
    let isForced = state.withLock { state in
      guard state.phase == .running || state.phase == .deadlinePassed else {
        state.inner = max(0, state.inner - 1)
        // The run around it was cancelled meanwhile, and has a second of its own.
        let lifts = state.isForced && !(state.end?.hasPassed ?? false)
        if lifts { state.isForced = false }
        return lifts
      }
      let isForced = state.isForced
      state = State(phase: .running, deadline: outer, inner: max(0, state.inner - 1))
      if let rest = outer.remaining {
        _ = script_embedding_start_timer(rest.wholeNanoseconds, Self.interval.wholeNanoseconds)
      } else {
        script_embedding_stop_timer()
      }
      return isForced
    }
    if isForced { script_embedding_set_stopping(false) }
    // What was to stop that call is not for the run around it.
    if !isStopping, let stopClass { PythonError.forgetPostponed(of: stopClass) }
  }

  /// Ends the run.
  private func end() {
    let isForced = state.withLock { state in
      let isForced = state.isForced
      if state.deadline.remaining != nil || state.phase != .running { script_embedding_stop_timer() }
      state = State()
      return isForced
    }
    if isForced { script_embedding_set_stopping(false) }
    PythonError.forgetPostponed()
  }

  /// Stops the run that is going on; any thread. Does nothing where there is none.
  func cancel() {
    state.withLock { state in
      // A call inside it may be at its own deadline.
      guard state.phase == .running || state.phase == .deadlinePassed && state.inner > 0 else { return }
      state.phase = .cancelled
      state.end = nil
      _ = script_embedding_start_timer(0, Self.interval.wholeNanoseconds)
    }
  }

  /// Why a run was stopped whose exception is of this class; nil for all other classes. Attached.
  func reason(for type: PythonObject) -> ScriptError.Kind? {
    guard let stopClass, type === stopClass else { return nil }
    return state.withLock(\.reason)
  }

  /// The error of the run that is going on, where the exception that stops it has been raised, whatever became of that.
  var stop: ScriptError? { stoppedFor.map { .stop($0) } }

  private var stoppedFor: ScriptError.Kind? { state.withLock { $0.end == nil ? nil : $0.reason } }

  /// The signal has come: raises what is to be raised; attached, on the interpreter's thread.
  fileprivate func answer() throws(PythonError) {
    let (stops, forces) = state.withLock { state -> (Bool, Bool) in
      if state.phase == .running, state.deadline.hasPassed { state.phase = .deadlinePassed }
      guard state.phase == .deadlinePassed || state.phase == .cancelled else { return (false, false) }
      guard let end = state.end else {
        state.end = .after(Self.grace)
        return (true, false)
      }
      guard end.hasPassed else { return (false, false) }
      state.isForced = true
      return (true, true)
    }
    guard stops, let stopClass else { return }
    if forces { script_embedding_set_stopping(true) }
    throw .raise(stopClass, "stopped by the program")
  }
}

/// Stops what an interpreter runs: see `Interpreter.canceller`.
public struct Canceller: Sendable {
  let life: UInt64

  /// Stops the run that is going on: it throws `.cancelled`. From any thread; does nothing when no run is going on.
  ///
  /// The script gets an exception that `except Exception` does not catch, at its next instruction, and calls that wait (`sleep`, a transfer of the FTP client) are woken.
  /// `finally` blocks have a second to run; a script that goes on beyond that is stopped at every line. Code in C that neither ends nor asks for signals cannot
  /// be stopped, nor can a registered Swift function that does not ask `isStopping`.
  public func cancel() {
    if InterpreterLife.current == life { RunControl.shared.cancel() }
  }

  /// Whether the run that is going on is to stop, as it is after `cancel` and when its deadline has passed: for registered functions that take long.
  public var isStopping: Bool { InterpreterLife.current == life && RunControl.shared.isStopping }
}

extension BuiltinFunction {
  /// The handler of the signal that stops runs.
  fileprivate static let stop = BuiltinFunction("stop", flags: METH_VARARGS) { _, _ in
    do {
      try RunControl.shared.answer()
      return PythonObject.none.newReference()
    } catch { return nil }
  }
}
