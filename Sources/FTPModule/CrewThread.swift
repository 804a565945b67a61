import CPython
import FTPClient
import PythonBridge

/// What a thread of Python's runs for further connections, of a tree or of one file: a callable without arguments.
///
/// The threads are Python's own, of the module `threading`, and end before the call does: nothing here outlives a fork, and what the
/// program makes of threads holds for them.
final class CrewThread: ReferenceHolder {
  private var body: (() -> Void)?

  private init(_ body: @escaping () -> Void) { self.body = body }

  var references: [PythonObject] { [] }
  func clearReferences() { body = nil }

  /// Runs the workers of a tree: the first on this thread, the others on threads that have ended when this returns. The workers are detached, and
  /// take the interpreter when they need it. Attached.
  static func crew(_ state: ModuleState) -> TreeRun.Crew {
    { count, run, work in
      let threads = Threads(state, count, "tree") { number in
        Attachment.asking({ () throws(PythonError) in
          if run.isStopped { throw .raise(.runtimeError, "another part of the tree has failed") }
        }) { Attachment.detach { work(number) } }
      }
      // As many as there are do as well.
      Attachment.detach { work(0) }
      threads.join { run.stop(LocalFailure($0)) }
    }
  }

  /// Runs `work` with each number below `count`, 0 on this thread and the others on threads that have ended when this returns; on this one too where
  /// there are none. Returns what interrupted it. Attached.
  static func together(
    _ state: ModuleState, _ count: Int, isStopped: @escaping () -> Bool, _ work: @escaping (Int) -> Void
  ) -> PythonFailure? {
    var interruption: PythonFailure?
    let threads = Threads(state, count, "segment") { number in
      Attachment.asking({ () throws(PythonError) in
        if isStopped() || interruption != nil { throw .raise(.runtimeError, "another connection has failed") }
      }) { work(number) }
    }
    work(0)
    for number in (threads.count + 1)..<max(threads.count + 1, count) where !isStopped() { work(number) }
    threads.join { interruption = interruption ?? $0 }
    return interruption
  }

  /// Threads that have started.
  private struct Threads {
    private var bodies: [CrewThread] = []
    private var threads: [PythonObject] = []

    /// Starts a thread for each number from 1 to below `count`, or as many as there are. `kind` is for their names.
    init(_ state: ModuleState, _ count: Int, _ kind: String, _ work: @escaping (Int) -> Void) {
      guard count > 1 else { return }
      do {
        let type = try importModule("threading").attribute("Thread")
        for number in 1..<count {
          let body = CrewThread { work(number) }
          bodies.append(body)
          let keywords = try PythonObject.dictionary()
          try keywords.set(NativeObject.make(state.crewThreadType, body), for: "target")
          try keywords.set(.string("ftplib-\(kind)-\(number)"), for: "name")
          try keywords.set(.bool(true), for: "daemon")
          let thread = try type.call(arguments: .tuple([]), keywords: keywords)
          try thread.callMethod("start")
          threads.append(thread)
        }
      } catch { PythonError.clear() }
    }

    var count: Int { threads.count }

    /// Waits until they have ended. `interrupted` gets what interrupts that, as Ctrl-C, and has them end soon.
    func join(_ interrupted: (PythonFailure) -> Void) {
      for thread in threads {
        while true {
          do {
            try thread.callMethod("join")
            break
          } catch {
            guard let exception = PythonError.take() else { break }
            interrupted(PythonFailure(exception))
          }
        }
      }
      // What they have run holds what belongs to the call.
      for body in bodies { body.body = nil }
    }
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
      NativeObject.content(PythonObject(borrowed: instance), as: CrewThread.self)?.body?()
      return PythonObject.none
    }
  }
}
