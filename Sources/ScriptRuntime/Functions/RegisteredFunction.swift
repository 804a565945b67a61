internal import CPython
internal import PythonBridge

/// A Swift function as an object of Python's.
final class RegisteredFunction: Sendable {
  /// Reads the arguments, calls the function, makes the result.
  private typealias Body = @Sendable (inout ArgumentReader) throws -> OwnedReference

  let name: String
  /// The parameters' names; empty when arguments are given by position alone.
  let parameters: [String]
  let arity: Int
  private let documentation: String
  private let body: Body

  /// The function with a result. `parameters` are as many as it takes, or none. `isDetached` says that others have the interpreter while it runs.
  init<each Argument: FromScript, Result: IntoScript>(
    _ name: String, _ parameters: [String], _ documentation: String, isDetached: Bool = false,
    _ function: @escaping @Sendable (repeat each Argument) throws -> Result
  ) {
    var optional: [Bool] = []
    for type in repeat (each Argument).self { optional.append(type.isOptional) }
    self.name = name
    self.parameters = parameters
    arity = optional.count
    self.documentation = Self.signature(name, parameters, optional) + documentation
    body = { reader in
      guard isDetached else { return try function(repeat reader.next((each Argument).self)).intoScript() }
      let arguments = (repeat try reader.next((each Argument).self))
      return try Self.detached { try function(repeat each arguments) }.intoScript()
    }
  }

  /// The function without one.
  convenience init<each Argument: FromScript>(
    _ name: String, _ parameters: [String], _ documentation: String, isDetached: Bool = false,
    _ function: @escaping @Sendable (repeat each Argument) throws -> Void
  ) {
    self.init(name, parameters, documentation, isDetached: isDetached) {
      (argument: repeat each Argument) throws -> Int? in
      try function(repeat each argument)
      return nil
    }
  }

  /// Not as the bridge's own calls do it, which know their way back: this may use the interpreter as any code of the program's.
  private static func detached<Result>(_ body: () throws -> Result) rethrows -> Result {
    let state = PyEval_SaveThread()
    defer { PyEval_RestoreThread(state) }
    return try body()
  }

  /// What `inspect.signature` reads, before the documentation.
  private static func signature(_ name: String, _ parameters: [String], _ optional: [Bool]) -> String {
    var words: [String] = []
    // Python knows no parameter without a default behind one with a default: what must be given has none before it either.
    let required = optional.lastIndex(of: false) ?? -1
    for (index, isOptional) in optional.enumerated() {
      let parameter = index < parameters.count ? parameters[index] : "argument\(index + 1)"
      words.append(isOptional && index > required ? "\(parameter)=None" : parameter)
    }
    if parameters.isEmpty, !words.isEmpty { words.append("/") }
    return "\(name)(\(words.joined(separator: ", ")))\n--\n\n"
  }

  // MARK: As an object

  /// What Python keeps pointers to as long as the function object lives.
  private final class Definition {
    let function: RegisteredFunction
    let method: UnsafeMutablePointer<PyMethodDef>
    private let texts: [UnsafeMutablePointer<CChar>]

    init(_ function: RegisteredFunction) {
      self.function = function
      texts = [function.name, function.documentation].map { text in
        let bytes = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for (index, byte) in bytes.enumerated() { (copy + index).initialize(to: byte) }
        return copy
      }
      let implementation: FunctionImplementation = { own, arguments, count, keywords in
        RegisteredFunction.call(own, arguments, count, keywords)
      }
      method = .allocate(capacity: 1)
      method.initialize(
        to: PyMethodDef(
          ml_name: UnsafePointer(texts[0]), ml_meth: unsafeBitCast(implementation, to: PyCFunction.self),
          ml_flags: py_function_flags, ml_doc: UnsafePointer(texts[1])))
    }

    deinit {
      method.deallocate()
      for text in texts { text.deallocate() }
    }
  }

  /// Throws `ValueError` for what Python could not read as the function's signature, or would cut off: C ends its texts at a NUL.
  private func checkTexts() throws(PythonError) {
    guard !name.utf8.contains(0), !documentation.utf8.contains(0) else {
      throw .value("a function's name, parameters and documentation cannot have a NUL character")
    }
    guard parameters.isEmpty || parameters.count == arity else {
      throw .value("\(name)() has \(arity) parameters, and names for \(parameters.count)")
    }
    var known: Set<String> = []
    for parameter in parameters {
      let text = try PythonObject.string(parameter)
      guard text.withPointer({ PyUnicode_IsIdentifier($0) }) == 1 else {
        throw .value("\(name)() cannot have a parameter '\(parameter)': that is no name in Python")
      }
      guard known.insert(parameter).inserted else { throw .value("\(name)() has two parameters '\(parameter)'") }
    }
  }

