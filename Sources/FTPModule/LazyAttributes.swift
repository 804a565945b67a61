import CPython
import PythonBridge

/// Attributes of the module that CPython's has because it imports `socket` and `ssl` at its start: here they are made when somebody
/// asks for them (PEP 562), for those imports take ten times as long as this module's own.
///
/// Once made they are ordinary attributes: what a patch puts in their place is what the module uses.
enum LazyAttributes: CaseIterable {
  case socket, ssl, sys, sslSocket, globalDefaultTimeout

  private var name: Name {
    switch self {
    case .socket: .socket
    case .ssl: .ssl
    case .sys: .sys
    case .sslSocket: ._SSLSocket
    case .globalDefaultTimeout: ._GLOBAL_DEFAULT_TIMEOUT
    }
  }

  /// The attribute's value.
  func value(_ state: ModuleState) throws(PythonError) -> PythonObject {
    let name = state.names[name]
    if let value = try state.namespace.value(for: name) { return value }
    let value: PythonObject
    switch self {
    case .socket, .ssl, .sys: value = try importModule("\(self)")
    case .sslSocket: value = try Self.ssl.value(state).attribute("SSLSocket")
    case .globalDefaultTimeout: value = try state.notGiven()
    }
    try state.namespace.set(value, for: name)
    return value
  }

  /// The module's `__getattr__` and `__dir__`. They are added when the module has its state: while it is made, the import system asks
  /// for attributes that it need not have.
  static let functions = StaticTable<PyMethodDef>(
    [
      .function("__getattr__", "__getattr__($module, name, /)\n--\n\nImport what the module offers of others.") {
        module, arguments, count, keywords in
        ModuleFunctions.call(module, arguments, count, keywords, Signature("__getattr__", ["name"], required: 1)) {
          state, arguments in
          let name = try arguments.required(0).text()
          guard let attribute = allCases.first(where: { "\($0.name)" == name }) else {
            let module = try state.namespace.value(for: .string("__name__"))?.text() ?? "ftplib"
            throw PythonError.raise(.attributeError, "module '\(module)' has no attribute '\(name)'")
          }
          return try attribute.value(state)
        }
      },
      .function("__dir__", "__dir__($module, /)\n--\n\nThe names of the module's attributes.") {
        module, arguments, count, keywords in
        ModuleFunctions.call(module, arguments, count, keywords, Signature("__dir__")) { state, _ in
          let names = try PythonObject.dictionary()
          try names.callMethod("update", state.namespace)
          for attribute in allCases { try names.set(PythonObject.none, for: state.names[attribute.name]) }
          let list = try PythonObject.list()
          for name in try names.items() { try list.append(name) }
          return list
        }
      },
    ], end: PyMethodDef())
}
