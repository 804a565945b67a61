internal import CPython

/// The parameters of a Python function that Swift implements.
public struct Signature: Sendable {
  let function: String
  let parameters: [String]
  let required: Int
  let takesMore: Bool
  let keywordOnly: Int

  /// `required` of the parameters have no default; the last `keywordOnly` are given by name alone;
  /// `takesMore` collects further positional arguments, as `*args` does.
  public init(
    _ function: String, _ parameters: [String] = [], required: Int = 0, keywordOnly: Int = 0, takesMore: Bool = false
  ) {
    self.function = function
    self.parameters = parameters
    self.required = required
    self.keywordOnly = keywordOnly
    self.takesMore = takesMore
  }

}

/// The arguments of one call, bound to a signature.
public struct Arguments {
  private let parameters: [String]
  /// One for each parameter; nil when it was not given.
  public private(set) var values: [PythonObject?]
  /// Positional arguments beyond the parameters, when the signature takes them.
  public private(set) var rest: [PythonObject] = []

  /// The argument of a parameter by its place; nil when it was not given.
  public subscript(_ index: Int) -> PythonObject? { index < values.count ? values[index] : nil }

  /// The argument by its place, `None` counted as not given.
  public func value(_ index: Int) -> PythonObject? { self[index].flatMap { $0.isNone ? nil : $0 } }

  /// The argument of a parameter by its name; nil when it was not given, or when the signature has none of that name.
  public subscript(_ name: String) -> PythonObject? { parameters.firstIndex(of: name).flatMap { self[$0] } }

  /// The argument by its name, `None` counted as not given.
  public func value(_ name: String) -> PythonObject? { self[name].flatMap { $0.isNone ? nil : $0 } }

  /// The argument of a required parameter. Binding has made sure that it is there.
  public func required(_ index: Int) throws(PythonError) -> PythonObject {
    guard let value = self[index] else { throw .type("missing required argument") }
    return value
  }

  /// Whether a call with a tuple and a dictionary has any arguments.
  public static func areGiven(tuple: ObjectPointer?, dictionary: ObjectPointer?) -> Bool {
    tuple.map { PyTuple_Size($0) != 0 } ?? false || dictionary.map { PyDict_Size($0) != 0 } ?? false
  }

  /// The positional arguments of a call with a tuple, bound to no signature: a look at them before one is chosen.
  public init(positionalOf tuple: ObjectPointer?) throws(PythonError) {
    try self.init(Signature("", takesMore: true), tuple: tuple, dictionary: nil)
  }

  /// Binds the arguments of a vectorcall. Throws `TypeError` in Python's words.
  public init(
    _ signature: Signature, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int, keywords: ObjectPointer?
  ) throws(PythonError) {
    let vector = UnsafeBufferPointer(start: arguments, count: count)
    var named: [(PythonObject, PythonObject)] = []
    if let keywords, let arguments {
      for index in 0..<max(0, PyTuple_Size(keywords)) {
        guard let name = PyTuple_GetItem(keywords, index), let value = arguments[count + index] else { continue }
        named.append((PythonObject(borrowed: name), PythonObject(borrowed: value)))
      }
    }
    try self.init(signature, vector.compactMap { $0.map(PythonObject.init(borrowed:)) }, named)
  }

  /// Binds the arguments of a call with a tuple and a dictionary, as `__init__` gets them.
  public init(_ signature: Signature, tuple: ObjectPointer?, dictionary: ObjectPointer?) throws(PythonError) {
    var positional: [PythonObject] = []
    if let tuple {
      for index in 0..<max(0, PyTuple_Size(tuple)) {
        if let item = PyTuple_GetItem(tuple, index) { positional.append(PythonObject(borrowed: item)) }
      }
    }
    var named: [(PythonObject, PythonObject)] = []
    if let dictionary {
      var position = 0
      var key: ObjectPointer?
      var value: ObjectPointer?
      while PyDict_Next(dictionary, &position, &key, &value) != 0 {
        if let key, let value { named.append((PythonObject(borrowed: key), PythonObject(borrowed: value))) }
      }
    }
    try self.init(signature, positional, named)
  }

  private init(
    _ signature: Signature, _ positional: [PythonObject], _ named: [(PythonObject, PythonObject)]
  ) throws(PythonError) {
    let places = signature.parameters.count - signature.keywordOnly
    parameters = signature.parameters
    values = Array(repeating: nil, count: signature.parameters.count)
    for (index, value) in positional.enumerated() {
      if index < places {
        values[index] = value
      } else if signature.takesMore {
        rest.append(value)
      } else {
        throw .type("\(signature.function)() takes at most \(places) positional arguments (\(positional.count) given)")
      }
    }
    for (key, value) in named {
      let name = try key.utf8Text()
      guard let index = signature.parameters.firstIndex(of: name) else {
        throw .type("\(signature.function)() got an unexpected keyword argument '\(name)'")
      }
      guard values[index] == nil else {
        throw .type("\(signature.function)() got multiple values for argument '\(name)'")
      }
      values[index] = value
    }
    for index in 0..<signature.required where values[index] == nil {
      throw .type("\(signature.function)() missing required argument: '\(signature.parameters[index])'")
    }
  }
}
