import PythonBridge

/// Runs the body of a function that C calls: what it throws is set as a Python exception, what it returns is owned by
/// the caller.
func trampoline(
  _ find: () throws(PythonError) -> ModuleState, _ body: (ModuleState) throws -> PythonObject?
) -> ObjectPointer? {
  let state: ModuleState
  do { state = try find() } catch { return nil }
  do { return try body(state)?.newReference() } catch {
    state.raise(error)
    return nil
  }
}

/// For a method: its module is the one that made the class that defines it.
func trampoline(
  definedBy type: OpaquePointer?, _ body: (ModuleState) throws -> PythonObject?
) -> ObjectPointer? {
  trampoline({ () throws(PythonError) in try ModuleState.of(definingClass: type) }, body)
}

/// For a slot, which knows the instance alone.
func trampoline(
  of instance: ObjectPointer, _ body: (ModuleState) throws -> PythonObject?
) -> ObjectPointer? {
  trampoline({ () throws(PythonError) in try ModuleState.of(instance: instance) }, body)
}

/// For a function of the module.
func trampoline(
  module: ObjectPointer?, _ body: (ModuleState) throws -> PythonObject?
) -> ObjectPointer? {
  trampoline({ () throws(PythonError) in try ModuleState.of(module: module) }, body)
}
