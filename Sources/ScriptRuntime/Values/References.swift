internal import CPython
internal import PythonBridge

/// An object of Python's that somebody else keeps alive: what a `FromScript` reads. Valid during the call that hands it over.
public struct BorrowedReference: ~Copyable {
  let pointer: ObjectPointer

  init(_ pointer: ObjectPointer) { self.pointer = pointer }

  /// A handle to keep.
  public var object: ScriptObject { ScriptObject(PythonObject(borrowed: pointer)) }

  /// The name of its class, as `int`.
  public var typeName: String { PythonObject(borrowed: pointer).typeName }

  /// Whether it is `None`.
  public var isNone: Bool { pointer == py_none() }
}

/// A reference to an object of Python's that its holder owns: what an `IntoScript` returns. It goes with the value.
///
/// It belongs to the thread that made it, and to the call in which that was.
public struct OwnedReference: ~Copyable {
  let pointer: ObjectPointer

  init(_ pointer: ObjectPointer) { self.pointer = pointer }

  /// Takes over what a function of C returned, or throws the exception that it set.
  init(checking pointer: ObjectPointer?) throws(ScriptError) {
    guard let pointer else { throw ScriptError.taken() }
    self.pointer = pointer
  }

  deinit { Py_DecRef(pointer) }

  /// Hands the reference to a caller in C.
  consuming func take() -> ObjectPointer {
    let pointer = pointer
    discard self
    return pointer
  }

  /// Hands the reference to the bridge.
  consuming func bridged() -> PythonObject { PythonObject(owned: take()) }
}
