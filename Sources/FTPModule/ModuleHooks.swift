import PythonBridge

/// The module's functions that methods call. CPython's look them up in the module at each call, so that a script may put a function of its own
/// in the place of one: such a one is called. Otherwise the client does by itself what they do.
struct ModuleHooks {
  /// What reads replies.
  let parse150, parse227, parse229, parse257: ReplaceableFunction
  /// What gets lines that no callback is given for.
  let printLine: ReplaceableFunction

  /// Those that the module has now. Throws `AttributeError`.
  init(_ module: PythonObject, _ names: Names) throws(PythonError) {
    let namespace = try module.attribute("__dict__")
    func own(_ name: Name) throws(PythonError) -> ReplaceableFunction {
      ReplaceableFunction(namespace: namespace, name: names[name], own: try module.attribute(names[name]))
    }
    (parse150, parse227, parse229, parse257) = try (own(.parse150), own(.parse227), own(.parse229), own(.parse257))
    printLine = try own(.print_line)
  }

  /// What the garbage collector must see.
  var all: [PythonObject] { [parse150, parse227, parse229, parse257, printLine].map(\.own) + [parse150.namespace] }

  /// Whether those that are asked for a data connection are the module's own.
  var openDataConnections: Bool { parse227.isInPlace && parse150.isInPlace && parse229.isInPlace }
}

/// A function of the module's.
struct ReplaceableFunction {
  /// The module's attributes, one object for all of them.
  fileprivate let namespace: PythonObject
  fileprivate let name: PythonObject
  fileprivate let own: PythonObject

  /// Whether the module still has it.
  var isInPlace: Bool { namespace.hasItem(own, for: name) }

  /// What stands in its place; nil while that is itself, or nothing.
  var replacement: PythonObject? {
    get throws(PythonError) { isInPlace ? nil : try namespace.value(for: name) }
  }
}
