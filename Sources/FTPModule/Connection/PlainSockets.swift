import CPython
import Glibc
import PythonBridge

/// Python's module `socket` as it was born: what a connection that is made without it would otherwise pass.
final class PlainSockets {
  private let parts: [(name: Name, value: PythonObject)]
  private let methods: OwnMethods
  private let type, native: PythonObject
  /// The constructor of the class, and what that sets beside what the native one does; nil where it may set more.
  private let own: (constructor: OwnMethods, attributes: [(name: PythonObject, value: PythonObject)])?
  /// How all of them are asked, as the first one has said.
  @exclusivity(unchecked) private var known: PythonStream.Questions?
  /// For each family what the module calls it, and what `create_connection` makes a socket of it with.
  private let four, six: (name: PythonObject, arguments: PythonObject)

  /// Takes what is there now; nil when that is somebody else's already.
  init?(_ module: PythonObject, _ names: Names) throws(PythonError) {
    let native = try importModule("_socket").attribute("socket")
    let asked: [Name] = [.connect, .recv, .send, .sendall, .fileno, .gettimeout]
    methods = try OwnMethods(asked.map { names[$0] }, of: native)
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
    type = try module.attribute(names[.socket])
    self.native = native
    if try type.attribute("__slots__").text() == "['__weakref__', '_io_refs', '_closed']" {
      let attributes = try [
        (name: PythonObject.name("_io_refs"), value: PythonObject.integer(0)), (.name("_closed"), .bool(false)),
      ]
      own = (try OwnMethods([.string("__init__")], of: type), attributes)
    } else {
      own = nil
    }
    func family(_ number: CInt, _ name: String) throws(PythonError) -> (PythonObject, PythonObject) {
      let kind = try (PythonObject.integer(Int(SOCK_STREAM.rawValue)), PythonObject.integer(Int(IPPROTO_TCP)))
      return try (module.attribute(name), .tuple(.integer(Int(number)), kind.0, kind.1))
    }
    (four, six) = try (family(AF_INET, "AF_INET"), family(AF_INET6, "AF_INET6"))
  }

  /// What the garbage collector must see.
  var all: [PythonObject] {
    parts.map(\.value) + methods.all + (own?.constructor.all ?? [])
      + (own?.attributes.flatMap { [$0.name, $0.value] } ?? []) + [
        type, native, four.name, four.arguments, six.name, six.arguments,
      ]
  }

  /// Whether they are still there.
  func areThose(of module: PythonObject, _ names: Names) throws(PythonError) -> Bool {
    for (name, value) in parts {
      guard try module.hasAttribute(names[name], value) else { return false }
      if name == .socket, !methods.areAll(ofClass: value) { return false }
    }
    return true
  }

  /// A new socket, not yet connected. Throws as its constructor, whose part in Python is done here.
  func make(isIPv6: Bool) throws(PythonError) -> PythonObject {
    let arguments = (isIPv6 ? six : four).arguments
    guard let own, own.constructor.areAll(ofClass: type) else {
      return try type.call(arguments: arguments, keywords: nil)
    }
    let socket = try PythonObject.instance(of: type, initializedAs: native, arguments)
    for (name, value) in own.attributes { try socket.setAttribute(name, value) }
    return socket
  }

  /// What is known of one of them.
  func describe(_ socket: PythonObject, isIPv6: Bool, _ names: Names) throws(PythonError) -> FTPObject.Plain {
    let questions = if let known { known } else { try PythonStream.Questions(socket, names) }
    known = questions
    return FTPObject.Plain(
      descriptor: try questions.descriptor(of: socket, names), questions: questions,
      family: (isIPv6 ? six : four).name)
  }
}
