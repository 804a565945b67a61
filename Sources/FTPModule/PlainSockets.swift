import PythonBridge

/// Python's module `socket` as it was born: what a connection that is made without it would otherwise pass.
final class PlainSockets {
  private let parts: [(name: Name, value: PythonObject)]
  private let methods: OwnMethods

  /// Takes what is there now; nil when that is somebody else's already.
  init?(_ module: PythonObject, _ names: Names) throws(PythonError) {
    let native = try importModule("_socket").attribute("socket")
    methods = try OwnMethods([names[.connect], names[.recv], names[.send], names[.sendall]], of: native)
    var parts: [(name: Name, value: PythonObject)] = []
    let namespace = try module.attribute("__dict__")
    for name in [Name.create_connection, .getaddrinfo, .socket] {
      let value = try module.attribute(names[name])
      // A function made elsewhere, whatever it says of itself, has other globals; for the class its constructor tells.
      let function = try name == .socket ? value.attribute("__init__") : value
      guard let globals = try function.optionalAttribute("__globals__"), globals === namespace else { return nil }
      parts.append((name, value))
    }
    self.parts = parts
  }

  /// What the garbage collector must see.
  var all: [PythonObject] { parts.map(\.value) + methods.all }

  /// Whether they are still there.
  func areThose(of module: PythonObject, _ names: Names) throws(PythonError) -> Bool {
    for (name, value) in parts {
      guard try module.hasAttribute(names[name], value) else { return false }
      if name == .socket, !methods.areAll(ofClass: value) { return false }
    }
    return true
  }
}
