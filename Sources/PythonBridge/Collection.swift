internal import CPython

/// Runs `body`, which makes many objects and lets no other thread run, without the garbage collector, which else would look at what there is after
/// every few hundred of them. Attached.
public func withoutCollection<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  let wasEnabled = PyGC_Disable() != 0
  defer { if wasEnabled { PyGC_Enable() } }
  return try body()
}
