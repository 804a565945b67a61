import PythonBridge

extension TLSPipe {
  /// Whether nobody can tell this from a socket that a context has wrapped: the context is Python's own, unchanged, and so are the
  /// classes that it makes its objects of. Attached.
  static func suits(_ context: PythonObject, _ state: ModuleState) throws(PythonError) -> Bool {
    let ssl = try importModule("ssl")
    guard try state.ssl() === ssl, try context.isExactly(ssl.attribute("SSLContext")) else { return false }
    let namespace = try ssl.attribute("__dict__")
    func isPythons(_ method: String, of object: PythonObject) throws(PythonError) -> Bool {
      guard let method = try object.optionalAttribute(method) else { return false }
      let function = try method.optionalAttribute("__func__") ?? method
      guard let globals = try function.optionalAttribute("__globals__") else { return false }
      return globals === namespace
    }
    for method in ["wrap_socket", "wrap_bio"] {
      guard try isPythons(method, of: context) else { return false }
    }
    let (socket, object) = (try ssl.attribute("SSLSocket"), try ssl.attribute("SSLObject"))
    guard try context.attribute("sslsocket_class") === socket, try context.attribute("sslobject_class") === object
    else { return false }
    for type in [socket, object] {
      for method in ["_create", "do_handshake", "read", "write", "unwrap"] {
        guard try isPythons(method, of: type) else { return false }
      }
    }
    for method in ["recv", "recv_into", "send", "sendall"] {
      guard try isPythons(method, of: socket) else { return false }
    }
    // It would be called with an object of another class.
    return try context.optionalAttribute("_msg_callback")?.isNone ?? true
  }
}
