import CPython
import PythonBridge

/// What one module object owns: its classes, its exceptions and the names that it looks up.
final class ModuleState {
  let names: Names
  let errors: Errors
  let lines: LineTypes
  let connectionType: PythonObject
  let streamType: PythonObject
  let machineListingType: PythonObject
  let progressBarType: PythonObject
  let crewThreadType: PythonObject
  let treeTypes: TreeTypes
  let memoryType: PythonObject
  let transferTypes: TransferTypes
  let baseType: PythonObject
  let ftpType: PythonObject
  let ftpTLSType: PythonObject
  /// `sock` of `FTP`.
  let socketAttribute: WatchedAttribute
  private let watchedType: PythonObject
  /// The module's attributes.
  let namespace: PythonObject
  let hooks: ModuleHooks
  /// The methods that a command goes through, as the class `FTP` was made with them.
  let commandMethods: OwnMethods
  /// Those of them that read a reply.
  let replyMethods: OwnMethods
  /// Those and the ones that open data connections.
  let transferMethods: OwnMethods
  /// Whether anybody has written to an FTP object, or to its class.
  let lookups: LookupStates
  let pasv, epsv: PassiveQuery
  let replyTexts = ReplyTexts()
  let loginWords: LoginWords
  private var hostNames: HostNames?
  private var knownFileTypes: FileTypes?
  let auditing: Auditing
  /// What `encoding` and `errors` of an FTP object mostly are.
  let utf8, strict: PythonObject
  @exclusivity(unchecked) private var plainSockets: PlainSockets?
  @exclusivity(unchecked) private var timeoutNotGiven: PythonObject?
  private var hasWarnedOfInsecurity = false

  /// The exception classes.
  struct Errors {
    let error, reply, temporary, permanent, protocolError: PythonObject
    var all: [PythonObject] { [error, reply, temporary, permanent, protocolError] }
  }

  /// Everything that the garbage collector must see, each reference once: what is shown more often than it is held is taken for held by
  /// somebody else, and never collected.
  var references: [PythonObject] {
    names.all + loginWords.all + errors.all + lines.all + transferTypes.all + treeTypes.all
      + [
        connectionType, streamType, machineListingType, memoryType, progressBarType, crewThreadType, baseType, ftpType,
      ]
      + [ftpTLSType, watchedType, namespace]
      + commandMethods.all + replyMethods.all + transferMethods.all + lookups.all
      + [utf8, strict] + hooks.all + auditing.all
      + (plainSockets?.all ?? []) + (knownFileTypes?.all ?? [])
      + [timeoutNotGiven].compactMap(\.self)
  }

  /// Makes the module's classes and puts them, and the constants, into it.
  init(_ module: PythonObject) throws {
    let name = try module.attribute("__name__").text()
    namespace = try module.attribute("__dict__")
    names = try Names()
    loginWords = try LoginWords()
    hooks = try ModuleHooks(module, names)
    errors = try Self.makeErrors(name)
    lines = try LineTypes(module, name: name)
    connectionType = try Connection.makeType(module, name: name)
    streamType = try SharedStream.makeType(module, name: name)
    machineListingType = try MachineListing.makeType(module, name: name)
    progressBarType = try ProgressBar.makeType(module, name: name)
    crewThreadType = try CrewThread.makeType(module, name: name)
    treeTypes = try TreeTypes(name, base: errors.error)
    memoryType = try SessionMemory.makeType(module, name: name)
    transferTypes = try TransferTypes()
    baseType = try FTPType.makeBase(module, name: name)
    // Where `pickle` looks for the methods.
    try module.setAttribute(.string("_FTPMethods"), baseType)
    (utf8, strict) = (try .name("utf-8"), try .name("strict"))
    let (connectionType, names) = (connectionType, names)
    socketAttribute = WatchedAttribute(names[.sock], initial: .none) { instance in
      PythonError.preserving {
        try instance.content(of: names[glance: .file], connectionType, as: Connection.self)?.handOutSocket()
      }
    }
    watchedType = try WatchedAttribute.makeType(in: module, name: "\(name)._SocketAttribute")
    ftpType = try FTPType.makeClass(
      base: baseType, moduleName: name, socket: NativeObject.make(watchedType, socketAttribute), utf8: utf8,
      strict: strict)
    auditing = try Auditing()
    transferMethods = try OwnMethods(PlainData.methodNames.map { names[$0] }, of: ftpType, definedBy: baseType)
    (pasv, epsv) = (try PassiveQuery("PASV"), try PassiveQuery("EPSV"))
    commandMethods = try OwnMethods(FTPObject.commandNames.map { names[$0] }, of: ftpType, definedBy: baseType)
    replyMethods = try OwnMethods(FTPObject.replyNames.map { names[$0] }, of: ftpType, definedBy: baseType)
    ftpTLSType = try FTPTLSType.make(module, name: name, ftp: ftpType)
    lookups = try LookupStates(of: [ftpType, ftpTLSType])
    try addConstants(to: module)
  }