  private static let capsule = Capsule<Definition>("ScriptRuntime.function")

  /// A new function object, which owns this.
  func object() throws(PythonError) -> PythonObject {
    try checkTexts()
    let definition = Definition(self)
    let owner = try Self.capsule.make(definition)
    return try owner.withPointer { (owner) throws(PythonError) in
      try owned(PyCMethod_New(definition.method, owner, nil, nil))
    }
  }

  /// How many calls lie one in the other on the interpreter's thread, which alone touches it.
  nonisolated(unsafe) private static var depth = 0

  /// Whether this thread is in a registered function, as the script's threads are when they are in Swift.
  static var isInOne: Bool { !InterpreterLife.isOnItsThread || depth > 0 }

  private static func call(
    _ own: ObjectPointer?, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int, _ keywords: ObjectPointer?
  ) -> ObjectPointer? {
    let isOnItsThread = InterpreterLife.isOnItsThread
    if isOnItsThread { depth &+= 1 }
    defer { if isOnItsThread { depth &-= 1 } }
    do {
      guard let function = capsule.content(of: own)?.function else {
        throw PythonError.type("a registered function needs its own object")
      }
      var reader = ArgumentReader(function, arguments, count, keywords)
      try reader.check()
      return try function.body(&reader).take()
    } catch {
      SwiftErrorCapsule.raise(error)
      return nil
    }
  }
}

/// Reads the arguments of one call of a registered function, in the order of its parameters.
struct ArgumentReader {
  private let function: RegisteredFunction
  private let arguments: UnsafePointer<ObjectPointer?>?
  private let count: Int
  private let keywords: ObjectPointer?
  private var index = 0

  init(
    _ function: RegisteredFunction, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int,
    _ keywords: ObjectPointer?
  ) {
    self.function = function
    self.arguments = arguments
    self.count = count
    self.keywords = keywords
  }

  /// Throws when there are more arguments than parameters, or when a name is unknown or given twice.
  func check() throws(ScriptError) {
    guard count <= function.arity else {
      throw misfit(
        "takes at most \(function.arity) positional argument\(function.arity == 1 ? "" : "s") (\(count) given)")
    }
    guard let keywords else { return }
    for place in 0..<max(0, PyTuple_Size(keywords)) {
      let name = try keyword(at: place, of: keywords)
      guard let index = function.parameters.firstIndex(of: name) else {
        throw misfit("got an unexpected keyword argument '\(name)'")
      }
      if index < count { throw misfit("got multiple values for argument '\(name)'") }
    }
  }

  /// The next argument. Throws `.conversion` that names it.
  mutating func next<Value: FromScript>(_ type: Value.Type) throws(ScriptError) -> Value {
    defer { index += 1 }
    guard let given = try given() else {
      guard Value.isOptional else { throw misfit("missing required argument: \(label)") }
      return try Value(fromScript: BorrowedReference(py_none()))
    }
    do { return try Value(fromScript: BorrowedReference(given)) } catch {
      guard error.kind == .conversion else { throw error }
      throw ScriptError(.conversion, type: error.type, "\(function.name)() argument \(label): \(error.message)")
    }
  }

  /// The argument for the parameter at `index`, borrowed; nil when it is not given.
  private func given() throws(ScriptError) -> ObjectPointer? {
    if index < count { return arguments?[index] }
    guard let keywords, index < function.parameters.count else { return nil }
    for place in 0..<max(0, PyTuple_Size(keywords))
    where try keyword(at: place, of: keywords) == function.parameters[index] { return arguments?[count + place] }
    return nil
  }

  private func keyword(at place: Int, of keywords: ObjectPointer) throws(ScriptError) -> String {
    guard let name = PyTuple_GetItem(keywords, place) else { throw ScriptError.taken() }
    return try String(fromScript: BorrowedReference(name))
  }

  private var label: String {
    index < function.parameters.count ? "'\(function.parameters[index])'" : "\(index + 1)"
  }

  private func misfit(_ reason: String) -> ScriptError {
    ScriptError(.conversion, type: "TypeError", "\(function.name)() \(reason)")
  }
}
