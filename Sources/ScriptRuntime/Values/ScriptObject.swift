internal import CPython
internal import CScriptRuntime
internal import PythonBridge
internal import Synchronization

/// A handle to any object of Python's: a function to call, a value that has no counterpart in Swift.
///
/// It may be kept, passed to other threads and dropped on any of them, also after the interpreter's end; an object whose last handle goes
/// while its thread is elsewhere is let go at the interpreter's next call. It can be *used* on the interpreter's thread, and in registered functions on
/// whatever thread Python calls them. What may run code of the script's is a run, as those of `Interpreter` are: `Canceller.cancel` stops it, `deadline` bounds it.
/// A handle that a registered function keeps, and that leads back to that function, is a circle that Python's garbage collector cannot see.
public final class ScriptObject: Sendable {
  /// The bridge's reference counts: here it is a plain address with one reference behind it.
  nonisolated(unsafe) let pointer: ObjectPointer
  /// The interpreter that it belongs to, by its number.
  let life: UInt64

  init(_ object: PythonObject) {
    pointer = object.newReference()
    life = InterpreterLife.current
  }

  deinit { DeferredReferences.release(pointer, of: life) }

  /// Runs `body` with the interpreter. Throws `.state` when it is not this thread's to use.
  func using<Result: ~Copyable>(_ body: (PythonObject) throws(ScriptError) -> Result) throws(ScriptError) -> Result {
    try Entry.inside(life) { () throws(ScriptError) in try body(PythonObject(borrowed: self.pointer)) }
  }

  /// The same for what may run code of the script's.
  private func running<Result: ~Copyable>(
    _ deadline: Duration?, _ body: (PythonObject) throws(ScriptError) -> Result
  ) throws(ScriptError) -> Result {
    try using { (object) throws(ScriptError) in
      try RunControl.shared.run(deadline) { () throws(ScriptError) in try body(object) }
    }
  }

  /// Reads it as a Swift value. Throws `.conversion`.
  public func value<Value: FromScript>(
    deadline: Duration? = nil, as type: Value.Type = Value.self
  ) throws(ScriptError) -> Value {
    try running(deadline) { (_) throws(ScriptError) in try Value(fromScript: BorrowedReference(self.pointer)) }
  }

  /// Calls it. Throws what it raises.
  public func call<each Argument: IntoScript, Result: FromScript>(
    _ argument: repeat each Argument, deadline: Duration? = nil, as type: Result.Type = Result.self
  ) throws(ScriptError) -> Result {
    try running(deadline) { (object) throws(ScriptError) in
      let result = try Self.call(object, repeat each argument)
      return try Result(fromScript: BorrowedReference(result.pointer))
    }
  }

  /// Calls it, and drops what it returns. Throws what it raises.
  public func call<each Argument: IntoScript>(
    _ argument: repeat each Argument, deadline: Duration? = nil
  ) throws(ScriptError) {
    try running(deadline) { (object) throws(ScriptError) in _ = try Self.call(object, repeat each argument) }
  }

  /// Calls a method: `let names: [String] = try ftp.callMethod("nlst", "/")`. Throws what it raises.
  public func callMethod<each Argument: IntoScript, Result: FromScript>(
    _ name: String, _ argument: repeat each Argument, deadline: Duration? = nil, as type: Result.Type = Result.self
  ) throws(ScriptError) -> Result {
    try running(deadline) { (object) throws(ScriptError) in
      let method = try hosted { () throws(PythonError) in try object.attribute(name) }
      let result = try Self.call(method, repeat each argument)
      return try Result(fromScript: BorrowedReference(result.pointer))
    }
  }

  /// An attribute as a Swift value. Throws `AttributeError`, or `.conversion`.
  public func attribute<Value: FromScript>(
    _ name: String, deadline: Duration? = nil, as type: Value.Type = Value.self
  ) throws(ScriptError) -> Value {
    try running(deadline) { (object) throws(ScriptError) in
      let value = try hosted { () throws(PythonError) in try object.attribute(name) }
      return try value.withPointer { (pointer) throws(ScriptError) in try Value(fromScript: BorrowedReference(pointer))
      }
    }
  }

  /// Sets an attribute.
  public func setAttribute(_ name: String, to value: some IntoScript) throws(ScriptError) {
    try running(nil) { (object) throws(ScriptError) in
      let value = try value.intoScript().bridged()
      try hosted { () throws(PythonError) in try object.setAttribute(.string(name), value) }
    }
  }

  /// Calls `body` with the bytes of a bytes-like object, without a copy; they are valid during the call.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    try Entry.insideThrowing(life) {
      do { return try PythonObject(borrowed: pointer).withBytes(body) } catch is PythonError {
        throw ScriptError.taken()
      }
    }
  }

  /// Calls an object of the bridge's. Attached.
  static func call<each Argument: IntoScript>(
    _ function: PythonObject, _ argument: repeat each Argument
  ) throws(ScriptError) -> OwnedReference {
    var arguments: [PythonObject] = []
    do {
      for argument in repeat each argument { arguments.append(try argument.intoScript().bridged()) }
    } catch { throw error }
    let result = try hosted { () throws(PythonError) in
      try function.call(arguments: .tuple(arguments), keywords: nil)
    }
    return OwnedReference(result.newReference())
  }
}

extension ScriptObject: FromScript, IntoScript {
  /// Any object.
  public convenience init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    self.init(PythonObject(borrowed: reference.pointer))
  }

  /// The object itself. Throws `.state` when it belongs to an interpreter that has been closed.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    try using { (object) throws(ScriptError) in OwnedReference(object.newReference()) }
  }
}

extension ScriptObject: CustomStringConvertible {
  /// `str(object)`; a note in its place where that cannot be had.
  public var description: String {
    do {
      return try running(nil) { (object) throws(ScriptError) in
        try hosted { () throws(PythonError) in try object.text() }
      }
    } catch { return "<an object of Python's>" }
  }
}

/// References whose last handle went while its thread was not attached: given back by the next run, whose limits hold for what a script does then.
enum DeferredReferences {
  private struct Item: @unchecked Sendable {
    let pointer: ObjectPointer
    let life: UInt64
  }

  private static let waiting = Mutex<[Item]>([])
  private static let isWaiting = Atomic(false)

  /// Gives a reference back, now or later; never when its interpreter is gone: then its memory is nobody's.
  static func release(_ pointer: ObjectPointer, of life: UInt64) {
    guard InterpreterLife.current == life else { return }
    if script_embedding_is_attached() { return Py_DecRef(pointer) }
    waiting.withLock { $0.append(Item(pointer: pointer, life: life)) }
    isWaiting.store(true, ordering: .releasing)
  }

  /// Gives back what waits; attached, in a run. Does nothing on other threads than the interpreter's, which no limits hold for.
  static func drain() {
    guard InterpreterLife.isOnItsThread, isWaiting.load(ordering: .acquiring) else { return }
    isWaiting.store(false, ordering: .relaxed)
    // The objects' own clean-up may drop more handles: not under the lock.
    let items = waiting.withLock { waiting in
      let items = waiting
      waiting = []
      return items
    }
    for item in items where item.life == InterpreterLife.current { Py_DecRef(item.pointer) }
  }
}
