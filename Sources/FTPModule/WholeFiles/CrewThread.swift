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
  /// The object of `threading`'s.
  private var thread = PythonObject.none
  /// A lock of Python's, given back when this is over: to wait for it is no Python code, which Ctrl-C could leave half done.
  private var end = PythonObject.none

  private let process = getpid()

  private init(_ module: PythonObject, _ body: @escaping () -> Void) throws {
    state = .made(body)
    end = try module.callMethod("allocate_lock")
    try end.callMethod("acquire")
  }

  var references: [PythonObject] { [thread, end] }
  func clearReferences() { (thread, end) = (.none, .none) }

  /// Runs the workers of a tree: the first on this thread, the others on threads that have ended when this returns. The workers are detached, and
  /// take the interpreter when they need it. Attached.
  static func crew(_ state: ModuleState) -> TreeRun.Crew {
    { count, run, work in
      func stop(_ interruption: PythonFailure) { run.stop(LocalFailure(interruption)) }
      // Fewer threads than wanted do as well.
      let (foreman, _) = begin(state, count, "tree", stop) { number in
        Attachment.asking({ () throws(PythonError) in
          if run.isStopped { throw .raise(.runtimeError, "another part of the tree has failed") }
        }) { Attachment.detach { work(number) } }
      }
      Attachment.detach { work(0) }
      foreman?.awaitEnd(stop)
    }
  }

  /// Runs `work` with each number below `count`, 0 on this thread and the others on threads that have ended when this returns; on this one too where
  /// there are none. Returns what interrupted it. Attached.
  static func together(
    _ state: ModuleState, _ count: Int, isStopped: @escaping () -> Bool, _ work: @escaping (Int) -> Void
  ) -> PythonFailure? {
    var interruption: PythonFailure?
    func stop(_ other: PythonFailure) { interruption = interruption ?? other }
    let (foreman, begun) = begin(state, count, "segment", stop) { number in
      Attachment.asking({ () throws(PythonError) in
        if isStopped() || interruption != nil { throw .raise(.runtimeError, "another connection has failed") }
      }) { work(number) }
    }
    if interruption == nil { work(0) }
    for number in (begun + 1)..<max(begun + 1, count) where !isStopped() && interruption == nil { work(number) }
    foreman?.awaitEnd(stop)
    return interruption
  }

  /// Has a thread begin with each number from 1 to below `count`; returns how many there are, and the one whose end is theirs. `kind` is for
  /// their names. What interrupts this is for `stop`. Attached.
  ///
  /// A thread that does nothing else starts, awaits and frees them, which is Python code of `threading`'s. Ctrl-C comes to the main thread alone: within
  /// `Thread.start` it could leave a thread that waits for ever, or come out as a `RuntimeError`, and be lost when a thread is freed.
  private static func begin(
    _ module: ModuleState, _ count: Int, _ kind: String, _ stop: @escaping (PythonFailure) -> Void,
    _ work: @escaping (Int) -> Void
  ) -> (foreman: CrewThread?, count: Int) {
    guard count > 1 else { return (nil, 0) }
    var begun = 0
    do {
      // Here, for the thread that imports it first is the main one to it.
      let threading = try importModule("threading")
      let plain = try importModule("_thread")
      let haveBegun = try CrewThread(plain) {}
      let foreman = try CrewThread(plain) {
        var threads: [CrewThread] = []
        do {
          for number in 1..<count {
            let thread = try CrewThread(plain) { work(number) }
            do { try thread.start("ftplib-\(kind)-\(number)", threading, module) } catch {
              if thread.hasBegun() { threads.append(thread) }
              throw error
            }
            threads.append(thread)
          }
        } catch { refuse(stop) }
        begun = threads.count
        haveBegun.run()
        for thread in threads { thread.join(stop) }
      }
      // Another's threads may be none, and wait for this one: gevent's. ftpy's function holds Python's own.
      guard let owner = try plain.attribute("start_new_thread").builtinSelf, (owner.builtinSelf ?? owner) === plain
      else {
        return (nil, 0)
      }
      try plain.callMethod("start_new_thread", NativeObject.make(module.crewThreadType, foreman), .tuple([]))
      haveBegun.awaitEnd(stop)
      return (foreman, begun)
    } catch {
      refuse(stop)
      return (nil, 0)
    }
  }

  /// Takes the exception of a thread that has not started. That the system has no more of them is none for `stop`.
  private static func refuse(_ stop: (PythonFailure) -> Void) {
    let isRefusal = PythonError.matches(.runtimeError)
    if let exception = PythonError.take(), !isRefusal { stop(PythonFailure(exception)) }
  }

  private func start(_ name: String, _ threading: PythonObject, _ module: ModuleState) throws {
    let keywords = try PythonObject.dictionary()
    try keywords.set(NativeObject.make(module.crewThreadType, self), for: "target")
    try keywords.set(.string(name), for: "name")
    try keywords.set(.bool(true), for: "daemon")
    thread = try threading.attribute("Thread").call(arguments: .tuple([]), keywords: keywords)
    try thread.callMethod("start")
  }

  /// Whether it has begun although `start` says that it has not; otherwise it does nothing any more, whoever starts it.
  private func hasBegun() -> Bool {
    guard case .made = state else { return true }
    state = .over
    return false
  }

  /// Waits until it has ended, on a thread that is none of `threading`'s: `join` would make it one. Attached, but for the waiting.
  private func join(_ stop: (PythonFailure) -> Void) {
    awaitEnd(stop)
    hear(stop) {
      while try thread.callMethod("is_alive").isTrue() { try importModule("time").callMethod("sleep", .float(0.001)) }
    }
    thread = .none
  }

  /// Waits until `run` is over. What a signal's handler raises meanwhile, as Ctrl-C's, is for `stop`. Attached, but for the waiting.
  private func awaitEnd(_ stop: (PythonFailure) -> Void) {
    // A fork's child has none of the threads.
    while process == getpid() {
      if case .over = state { return }
      hear(stop) { try end.callMethod("acquire") }
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
    defer {
      state = .over
      PythonError.preserving { try end.callMethod("release") }
    }
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
