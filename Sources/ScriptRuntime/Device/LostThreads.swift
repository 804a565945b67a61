internal import CPython
internal import Glibc
internal import PythonBridge

/// Threads that end with the script, in the middle of whatever they do: those of `_thread`, without a device's root.
enum LostThreads {
  /// Has them told of at the interpreter's end, behind all that the script has registered with `atexit`, however it ends.
  static func tellAtExit() throws(PythonError) {
    process = getpid()
    try importModule("atexit").callMethod("register", tell.object())
  }

  /// A fork's child has none of them, but counts its parent's.
  nonisolated(unsafe) private static var process: pid_t = 0

  private static let tell = BuiltinFunction("tell_of_threads") { _, _ in
    answer { () throws(PythonError) in
      let count = try importModule("_thread").callMethod("_count")
      guard getpid() == process, try count.integer() > 0 else { return .none }
      return try importModule("_ftpy.ending").callMethod("tell_of_threads", count)
    }
  }
}
