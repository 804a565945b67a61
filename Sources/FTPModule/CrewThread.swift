import CPython
import FTPClient
import Glibc
import PythonBridge

/// What a thread of Python's runs for further connections, of a tree or of one file: a callable without arguments.
///
/// The threads are Python's own, of the module `threading`, and end before the call does: nothing here outlives a fork, and what the
/// program makes of threads holds for them.
final class CrewThread: ReferenceHolder {
  private enum State { case made(() -> Void), running, over }
  /// Touched attached alone.
  private var state: State
  private var thread = PythonObject.none

  private init(_ body: @escaping () -> Void) { state = .made(body) }

  var references: [PythonObject] { [thread] }
  func clearReferences() { thread = .none }

  /// Runs the workers of a tree: the first on this thread, the others on threads that have ended when this returns. The workers are detached, and
  /// take the interpreter when they need it. Attached.
  static func crew(_ state: ModuleState) -> TreeRun.Crew {
    { count, run, work in
      func stop(_ interruption: PythonFailure) { run.stop(LocalFailure(interruption)) }
      // As many as there are do as well.
      let threads = started(state, count, "tree", stop) { number in
        Attachment.asking({ () throws(PythonError) in
          if run.isStopped { throw .raise(.runtimeError, "another part of the tree has failed") }
        }) { Attachment.detach { work(number) } }
      }
      Attachment.detach { work(0) }
      for thread in threads { thread.join(stop) }
    }
  }

  /// Runs `work` with each number below `count`, 0 on this thread and the others on threads that have ended when this returns; on this one too where
  /// there are none. Returns what interrupted it. Attached.
  static func together(
    _ state: ModuleState, _ count: Int, isStopped: @escaping () -> Bool, _ work: @escaping (Int) -> Void
  ) -> PythonFailure? {
    var interruption: PythonFailure?
    func stop(_ other: PythonFailure) { interruption = interruption ?? other }
    let threads = started(state, count, "segment", stop) { number in
      Attachment.asking({ () throws(PythonError) in
        if isStopped() || interruption != nil { throw .raise(.runtimeError, "another connection has failed") }
      }) { work(number) }
    }
    if interruption == nil { work(0) }
    for number in (threads.count + 1)..<max(threads.count + 1, count) where !isStopped() && interruption == nil {
      work(number)
    }
    for thread in threads { thread.join(stop) }
    return interruption
  }

  /// A thread that has started for each number from 1 to below `count`, or as many as there are; `kind` is for their names. Attached.
  private static func started(
    _ module: ModuleState, _ count: Int, _ kind: String, _ stop: (PythonFailure) -> Void,
    _ work: @escaping (Int) -> Void
  ) -> [CrewThread] {
    var threads: [CrewThread] = []
    for number in 1..<max(1, count) {
      let thread = CrewThread { work(number) }
      guard thread.start("ftplib-\(kind)-\(number)", module, stop) else { break }
      threads.append(thread)
    }
    return threads
  }

  /// Starts; false where the system has no more threads, or Ctrl-C came: that is for `stop`. Then it has ended. Attached.
  private func start(_ name: String, _ module: ModuleState, _ stop: (PythonFailure) -> Void) -> Bool {
    do {
      let keywords = try PythonObject.dictionary()
      try keywords.set(NativeObject.make(module.crewThreadType, self), for: "target")
      try keywords.set(.string(name), for: "name")
      try keywords.set(.bool(true), for: "daemon")
      thread = try importModule("threading").attribute("Thread").call(arguments: .tuple([]), keywords: keywords)
      try thread.callMethod("start")
      return true
    } catch {
      // Whether it has started by now, `start` no longer says: it does nothing any more, or is waited for.
      if case .made = state { state = .over }
      let isRefusal = PythonError.matches(.runtimeError)
      if let exception = PythonError.take(), !isRefusal { stop(PythonFailure(exception)) }
      awaitEnd(stop)
      return false
    }
  }

  /// Waits until it has ended. What a signal's handler raises meanwhile, as Ctrl-C's, is for `stop`. Attached, but for the waiting.
  private func join(_ stop: (PythonFailure) -> Void) {
    hear(stop) { try thread.callMethod("join") }
    // When `join` has been interrupted, Python 3.11 and 3.12 take the thread for one that has ended.
    awaitEnd(stop)
  }

  private func awaitEnd(_ stop: (PythonFailure) -> Void) {
    while true {
      if case .over = state { return }
      hear(stop) {
        Attachment.detach { _ = poll(nil, 0, 10) }
        try Attachment.checkSignals()
      }
    }
  }

  private func hear(_ stop: (PythonFailure) -> Void, _ body: () throws -> Void) {
    do { try body() } catch {
      if let exception = PythonError.take() { stop(PythonFailure(exception)) }
    }
  }

  /// What the thread runs. Attached.
  private func run() {
    guard case .made(let body) = state else { return }
    state = .running
    defer { state = .over }
    body()
  }

  /// Makes the type.
  static func makeType(_ module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    let documentation: StaticString = "A part of the work of a call."
    return try PythonBridge.makeType(
      in: module, name: "\(name)._CrewThread", size: NativeObject.size, flags: py_collected_type_flags,
      slots: NativeObject.slots + [PyType_Slot(Py_tp_call, called), PyType_Slot(Py_tp_doc, documentation.cString)])
  }

  private static let called: @convention(c) (ObjectPointer?, ObjectPointer?, ObjectPointer?) -> ObjectPointer? = {
    instance, _, _ in
    guard let instance else { return nil }
    return trampoline(of: instance) { _ in
      NativeObject.content(PythonObject(borrowed: instance), as: CrewThread.self)?.run()
      return PythonObject.none
    }
  }
}
