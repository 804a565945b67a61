import CPython
import PythonBridge

/// The class `FTP_TLS`: what it adds to `FTP`.
///
/// The methods sit in the class itself, as in CPython: code that goes around them says `super(FTP_TLS, self)`, and means `FTP`'s.
enum FTPTLSType {
  /// Makes the class. Like `FTP` it can be changed, and has no fields of its own.
  static func make(_ module: PythonObject, name: String, ftp: PythonObject) throws -> PythonObject {
    let type = try documentation.withCString { documentation in
      try makeType(
        in: module, name: "\(name).FTP_TLS", size: 0, flags: py_base_type_flags, base: ftp,
        slots: [
          PyType_Slot(Py_tp_init, initialize),
          PyType_Slot(Py_tp_methods, methods.start),
          PyType_Slot(Py_tp_doc, documentation),
        ])
    }
    for attribute in ["_prot_p", "verify", "implicit", "_ftplib_verify", "_ftplib_implicit"] {
      try type.setAttribute(.string(attribute), .bool(false))
    }
    try type.setAttribute(.string("reuse_session"), .bool(true))
    // PROTOCOL_TLS_CLIENT: the number alone, for nobody need import ssl to import this.
    if hasCertificateFiles { try type.setAttribute(.string("ssl_version"), .integer(16)) }
    return type
  }

  /// Up to 3.11 the constructor takes certificate files, as CPython's does.
  static let hasCertificateFiles = Py_Version < 0x030C_0000

  /// Its first line is what `inspect.signature` reads.
  private static let documentation = """
    FTP_TLS(host='', user='', passwd='', acct='', \(hasCertificateFiles ? "keyfile=None, certfile=None, " : "*, ")context=None, timeout=..., \
    source_address=None, \(hasCertificateFiles ? "*, " : "")port=None, ipvtype=0, verify=None, implicit=False, encoding='utf-8', \
    errors='strict', proxy=None)
    --

    A connection to an FTP server over TLS (RFC 4217): the control connection by login(), data
    connections after prot_p().

    FTP_TLS(host='', user='', passwd='', acct='', *, context=None, timeout=..., source_address=None, verify=None, implicit=False,
            port=None, ...) takes what FTP takes by name. Where the second argument is an int,
    the order is FTP's: FTP_TLS(host, port, user, passwd, acct, timeout, source_address, ipvtype).

    verify=True checks the server's certificate against the system's trust store; context is an
    ssl.SSLContext of your own. Without either nothing is verified, as in CPython, and a warning
    says so. implicit=True speaks TLS from the first byte, on port 990. Data connections resume
    the control connection's TLS session; reuse_session = False turns that off.
    """

  private static let initialize: @convention(c) (ObjectPointer?, ObjectPointer?, ObjectPointer?) -> CInt = {
    instance, tuple, dictionary in
    FTPType.construct(instance) { try $0.initializeTLS(tuple: tuple, dictionary: dictionary) }
  }

  static let ntransfercmd: MethodImplementation = { instance, type, arguments, count, keywords in
    FTPType.call(
      instance, type, arguments, count, keywords, Signature("ntransfercmd", ["cmd", "rest"], required: 1)
    ) { ftp, arguments in try ftp.ntransfercmdTLS(arguments.required(0), arguments[1]) }
  }

  private static let methods = StaticTable<PyMethodDef>(
    [
      .method(
        "login",
        """
        login($self, user='', passwd='', acct='', secure=True)
        --

        Secure the control connection unless secure is false, log in, and return the reply. See FTP.login.
        """
      ) { instance, type, arguments, count, keywords in
        FTPType.call(
          instance, type, arguments, count, keywords, Signature("login", ["user", "passwd", "acct", "secure"])
        ) { ftp, arguments in try ftp.loginTLS(arguments) }
      },
      .method(
        "auth",
        """
        auth($self)
        --

        Secure the control connection (AUTH TLS). Raises ValueError when it is, ssl.SSLError when that fails.
        """
      ) { instance, type, arguments, count, keywords in
        FTPType.call(instance, type, arguments, count, keywords, Signature("auth")) { ftp, _ in try ftp.auth() }
      },
      .method(
        "ccc",
        """
        ccc($self)
        --

        Go on without TLS on the control connection (CCC), for firewalls that must read it.
        """
      ) { instance, type, arguments, count, keywords in
        FTPType.call(instance, type, arguments, count, keywords, Signature("ccc")) { ftp, _ in try ftp.ccc() }
      },
      .method(
        "prot_p",
        """
        prot_p($self)
        --

        Secure data connections from now on (PBSZ 0, PROT P).
        """
      ) { instance, type, arguments, count, keywords in
        FTPType.call(instance, type, arguments, count, keywords, Signature("prot_p")) { ftp, _ in
          try ftp.protectData()
        }
      },
      .method(
        "prot_c",
        """
        prot_c($self)
        --

        Leave data connections in the clear from now on (PROT C).
        """
      ) { instance, type, arguments, count, keywords in
        FTPType.call(instance, type, arguments, count, keywords, Signature("prot_c")) { ftp, _ in
          try ftp.clearData()
        }
      },
      .method(
        "ntransfercmd",
        """
        ntransfercmd($self, cmd, rest=None)
        --

        Begin a transfer, over TLS after prot_p(). See FTP.ntransfercmd.
        """, ntransfercmd),
    ], end: PyMethodDef())
}