  /// `ftplib.socket`: Python's module, or what somebody has put in its place. See `LazyAttributes`.
  func socket() throws(PythonError) -> PythonObject { try LazyAttributes.socket.value(self) }

  /// Python's module `socket`, whatever `ftplib.socket` is.
  func pythonSocket() throws(PythonError) -> PythonObject {
    if let module = try loadedModule(names[.socket]) { return module }
    return try importModule("socket")
  }

  /// `ftplib.ssl`.
  func ssl() throws(PythonError) -> PythonObject { try LazyAttributes.ssl.value(self) }

  /// The class of Python's that `socket.socket` derives from.
  func nativeSocket() throws(PythonError) -> PythonObject {
    if let module = try loadedModule(names[._socket]) { return try module.attribute(names[.socket]) }
    return try importModule("_socket").attribute(names[.socket])
  }

  /// Whether a socket is an `ssl.SSLSocket`. It is none while nobody has imported `ssl`.
  func isTLS(_ socket: PythonObject) throws(PythonError) -> Bool {
    guard let ssl = try loadedModule(names[.ssl]), try ssl.isTrue() else { return false }
    return try socket.isInstance(of: self.ssl().attribute("SSLSocket"))
  }

  /// `socket`'s mark for a timeout that was not given: one object as long as the process lives.
  ///
  /// It is the real module's: what a test has put in the place of `ftplib.socket` has its own only until that test ends.
  func notGiven() throws(PythonError) -> PythonObject {
    if let timeoutNotGiven { return timeoutNotGiven }
    let mark = try pythonSocket().attribute(names[._GLOBAL_DEFAULT_TIMEOUT])
    timeoutNotGiven = mark
    return mark
  }

  /// Whether `socket` is Python's own, so that nobody sees who connects: no event loop, proxy or guard has taken its place.
  func connectsPlainly() throws(PythonError) -> Bool { try ownSockets() != nil }

  /// Python's own `socket`; nil when anything else is there.
  func ownSockets() throws(PythonError) -> PlainSockets? {
    let module = try socket()
    do {
      if plainSockets == nil { plainSockets = try PlainSockets(module, names) }
      guard let plainSockets, try plainSockets.areThose(of: module, names) else { return nil }
      return plainSockets
    } catch {
      // What stands in for it, such as PySocks' module, need have no more than what is asked for.
      guard PythonError.matches(.attributeError) else { throw error }
      PythonError.clear()
      return nil
    }
  }

  /// The classes of Python's own binary files.
  func fileTypes() throws(PythonError) -> FileTypes {
    if let knownFileTypes { return knownFileTypes }
    let types = try FileTypes()
    knownFileTypes = types
    return types
  }

  /// What data connections to a host are called: mostly it is the one of the last.
  func names(of host: String) throws(PythonError) -> HostNames {
    if let hostNames, hostNames.areThose(of: host) { return hostNames }
    let names = try HostNames(host)
    hostNames = names
    return names
  }

  /// Whether the warning of a context that verifies nothing is due: once.
  func claimInsecureWarning() -> Bool {
    defer { hasWarnedOfInsecurity = true }
    return !hasWarnedOfInsecurity
  }

  // MARK: Finding it

