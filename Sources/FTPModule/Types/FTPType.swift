import CPython
import FTPClient
import PythonBridge

/// The class `FTP`: its methods as a table, and how the class is made of it.
///
/// The methods sit in a base class without fields of its own; `FTP` is an ordinary Python class over that, with ordinary class
/// attributes. So it has a `__dict__`, weak references and mutable attributes, and shares bases with any other class.
enum FTPType {
  /// `maxline`: the longest line of a reply or of a text transfer, in characters.
  static let maximumLine = Limits.line

  /// Makes the base class that holds the methods. It cannot be changed: who patches a method does so in `FTP`.
  static func makeBase(_ module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    let documentation: StaticString = "The methods of the class FTP."
    return try makeType(
      in: module, name: "\(name)._FTPMethods", size: 0, flags: py_fixed_base_type_flags,
      slots: [
        PyType_Slot(Py_tp_init, initialize),
        PyType_Slot(Py_tp_methods, methods.start),
        PyType_Slot(Py_tp_doc, documentation.cString),
      ])
  }

  /// Makes the class `FTP`.
  static func makeClass(
    base: PythonObject, moduleName: String, socket: PythonObject, utf8: PythonObject, strict: PythonObject
  ) throws(PythonError) -> PythonObject {
    let namespace = try PythonObject.dictionary()
    let attributes: [(String, PythonObject)] = [
      ("__module__", try .string(moduleName)),
      ("debugging", try .integer(0)),
      ("host", try .string("")),
      ("port", try .integer(21)),
      ("maxline", try .integer(maximumLine)),
      ("sock", socket),
      ("file", .none),
      ("af", .none),
      ("ipvtype", try .integer(0)),
      ("welcome", .none),
      ("passiveserver", .bool(true)),
      ("trust_server_pasv_ipv4_address", .bool(false)),
      ("encoding", utf8),
      ("errors", strict),
      ("proxy", .none),
      ("prefer_epsv", .bool(false)),
      ("keepalive", .none),
      ("_ftplib_proxied_host", .none),
      ("_ftplib_session", .none),
    ]
    for (name, value) in attributes { try namespace.set(value, for: .name(name)) }
    return try .makeClass(
      "FTP", bases: [base], namespace: namespace,
      signature: """
        (host=None, port=None, user=None, passwd=None, acct=None, timeout=..., source_address=None, ipvtype=0, *, encoding='utf-8', \
        errors='strict', proxy=None)
        """,
      documentation: documentation)
  }

  private static let documentation = """
    A connection to an FTP server (RFC 959).

    FTP(host=None, port=None, user=None, passwd=None, acct=None, timeout=...,
        source_address=None, ipvtype=0, *, encoding='utf-8', errors='strict', proxy=None)
    FTP(host, user, passwd, acct, timeout, source_address, *, ...)

    With host (a str) the object connects, with user it logs in as well. The second form is
    CPython's order: it is taken when the second positional argument is a str. When that is None
    it is taken where port is given by name, where the fifth is a timeout or the sixth an address
    to connect from, and where the third is a str without a password behind it: FTP(host, None,
    'x') logs nobody in. Without arguments call connect() and login() yourself.

    port            int, 1 to 65535; 21 when not given
    timeout         int or float, in seconds: bounds the connecting, each reply, and each silence
                    of a data connection; None is no limit; not given it is 60 seconds to connect
                    and 300 seconds of silence
    source_address  (host, port) to connect from
    ipvtype         1 connects to IPv6 addresses alone
    encoding        of commands, replies, listings and text: a codec's name, or 'auto' (UTF-8
                    where a line is that, otherwise Latin-1)
    errors          'strict' raises UnicodeError for what does not fit; 'surrogateescape' keeps
                    the bytes, there and back
    proxy           'socks5h://user:password@host:port', 'socks5://...' or 'http://...' (CONNECT);
                    True takes it from the environment

    Attributes that may be set at any time: passiveserver, prefer_epsv (ask for the data port by
    EPSV before PASV, RFC 2428), trust_server_pasv_ipv4_address, keepalive (seconds between the
    NOOPs that keep the control connection alive during a transfer; None sends none), encoding,
    errors, timeout, debugging, maxline.

    Raises OSError (TimeoutError among them) when the server cannot be reached, EOFError when it
    closes, error_temp and error_perm for its refusals (4yz and 5yz); all_errors holds them all.
    Calls block, and let other threads run meanwhile.
    """

