internal import CPython
internal import CScriptRuntime
internal import PythonBridge

/// The moment at which the script, its threads and its `atexit` functions are done and Python begins to clear away.
enum EndOfRun {
  /// Makes the limits end there. Must come before the script.
  static func follow() throws(PythonError) { try endOfRun.callAtExit() }

  private static let endOfRun = BuiltinFunction("end_of_run") { _, _ in
    script_memory_end()
    RunDeadline.running?.stopInterrupting()
    return PythonObject.none.newReference()
  }
}
