import PythonBridge

/// The constructor of `FTP_TLS`, and the context that it chooses.
extension FTPObject {
  /// CPython's order up to 3.11, with the certificate files that later versions have dropped.
  private static let withFiles = Signature(
    "FTP_TLS",
    ["host", "user", "passwd", "acct", "keyfile", "certfile", "context", "timeout", "source_address"] + byName,
    keywordOnly: byName.count)
  /// CPython's order from 3.12 on: what follows `acct` is given by name.
  private static let withoutFiles = Signature(
    "FTP_TLS", ["host", "user", "passwd", "acct", "context", "timeout", "source_address"] + byName,
    keywordOnly: 3 + byName.count)
  /// The documentation's order, told from the others by a second positional argument that is an `int`.
  private static let documentedTLS = Signature(
    "FTP_TLS",
    ["host", "port", "user", "passwd", "acct", "timeout", "source_address", "ipvtype", "context"] + tlsNamed + named,
    keywordOnly: 1 + tlsNamed.count + named.count)
  private static let tlsNamed = ["verify", "implicit"]
  private static let byName = ["port", "ipvtype"] + tlsNamed + named

  /// `FTP_TLS(...)`: chooses the context, then as `FTP`.
  func initializeTLS(tuple: ObjectPointer?, dictionary: ObjectPointer?) throws {
    let isDocumented = try Arguments(positionalOf: tuple).rest.dropFirst().first?.isInteger ?? false
    let signature =
      isDocumented ? Self.documentedTLS : FTPTLSType.hasCertificateFiles ? Self.withFiles : Self.withoutFiles
    let arguments = try Arguments(signature, tuple: tuple, dictionary: dictionary)
    let isImplicit = try arguments["implicit"]?.isTrue() ?? false
    let verify = arguments.value("verify")
    try set(.context, context(arguments["context"], arguments["keyfile"], arguments["certfile"], verify: verify))
    // What the object goes by is its own: CPython's class has no such attributes, and a subclass may call anything so, before or after this.
    try set(._ftplib_verify, .bool(verify?.isTrue() ?? false))
    try set(._ftplib_implicit, .bool(isImplicit))
    if let verify { try object.setAttribute(.string("verify"), .bool(verify.isTrue())) }
    if arguments["implicit"] != nil { try object.setAttribute(.string("implicit"), .bool(isImplicit)) }
    if FTPTLSType.hasCertificateFiles {
      for name in ["keyfile", "certfile"] { try object.setAttribute(.string(name), arguments[name] ?? .none) }
    }
    try set(._prot_p, .bool(false))
    var port = arguments.value("port")
    if port == nil, isImplicit, try attribute(.port).text() == "21" { port = try .integer(990) }
    try start(arguments, port: port)
  }

  /// The context for an object: the caller's; with `verify` a verifying one; otherwise, as in CPython, one that verifies
  /// nothing, with one warning in a process that says so.
  private func context(
    _ given: PythonObject?, _ keyfile: PythonObject?, _ certfile: PythonObject?, verify: PythonObject?
  ) throws -> PythonObject {
    let files = [keyfile, certfile].contains { $0.map { !$0.isNone } ?? false }
    let mustVerify = try verify?.isTrue() ?? false
    if let given, !given.isNone {
      if files { throw PythonError.value("context and keyfile or certfile arguments are mutually exclusive") }
      if mustVerify, try !Self.verifies(given) {
        throw PythonError.value(
          "verify=True, but the context verifies nothing: set its verify_mode to ssl.CERT_REQUIRED")
      }
      if mustVerify { try mindEnd(given) }
      return given
    }
    if files { try warn("DeprecationWarning", "keyfile and certfile are deprecated, use a custom context instead") }
    let ssl = try state.ssl()
    if mustVerify {
      let context = try ssl.callMethod("create_default_context")
      try mindEnd(context)
      if let certfile, !certfile.isNone {
        try context.callMethod("load_cert_chain", certfile, keyfile ?? PythonObject.none)
      }
      return context
    }
    if verify == nil, state.claimInsecureWarning() {
      try warn(
        "RuntimeWarning",
        "FTP_TLS() without a context does not verify the server's certificate: pass verify=True, or a context of your own"
      )
    }
    let keywords = try PythonObject.dictionary()
    if let certfile { try keywords.set(certfile, for: "certfile") }
    if let keyfile { try keywords.set(keyfile, for: "keyfile") }
    return try ssl.attribute("_create_stdlib_context").call(arguments: .tuple(), keywords: keywords)
  }

  /// Has a context tell of an end of TLS that the peer did not announce, which Python's contexts pass over.
  private func mindEnd(_ context: PythonObject) throws {
    guard let options = try state.optionsTellingEnd(context) else { return }
    try context.setAttribute(.string("options"), .integer(options))
  }

  /// Whether a context checks whom it speaks to.
  static func verifies(_ context: PythonObject) throws(PythonError) -> Bool {
    guard let mode = try context.optionalAttribute("verify_mode") else { return true }
    return try mode.integer() != 0
  }
}
