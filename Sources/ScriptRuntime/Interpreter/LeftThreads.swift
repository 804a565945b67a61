internal import CPython
internal import CScriptRuntime
internal import FTPClient
internal import Glibc
internal import PythonBridge
internal import Synchronization

/// The threads of a script that have not ended when its interpreter does: daemons, and those that nobody would wait for longer.
///
/// Python lets such a thread end when it next wants the interpreter, which the thread does not know to be gone. One that comes when another interpreter has started
/// takes that one for its own, and the process crashes.
enum LeftThreads {
  /// How long those that run the script's instructions may take to end.
  private static let grace = Duration.milliseconds(100)
  /// How long another interpreter waits for the others.
  private static let patience = Duration.seconds(1)

  /// By the system's numbers.
  private static let left = Mutex<[CInt]>([])

  /// Raises `SystemExit` in every other thread, and gives them a moment. Whether some are still there then: those that wait. Attached.
  static func end() -> Bool {
    var end = Deadline.after(grace)
    let last = Deadline.after(patience)
    guard script_embedding_exit_threads() > 0 else { return false }
    var haveAllHeard = true
    while true {
      let threads = others()
      if threads.isEmpty { return false }
      if last.hasPassed { return true }
      // One that has not begun does so soon, and cannot be told anything before.
      if !threads.allSatisfy(isKnown) {
        haveAllHeard = false
      } else if !haveAllHeard {
        haveAllHeard = true
        end = .after(grace)
        _ = script_embedding_exit_threads()
      } else if end.hasPassed {
        return true
      }
      Attachment.detach { _ = usleep(1000) }
    }
  }

  /// Keeps in mind who is there at the interpreter's end; attached.
  static func note() { left.withLock { $0 += others().filter(isKnown) } }

  private static func others() -> [CInt] {
    var threads = [CInt](repeating: 0, count: script_embedding_other_threads(nil, 0))
    let count = script_embedding_other_threads(&threads, threads.count)
    return Array(threads.prefix(count))
  }

  /// Whether that is the number of a thread that has begun.
  private static func isKnown(_ thread: CInt) -> Bool { thread > 0 }

  /// Waits for their end, before another interpreter starts. Throws `.state` when they do not end.
  static func await() throws(ScriptError) {
    var threads = left.withLock { $0 }
    guard !threads.isEmpty else { return }
    let end = Deadline.after(patience)
    script_embedding_ignore_signal()
    while true {
      // Whoever waits in a call is woken by it, wants the interpreter, and ends.
      threads.removeAll { !script_embedding_wake_thread($0) }
      guard !threads.isEmpty, !end.hasPassed else { break }
      usleep(10_000)
    }
    left.withLock { $0 = threads }
    guard threads.isEmpty else {
      throw ScriptError(
        .state,
        "threads of the last interpreter's script have not ended, and could hurt another one: \(threads.count) \(threads.count == 1 ? "is" : "are") left"
      )
    }
  }
}
