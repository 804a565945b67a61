internal import CPython
internal import PythonBridge

/// What `micropython.schedule` stands on.
enum ScheduledCall {
  /// `schedule(call)`: lets the main thread call it, without arguments, between two of its instructions.
  static let schedule = BuiltinFunction("schedule", flags: METH_O) { _, call in
    answer { () throws(PythonError) in
      guard let call else { throw PythonError() }
      Py_IncRef(call)
      guard Py_AddPendingCall(run, call) == 0 else {
        Py_DecRef(call)
        throw .raise(.runtimeError, "schedule queue full")
      }
      return .none
    }
  }

  /// Returns -1 with an exception set, which then comes up in the main thread.
  private static let run: @convention(c) (UnsafeMutableRawPointer?) -> CInt = { pointer in
    guard let pointer else { return 0 }
    let call = PythonObject(owned: pointer.assumingMemoryBound(to: PyObject.self))
    do throws(PythonError) {
      _ = try call.call()
      return 0
    } catch { return -1 }
  }
}
