import CPython
import FTPClient
import PythonBridge

/// What a thread of Python's runs for a tree: a callable without arguments.
///
/// The threads are Python's own, of the module `threading`, and end before the call does: nothing here outlives a fork,
/// and what the
/// program makes of threads holds for them.
final class TreeThread: ReferenceHolder {
  private var body: (() -> Void)?

  private init(_ body: @escaping () -> Void) { self.body = body }

  var references: [PythonObject] { [] }
  func clearReferences() { body = nil }

  /// Runs the workers of a tree: the first on this thread, the others on threads that have ended when this returns. The workers are detached, and
  /// take the interpreter when they need it. Attached.
  static func crew(_ state: ModuleState) -> TreeRun.Crew {
    { count, run, work in
      var threads: [PythonObject] = []
      var bodies: [TreeThread] = []
      defer { for body in bodies { body.body = nil } }
      if count > 1 {
        let threading = try importModule("threading")
        for number in 1..<count {
          let body = TreeThread {
            Attachment.asking({ () throws(PythonError) in
              if run.isStopped { throw .raise(.runtimeError, "another part of the tree has failed") }
            }) { Attachment.detach { work(number) } }
          }
          bodies.append(body)
          let keywords = try PythonObject.dictionary()
          try keywords.set(NativeObject.make(state.treeThreadType, body), for: "target")
          try keywords.set(.string("ftplib-tree-\(number)"), for: "name")
          try keywords.set(.bool(true), for: "daemon")
          let thread = try threading.attribute("Thread").call(arguments: .tuple([]), keywords: keywords)
          do { try thread.callMethod("start") } catch {
            // As many as there are do as well.
            PythonError.clear()
            break
          }
          threads.append(thread)
        }
      }
      Attachment.detach { work(0) }
      for thread in threads { join(thread, run) }
    }
  }

  /// Runs `work` with each number below `count`, 0 on this thread and the others on threads that have ended when this returns; on this one too where
  /// there are none. Returns what interrupted it. Attached.
  static func together(
    _ state: ModuleState, _ count: Int, isStopped: @escaping () -> Bool, _ work: @escaping (Int) -> Void
  ) -> PythonFailure? {
    var interruption: PythonFailure?
    var threads: [PythonObject] = []
    var bodies: [TreeThread] = []
    defer { for body in bodies { body.body = nil } }
    do {
      let threading = count > 1 ? try importModule("threading").attribute("Thread") : .none
      for number in 1..<max(1, count) {
        let body = TreeThread {
          Attachment.asking({ () throws(PythonError) in
            if isStopped() || interruption != nil { throw .raise(.runtimeError, "another connection has failed") }
          }) { work(number) }
        }
        let keywords = try PythonObject.dictionary()
        try keywords.set(NativeObject.make(state.treeThreadType, body), for: "target")
        try keywords.set(.string("ftplib-segment-\(number)"), for: "name")
        try keywords.set(.bool(true), for: "daemon")
        let thread = try threading.call(arguments: .tuple([]), keywords: keywords)
        bodies.append(body)
        try thread.callMethod("start")
        threads.append(thread)
      }
    } catch { PythonError.clear() }
    work(0)
    for number in (threads.count + 1)..<max(threads.count + 1, count) where !isStopped() { work(number) }
    for thread in threads {
      while true {
        do {
          try thread.callMethod("join")
          break
        } catch {
          guard let exception = PythonError.take() else { break }
          interruption = interruption ?? PythonFailure(exception)
        }
      }
    }
    return interruption
  }

  /// Waits for a thread. Ctrl-C meanwhile stops them all.
  private static func join(_ thread: PythonObject, _ run: TreeRun) {
    while true {
      do {
        try thread.callMethod("join")
        return
      } catch {
        guard let exception = PythonError.take() else { return }
        run.stop(LocalFailure(PythonFailure(exception)))
      }
    }
  }

  /// Makes the type.
  static func makeType(_ module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    let documentation: StaticString = "A part of the work on a tree."
    return try PythonBridge.makeType(
      in: module, name: "\(name)._TreeThread", size: NativeObject.size, flags: py_collected_type_flags,
      slots: NativeObject.slots + [PyType_Slot(Py_tp_call, called), PyType_Slot(Py_tp_doc, documentation.cString)])
  }

  private static let called: @convention(c) (ObjectPointer?, ObjectPointer?, ObjectPointer?) -> ObjectPointer? = {
    instance, _, _ in
    guard let instance else { return nil }
    return trampoline(of: instance) { _ in
      NativeObject.content(PythonObject(borrowed: instance), as: TreeThread.self)?.body?()
      return PythonObject.none
    }
  }
}
