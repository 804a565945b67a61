internal import CPython

/// Auditing events (PEP 578), raised as `sys.audit` raises them: by whatever a script has put there, or else by the interpreter's own function,
/// which makes nothing of its arguments while nobody has a hook.
public final class Auditing {
  /// The attributes of the module `sys`.
  private let system: PythonObject
  private let name: PythonObject
  /// `sys.audit` as Python has made it.
  private let original: PythonObject
  /// The function below it; nil where that cannot be had.
  private let function: UnsafeMutableRawPointer?

  /// Attached. Throws only `MemoryError`, and where `sys` has no `audit`.
  public init() throws(PythonError) {
    let module = try importModule("sys")
    (system, name) = (try module.attribute("__dict__"), try .name("audit"))
    original = try module.attribute(name)
    guard let owner = original.builtinSelf, owner === module, try original.attribute("__name__").isText("audit") else {
      function = nil
      return
    }
    function = py_find_audit()
  }

  /// What the garbage collector must see.
  public var all: [PythonObject] { [system, name, original] }

  /// Raises an event with two arguments. Attached. Throws what a hook raises.
  public func raise(_ event: StaticString, _ first: Glance, _ second: Glance) throws(PythonError) {
    try raise("sOO", event, first.pointer, second.pointer, nil)
  }

  /// The same with three.
  public func raise(_ event: StaticString, _ first: Glance, _ second: Glance, _ third: Glance) throws(PythonError) {
    try raise("sOOO", event, first.pointer, second.pointer, third.pointer)
  }

  /// The same with two, of which the second is a pair.
  public func raise(_ event: StaticString, _ first: Glance, pair: (Glance, Glance)) throws(PythonError) {
    try raise("sO(OO)", event, first.pointer, pair.0.pointer, pair.1.pointer)
  }

  private func raise(
    _ format: StaticString, _ event: StaticString, _ first: ObjectPointer, _ second: ObjectPointer,
    _ third: ObjectPointer?
  ) throws(PythonError) {
    if let function, system.hasItem(original, for: name) {
      return try check(py_audit(function, format.cString, event.cString, first, second, third))
    }
    let other = try importModule("sys").attribute(name)
    _ = try owned(py_call_audit(other.pointer, format.cString, event.cString, first, second, third))
  }
}