  private static let initialize: @convention(c) (ObjectPointer?, ObjectPointer?, ObjectPointer?) -> CInt = {
    instance, tuple, dictionary in
    construct(instance) { try $0.initialize(tuple: tuple, dictionary: dictionary) }
  }

  /// Runs a constructor; returns what C expects of it.
  static func construct(_ instance: ObjectPointer?, _ body: (FTPObject) throws -> Void) -> CInt {
    guard let instance else { return -1 }
    let result = trampoline(of: instance) { state in
      try body(FTPObject(object: PythonObject(borrowed: instance), state: state))
      return PythonObject.none
    }
    Py_DecRef(result)
    return result == nil ? -1 : 0
  }

  /// Binds a call's arguments and runs it.
  static func call(
    _ instance: ObjectPointer?, _ type: OpaquePointer?, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int,
    _ keywords: ObjectPointer?, _ signature: Signature, _ body: (FTPObject, Arguments) throws -> PythonObject
  ) -> ObjectPointer? {
    trampoline(definedBy: type) { state in
      guard let instance else { throw PythonError.type("an FTP object is needed") }
      return try body(
        FTPObject(object: PythonObject(borrowed: instance), state: state),
        Arguments(signature, arguments, count, keywords: keywords))
    }
  }

  /// The same for a method that mostly gets two arguments by position alone: no `Arguments` are made of these.
  static func call(
    _ instance: ObjectPointer?, _ type: OpaquePointer?, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int,
    _ keywords: ObjectPointer?, _ signature: @autoclosure () -> Signature,
    two: (FTPObject, PythonObject, PythonObject) throws -> PythonObject,
    any: (FTPObject, Arguments) throws -> PythonObject
  ) -> ObjectPointer? {
    guard count == 2, keywords == nil, let instance, let first = arguments?[0], let second = arguments?[1] else {
      return call(instance, type, arguments, count, keywords, signature(), any)
    }
    return trampoline(definedBy: type) { state in
      try two(
        FTPObject(object: PythonObject(borrowed: instance), state: state), PythonObject(borrowed: first),
        PythonObject(borrowed: second))
    }
  }

  /// The same for a method of one parameter, which has to be given: mostly it is, by position.
  static func call(
    _ instance: ObjectPointer?, _ type: OpaquePointer?, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int,
    _ keywords: ObjectPointer?, _ function: String, takes parameter: String,
    _ body: (FTPObject, PythonObject) throws -> PythonObject
  ) -> ObjectPointer? {
    guard count == 1, keywords == nil, let instance, let argument = arguments?.pointee else {
      return call(instance, type, arguments, count, keywords, Signature(function, [parameter], required: 1)) {
        try body($0, $1.required(0))
      }
    }
    return trampoline(definedBy: type) { state in
      try body(
        FTPObject(object: PythonObject(borrowed: instance), state: state), PythonObject(borrowed: argument))
    }
  }

  /// The same for a method without parameters.
  static func call(
    _ instance: ObjectPointer?, _ type: OpaquePointer?, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int,
    _ keywords: ObjectPointer?, _ function: String, _ body: (FTPObject) throws -> PythonObject
  ) -> ObjectPointer? {
    guard count == 0, keywords == nil, let instance else {
      return call(instance, type, arguments, count, keywords, Signature(function)) { ftp, _ in try body(ftp) }
    }
    return trampoline(definedBy: type) { state in
      try body(FTPObject(object: PythonObject(borrowed: instance), state: state))
    }
  }

