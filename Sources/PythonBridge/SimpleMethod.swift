internal import CPython

/// A method without arguments of a built-in class, called as it says itself that it is to be (`METH_NOARGS`), without Python's way there: for
/// what is asked at every command. It makes no object. Attached.
public struct SimpleMethod {
  private typealias Function = @convention(c) (ObjectPointer?, ObjectPointer?) -> ObjectPointer?
  private let function: Function

  /// The method that an instance has under a name; nil where that is any other callable. Throws `AttributeError`.
  public init?(_ name: PythonObject, of instance: PythonObject) throws(PythonError) {
    let method = try instance.attribute(name)
    guard let function = method.builtinFunction, PyCFunction_GetSelf(method.pointer) == instance.pointer,
      PyCFunction_GetFlags(method.pointer) == METH_NOARGS
    else { return nil }
    self.function = unsafeBitCast(function, to: Function.self)
  }

  /// What it returns as an `int`, for an instance of the same class. Throws what it raises, and as `PythonObject.integer`.
  public func integer(_ instance: Glance) throws(PythonError) -> Int {
    try Glance.integer(taking: function(instance.pointer, nil))
  }

  /// What it returns as a number, nil for `None`. Throws what it raises, and as `PythonObject.double`.
  public func number(_ instance: Glance) throws(PythonError) -> Double? {
    try Glance.number(taking: function(instance.pointer, nil))
  }
}
