internal import CPython
internal import CScriptRuntime
internal import PythonBridge

/// Threads that end with the script, in the middle of whatever they do: those of `_thread`, without a device's root.
enum LostThreads {
  /// Has them told of at the interpreter's end, behind all that the script has registered with `atexit`, however it ends.
  static func tellAtExit() throws(PythonError) { try tell.callAtExit() }

  private static let tell = BuiltinFunction("tell_of_threads") { _, _ in
    answer { () throws(PythonError) in
      // `_thread._count()` leaves out those that have been started and have not begun: nothing would be said of a script whose
      // last line starts one.
      let count = script_embedding_other_threads(nil, 0)
      guard count > 0 else { return .none }
      return try importModule("_ftpy.ending").callMethod("tell_of_threads", .integer(count))
    }
  }
}