  /// Runs a method by `body`, which makes no Swift object of the arguments, nor of the new reference that it returns; by `other` where it returns nil.
  private static func lightly(
    _ type: OpaquePointer?, _ body: (ModuleState) throws -> ObjectPointer?, otherwise other: () -> ObjectPointer?
  ) -> ObjectPointer? {
    let state: ModuleState
    do { state = try ModuleState.of(definingClass: type) } catch { return nil }
    do { if let result = try body(state) { return result } } catch {
      state.raise(error)
      return nil
    }
    return other()
  }

  /// `sendcmd` or `voidcmd`.
  static func exchange(
    _ instance: ObjectPointer?, _ type: OpaquePointer?, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int,
    _ keywords: ObjectPointer?, _ entry: FTPObject.Entry
  ) -> ObjectPointer? {
    lightly(type) { state in
      guard count == 1, keywords == nil, let instance, let argument = arguments?.pointee,
        let exchanged = try FTPObject.exchange(Glance(instance), Glance(argument), state, entry)
      else { return nil }
      return try FTPObject.response(exchanged, Glance(instance), state, mustComplete: entry == .voidcmd)
    } otherwise: {
      switch entry {
      case .voidcmd: call(instance, type, arguments, count, keywords, "voidcmd", takes: "cmd") { try $0.voidcmd($1) }
      default: call(instance, type, arguments, count, keywords, "sendcmd", takes: "cmd") { try $0.sendcmd($1) }
      }
    }
  }

  // Methods by name: others ask whether a subclass has replaced them.

  static let getline: MethodImplementation = { instance, type, arguments, count, keywords in
    call(instance, type, arguments, count, keywords, Signature("getline")) { ftp, _ in try ftp.getline() }
  }

  static let pwd: MethodImplementation = { instance, type, arguments, count, keywords in
    lightly(type) { state in
      guard count == 0, keywords == nil, let instance else { return nil }
      return try FTPObject.pwd(Glance(instance), state)
    } otherwise: {
      call(instance, type, arguments, count, keywords, "pwd") { try $0.pwd() }
    }
  }

  static let sendcmd: MethodImplementation = { instance, type, arguments, count, keywords in
    exchange(instance, type, arguments, count, keywords, .sendcmd)
  }
  static let login: MethodImplementation = { instance, type, arguments, count, keywords in
    call(
      instance, type, arguments, count, keywords, Signature("login", ["user", "passwd", "acct"]),
      two: { try $0.login($1.isNone ? nil : $1, $2.isNone ? nil : $2, nil) }, any: { try $0.login($1) })
  }
  static let ntransfercmd: MethodImplementation = { instance, type, arguments, count, keywords in
    call(instance, type, arguments, count, keywords, Signature("ntransfercmd", ["cmd", "rest"], required: 1)) {
      ftp, arguments in
      try ftp.ntransfercmd(arguments.required(0), arguments[1])
    }
  }
  static let transfercmd: MethodImplementation = { instance, type, arguments, count, keywords in
    call(instance, type, arguments, count, keywords, Signature("transfercmd", ["cmd", "rest"], required: 1)) {
      ftp, arguments in
      try ftp.transfercmd(arguments.required(0), arguments.value(1))
    }
  }
  static let retrlines: MethodImplementation = { instance, type, arguments, count, keywords in
    call(instance, type, arguments, count, keywords, Signature("retrlines", ["cmd", "callback"], required: 1)) {
      ftp, arguments in
      try ftp.retrlines(arguments.required(0), arguments.value(1))
    }
  }

  static let methods = StaticTable<PyMethodDef>(
    sessionMethods + commandMethods + transferMethods + wholeFileMethods + treeMethods + fileMethods, end: PyMethodDef()
  )
}
