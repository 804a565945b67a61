internal import CPython

/// A function that is called at every command. A built-in one, or a bound method of a built-in class, is called as it says itself that it is to
/// be (`METH_NOARGS`, `METH_FASTCALL`), without Python's way there; any other as ever. It makes no Swift object. Attached.
public final class BuiltinCall {
  /// What is called.
  public let callable: PythonObject
  /// What a built-in method is bound to; `callable` keeps it.
  private let owner: ObjectPointer?
  private let simple: Simple?
  private let fast: Fast?

  private typealias Simple = @convention(c) (ObjectPointer?, ObjectPointer?) -> ObjectPointer?
  private typealias Fast = @convention(c) (ObjectPointer?, UnsafePointer<ObjectPointer?>?, Int) -> ObjectPointer?

  /// Looks at how it is to be called.
  public init(_ callable: PythonObject) {
    self.callable = callable
    guard let function = callable.builtinFunction else {
      (owner, simple, fast) = (nil, nil, nil)
      return
    }
    owner = PyCFunction_GetSelf(callable.pointer)
    let flags = PyCFunction_GetFlags(callable.pointer)
    simple = flags == METH_NOARGS ? unsafeBitCast(function, to: Simple.self) : nil
    fast = flags == METH_FASTCALL ? unsafeBitCast(function, to: Fast.self) : nil
  }

  /// What it returns as an `int`, called without arguments. Throws what it raises, and as `integer`.
  public func integer() throws(PythonError) -> Int { try Glance.integer(taking: result()) }

  /// What it returns as a number, nil for `None`, called without arguments. Throws what it raises, and as `double`.
  public func number() throws(PythonError) -> Double? { try Glance.number(taking: result()) }

  private func result() -> ObjectPointer? {
    if let simple { return simple(owner, nil) }
    return py_call(callable.pointer, nil, nil, nil)
  }

  /// Calls it with three arguments and drops the result. Throws what it raises.
  public func perform(_ first: Glance, _ second: Glance, _ third: Glance) throws(PythonError) {
    guard let fast else { return try callable.glance.perform(first, second, third) }
    let arguments: (ObjectPointer?, ObjectPointer?, ObjectPointer?) = (first.pointer, second.pointer, third.pointer)
    let result = withUnsafeBytes(of: arguments) {
      fast(owner, $0.baseAddress?.assumingMemoryBound(to: ObjectPointer?.self), 3)
    }
    guard let result else { throw PythonError() }
    Py_DecRef(result)
  }
}