  /// Where a module object keeps its state.
  static func slot(of module: ObjectPointer) -> UnsafeMutablePointer<Unmanaged<ModuleState>?>? {
    PyModule_GetState(module)?.assumingMemoryBound(to: Unmanaged<ModuleState>?.self)
  }

  /// The state of a module. Throws when the module has been torn down.
  static func of(module: ObjectPointer?) throws(PythonError) -> ModuleState {
    guard let module, let state = slot(of: module)?.pointee else {
      if PythonError.isSet { throw PythonError() }
      throw .raise(.runtimeError, "the module ftplib has been unloaded")
    }
    return state.takeUnretainedValue()
  }

  /// The state of the module that `import ftplib` gives a Swift program's interpreter.
  static func imported() throws(PythonError) -> ModuleState {
    let module = try importModule("ftplib")
    return try module.withPointer { (module) throws(PythonError) in try of(module: module) }
  }

  /// The state of the module that defines a class.
  static func of(definingClass type: OpaquePointer?) throws(PythonError) -> ModuleState {
    guard let type, let module = PyType_GetModule(type) else { throw PythonError() }
    return try of(module: module)
  }

  /// The state of the module from which an instance's class, or a base of it, comes.
  static func of(instance: ObjectPointer) throws(PythonError) -> ModuleState {
    // As nearly always; the order of all bases takes a Python object for each.
    if let module = definingModule(of: instance, methods: FTPType.methods.start) { return try of(module: module) }
    let instance = PythonObject(borrowed: instance)
    for base in try instance.type.attribute("__mro__").items() {
      guard let module = base.definingModule(ModuleDefinition.shared.start) else { continue }
      return try module.withPointer { (module) throws(PythonError) in try of(module: module) }
    }
    throw .type("'\(instance.typeName)' is no class of ftplib")
  }

  // MARK: Making it

  private static func makeErrors(_ module: String) throws(PythonError) -> Errors {
    func make(_ name: String, _ documentation: String, _ base: PythonObject) throws(PythonError) -> PythonObject {
      try .exceptionClass("\(module).\(name)", documentation, base: base)
    }
    let error = try make("Error", "Base class of this module's exceptions.", .exception)
    return Errors(
      error: error,
      reply: try make("error_reply", "The server gave a reply that the call does not expect.", error),
      temporary: try make("error_temp", "The server refused for now: a reply 400 to 499.", error),
      permanent: try make("error_perm", "The server refused: a reply 500 to 599.", error),
      protocolError: try make("error_proto", "The server's reply breaks the protocol.", error))
  }

  private func addConstants(to module: PythonObject) throws(PythonError) {
    try module.add("FTP", ftpType)
    try module.add("FTP_TLS", ftpTLSType)
    // Where pickle finds them: such a type is named before the module has its name.
    let place = try ftpType.attribute("__module__")
    for type in [transferTypes.result, transferTypes.progress, treeTypes.summary] {
      try type.setAttribute(.string("__module__"), place)
    }
    try module.add("TransferResult", transferTypes.result)
    try module.add("TransferProgress", transferTypes.progress)
    try module.add("TreeSummary", treeTypes.summary)
    try module.add("TreeError", treeTypes.error)
    let errorNames = ["Error", "error_reply", "error_temp", "error_perm", "error_proto"]
    for (name, error) in zip(errorNames, errors.all) { try module.add(name, error) }
    try module.add(
      "all_errors",
      .tuple(errors.error, .osError, .eofError))
    try module.add("MSG_OOB", .integer(1))
    try module.add("FTP_PORT", .integer(21))
    try module.add("MAXLINE", .integer(FTPType.maximumLine))
    try module.add("CRLF", .string("\r\n"))
    try module.add("B_CRLF", owned(PyBytes_FromString(("\r\n" as StaticString).cString)))
    try module.add("__version__", .string(version))
    let exported = try PythonObject.list()
    let own = [
      "TransferProgress", "TransferResult", "TreeError", "TreeSummary", "connect_url", "install", "progress_bar",
    ]
    for name in ["FTP", "FTP_TLS"] + errorNames.dropFirst() + ["all_errors"] + own {
      try exported.append(.string(name))
    }
    try module.add("__all__", exported)
    try module.add(LazyAttributes.functions)
  }
}
