internal import CPython
internal import PythonBridge

/// What scripts print, which Python keeps for a while. Used attached.
enum Output {
  /// The streams, by their names in `sys`.
  static let streams: [StaticString] = ["stdout", "stderr"]

  /// Writes out what the script has printed. Throws what the stream raises.
  static func flush() throws(ScriptError) {
    for name in streams {
      guard let stream = PySys_GetObject(name.cString), stream != py_none() else { continue }
      let object = PythonObject(borrowed: stream)
      try hosted { () throws(PythonError) in
        do throws(PythonError) { try object.callMethod("flush") } catch {
          // What a script has closed has nothing left to be written.
          guard PythonError.matches(.valueError), let failure = PythonError.take() else { throw error }
          guard let closed = try object.optionalAttribute("closed"), try closed.isTrue() else {
            throw .restore(failure)
          }
        }
      }
    }
  }

  /// The same between an error and its reader.
  static func flushQuietly() {
    let span = RunControl.shared.begin(RunControl.grace)
    do throws(ScriptError) { try flush() } catch {}
    RunControl.shared.end(span)
  }
}
