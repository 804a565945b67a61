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

  /// Makes the base class that holds the methods.
  static func makeBase(_ module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    let documentation: StaticString = "The methods of the class FTP."
    return try makeType(
      in: module, name: "\(name)._FTPMethods", size: 0, flags: py_base_type_flags,
      slots: [
        PyType_Slot(Py_tp_init, initialize),
        PyType_Slot(Py_tp_methods, methods.start),
        PyType_Slot(Py_tp_doc, documentation.cString),
      ])
  }

  /// Makes the class `FTP`.
  static func makeClass(base: PythonObject, moduleName: String) throws(PythonError) -> PythonObject {
    let namespace = try PythonObject.dictionary()
    let attributes: [(String, PythonObject)] = [
      ("__module__", try .string(moduleName)),
      ("__doc__", try .string(documentation)),
      ("debugging", try .integer(0)),
      ("host", try .string("")),
      ("port", try .integer(21)),
      ("maxline", try .integer(maximumLine)),
      ("sock", .none),
      ("file", .none),
      ("af", .none),
      ("ipvtype", try .integer(0)),
      ("welcome", .none),
      ("passiveserver", .bool(true)),
      ("trust_server_pasv_ipv4_address", .bool(false)),
      ("encoding", try .string("utf-8")),
      ("proxy", .none),
      ("_proxied_host", .none),
    ]
    for (name, value) in attributes { try namespace.set(value, for: name) }
    return try .makeClass("FTP", bases: [base], namespace: namespace)
  }

  private static let documentation = """
    FTP(host=None, port=None, user=None, passwd=None, acct=None, timeout=..., source_address=None, ipvtype=0, *, encoding='utf-8')
    FTP(host, user, passwd, acct, timeout, source_address, *, encoding='utf-8')

    A connection to an FTP server.

    With host the object connects, with user it logs in as well. The second form is CPython's order: it is taken when the second
    positional argument is a str. timeout is in seconds and bounds the connecting, each reply, and each silence of a data
    connection; None is no limit; not given it is 60 seconds to connect and 300 seconds of silence.
    """

  private static let initialize: @convention(c) (ObjectPointer?, ObjectPointer?, ObjectPointer?) -> CInt = {
    instance, tuple, dictionary in
    guard let instance else { return -1 }
    let result = trampoline(of: instance) { state in
      try FTPObject(object: PythonObject(borrowed: instance), state: state).initialize(
        tuple: tuple, dictionary: dictionary)
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

  // Two methods by name: others ask whether a subclass has replaced them.

  static let getline: MethodImplementation = { instance, type, arguments, count, keywords in
    call(instance, type, arguments, count, keywords, Signature("getline")) { ftp, _ in try ftp.getline() }
  }

  static let retrlines: MethodImplementation = { instance, type, arguments, count, keywords in
    call(instance, type, arguments, count, keywords, Signature("retrlines", ["cmd", "callback"], required: 1)) {
      ftp, arguments in
      try ftp.retrlines(arguments.required(0), arguments.value(1))
    }
  }

  private static let methods = StaticTable<PyMethodDef>(
    [
      .method(
        "connect",
        """
        connect($self, host='', port=0, timeout=-999, source_address=None, ipvtype=0)
        --

        Connect to a server and return its greeting, as in '220 (vsFTPd 3.0.3)'.

        port is 21 when not given. timeout is in seconds and bounds the connecting, each reply, and each silence of a
        data connection; None is no limit. ipvtype=1 uses IPv6 addresses alone. Raises OSError when the server cannot be
        reached, TimeoutError, EOFError when it closes, and error_temp or error_perm when it refuses.
        """
      ) { instance, type, arguments, count, keywords in
        call(
          instance, type, arguments, count, keywords,
          Signature("connect", ["host", "port", "timeout", "source_address", "ipvtype"])
        ) { ftp, arguments in
          try ftp.connect(arguments)
        }
      },
      .method(
        "login",
        """
        login($self, user='', passwd='', acct='')
        --

        Log in and return the reply, as in '230 Login successful.'

        Without a user: 'anonymous' with the password 'anonymous@'. Raises error_perm for a wrong password.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("login", ["user", "passwd", "acct"])) {
          ftp, arguments in
          try ftp.login(arguments)
        }
      },
      .method(
        "quit",
        """
        quit($self)
        --

        Take leave of the server, close, and return the reply, as in '221 Goodbye.'
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("quit")) { ftp, _ in
          try ftp.quit()
        }
      },
      .method(
        "close",
        """
        close($self)
        --

        Close without a word to the server. A call that runs in another thread ends with an error.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("close")) { ftp, _ in
          try ftp.close()
          return .none
        }
      },
      .method(
        "getwelcome",
        """
        getwelcome($self)
        --

        The server's greeting.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("getwelcome")) { ftp, _ in
          if ftp.debugLevel > 0 { try ftp.print(.string("*welcome*"), ftp.call(.sanitize, ftp.attribute(.welcome))) }
          return try ftp.attribute(.welcome)
        }
      },
      .method(
        "set_debuglevel",
        """
        set_debuglevel($self, level=0)
        --

        Print what goes over the control connection: 0 nothing, 1 commands and replies, 2 every line.

        Passwords are masked.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("set_debuglevel", ["level"])) { ftp, arguments in
          try ftp.set(.debugging, arguments[0] ?? .integer(0))
          return .none
        }
      },
      .method(
        "debug",
        """
        debug($self, level=0)
        --

        Print what goes over the control connection: 0 nothing, 1 commands and replies, 2 every line.

        Passwords are masked.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("debug", ["level"])) { ftp, arguments in
          try ftp.set(.debugging, arguments[0] ?? .integer(0))
          return .none
        }
      },
      .method(
        "set_pasv",
        """
        set_pasv($self, val)
        --

        Whether the client opens data connections (true, the default) or the server.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("set_pasv", ["val"], required: 1)) {
          ftp, arguments in
          try ftp.set(.passiveserver, arguments.required(0))
          return .none
        }
      },
      .method(
        "set_trust_pasv",
        """
        set_trust_pasv($self, val)
        --

        Whether to connect to the host that the server's reply to PASV names.

        Off by default: a hostile server can name any host. Then the control connection's host is used.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("set_trust_pasv", ["val"], required: 1)) {
          ftp, arguments in
          try ftp.set(.trust_server_pasv_ipv4_address, arguments.required(0))
          return .none
        }
      },
      .method(
        "sanitize",
        """
        sanitize($self, s)
        --

        repr(s) with the argument of PASS and ACCT masked.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("sanitize", ["s"], required: 1)) { ftp, arguments in
          try ftp.sanitize(arguments.required(0))
        }
      },
      .method(
        "putline",
        """
        putline($self, line)
        --

        Send a line. Raises ValueError for CR, LF and NUL in it, and for more than 2046 bytes.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("putline", ["line"], required: 1)) {
          ftp, arguments in
          try ftp.putline(arguments.required(0))
        }
      },
      .method(
        "putcmd",
        """
        putcmd($self, line)
        --

        Send a command without reading its reply.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("putcmd", ["line"], required: 1)) { ftp, arguments in
          try ftp.putcmd(arguments.required(0))
        }
      },
      .method(
        "getline",
        """
        getline($self)
        --

        Read one line of a reply without its end. Raises EOFError when the server has closed.
        """, getline),
      .method(
        "getmultiline",
        """
        getmultiline($self)
        --

        Read a whole reply, its lines joined by newlines.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("getmultiline")) { ftp, _ in
          try ftp.getmultiline()
        }
      },
      .method(
        "getresp",
        """
        getresp($self)
        --

        Read a reply. Raises error_temp for 4xx, error_perm for 5xx, error_proto for what is no reply.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("getresp")) { ftp, _ in
          try ftp.getresp()
        }
      },
      .method(
        "voidresp",
        """
        voidresp($self)
        --

        Read a reply that must be 2xx. Raises error_reply for 1xx and 3xx.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("voidresp")) { ftp, _ in
          try ftp.voidresp()
        }
      },
      .method(
        "sendcmd",
        """
        sendcmd($self, cmd)
        --

        Send a command and return its reply. Raises as getresp.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("sendcmd", ["cmd"], required: 1)) { ftp, arguments in
          try ftp.sendcmd(arguments.required(0))
        }
      },
      .method(
        "voidcmd",
        """
        voidcmd($self, cmd)
        --

        Send a command whose reply must be 2xx, and return that. Raises as voidresp.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("voidcmd", ["cmd"], required: 1)) { ftp, arguments in
          try ftp.voidcmd(arguments.required(0))
        }
      },
      .method(
        "abort",
        """
        abort($self)
        --

        End the running transfer and return the server's first reply to that: 426, 225 or 226.

        May be called from a callback; the transfer's own call then raises Error.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("abort")) { ftp, _ in
          try ftp.abort()
        }
      },
      .method(
        "acct",
        """
        acct($self, password)
        --

        Send the account that some servers ask for (ACCT).
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("acct", ["password"], required: 1)) {
          ftp, arguments in
          try ftp.sendAccount(arguments.required(0))
        }
      },
      .method(
        "sendport",
        """
        sendport($self, host, port)
        --

        Tell the server where this side listens (PORT).
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("sendport", ["host", "port"], required: 2)) {
          ftp, arguments in
          try ftp.sendport(arguments.required(0), arguments.required(1))
        }
      },
      .method(
        "sendeprt",
        """
        sendeprt($self, host, port)
        --

        Tell the server where this side listens (EPRT), for IPv6.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("sendeprt", ["host", "port"], required: 2)) {
          ftp, arguments in
          try ftp.sendeprt(arguments.required(0), arguments.required(1))
        }
      },
      .method(
        "makeport",
        """
        makeport($self)
        --

        Listen for a data connection, tell the server where, and return the listening socket.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("makeport")) { ftp, _ in
          try ftp.makeport()
        }
      },
      .method(
        "makepasv",
        """
        makepasv($self)
        --

        Ask the server to listen for a data connection; return (host, port).
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("makepasv")) { ftp, _ in
          try ftp.makepasv()
        }
      },
      .method(
        "ntransfercmd",
        """
        ntransfercmd($self, cmd, rest=None)
        --

        Begin a transfer; return its data connection as a socket, and the announced size or None.

        rest is the offset in bytes at which to begin. The caller reads or writes, closes, and calls voidresp().
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("ntransfercmd", ["cmd", "rest"], required: 1)) {
          ftp, arguments in
          try ftp.ntransfercmd(arguments.required(0), arguments[1])
        }
      },
      .method(
        "transfercmd",
        """
        transfercmd($self, cmd, rest=None)
        --

        Begin a transfer; return its data connection as a socket. See ntransfercmd.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("transfercmd", ["cmd", "rest"], required: 1)) {
          ftp, arguments in
          let result = try ftp.call(
            .ntransfercmd, arguments.required(0), arguments.value(1))
          return try ftp.item(0, of: result)
        }
      },
      .method(
        "retrbinary",
        """
        retrbinary($self, cmd, callback, blocksize=2097152, rest=None)
        --

        Download a file: cmd is 'RETR name'. Returns the final reply, as in '226 Transfer complete.'

        callback gets each block as bytes, at most blocksize of them; none is waited for to be full. rest is the offset in
        bytes at which to begin. Raises EOFError when the data ended before the size that the server had announced.
        """
      ) { instance, type, arguments, count, keywords in
        call(
          instance, type, arguments, count, keywords,
          Signature("retrbinary", ["cmd", "callback", "blocksize", "rest"], required: 2)
        ) { ftp, arguments in
          try ftp.retrbinary(arguments)
        }
      },
      .method(
        "retrlines",
        """
        retrlines($self, cmd, callback=None)
        --

        Download a text file or a listing: cmd is 'RETR name', 'LIST', 'NLST'. Returns the final reply.

        callback gets each line: as str without its end, as a bytes-like object with '\\n' for its end. Without a callback
        the lines are printed. Raises Error for a line longer than maxline.
        """, retrlines),
      .method(
        "storbinary",
        """
        storbinary($self, cmd, fp, blocksize=2097152, callback=None, rest=None)
        --

        Upload a file: cmd is 'STOR name', fp a file open for reading in binary mode. Returns the final reply.

        At most blocksize bytes are read from fp at a time. callback gets each block after it was sent.
        """
      ) { instance, type, arguments, count, keywords in
        call(
          instance, type, arguments, count, keywords,
          Signature("storbinary", ["cmd", "fp", "blocksize", "callback", "rest"], required: 2)
        ) { ftp, arguments in
          try ftp.storbinary(arguments)
        }
      },
      .method(
        "storlines",
        """
        storlines($self, cmd, fp, callback=None)
        --

        Upload a text file: cmd is 'STOR name', fp a file open for reading in binary mode. Returns the final reply.

        Each line is sent with CRLF for its end. callback gets each line as it was read.
        """
      ) { instance, type, arguments, count, keywords in
        call(
          instance, type, arguments, count, keywords, Signature("storlines", ["cmd", "fp", "callback"], required: 2)
        ) { ftp, arguments in
          try ftp.storlines(arguments)
        }
      },
      .method(
        "nlst",
        """
        nlst($self, *args)
        --

        The names in a directory, by default the current one, as a list of str.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("nlst", takesMore: true)) { ftp, arguments in
          try ftp.nlst(arguments.rest)
        }
      },
      .method(
        "dir",
        """
        dir($self, *args, callback=None)
        --

        List a directory, by default the current one: print the server's lines, and return them as a list of str.

        With a callback, given by name or as the last argument, that gets the lines instead.
        """
      ) { instance, type, arguments, count, keywords in
        call(
          instance, type, arguments, count, keywords, Signature("dir", ["callback"], keywordOnly: 1, takesMore: true)
        ) { ftp, arguments in
          try ftp.dir(arguments.rest, arguments.value(0))
        }
      },
      .method(
        "mlsd",
        """
        mlsd($self, path='', facts=[])
        --

        List a directory in the machine's form (MLSD): an iterator of (name, facts), facts a dict of str.

        facts names those that the server should send. The server is asked at the first step.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("mlsd", ["path", "facts"])) { ftp, arguments in
          let facts = try arguments.value(1)?.items().map { try $0.text() } ?? []
          let listing = MachineListing(
            ftp: ftp.object, path: try arguments.value(0)?.utf8Text() ?? "", facts: facts)
          return try NativeObject.make(ftp.state.machineListingType, listing)
        }
      },
      .method(
        "rename",
        """
        rename($self, fromname, toname)
        --

        Rename a file or directory; return the reply, as in '250 Rename successful.'
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("rename", ["fromname", "toname"], required: 2)) {
          ftp, arguments in
          try ftp.rename(arguments.required(0), arguments.required(1))
        }
      },
      .method(
        "delete",
        """
        delete($self, filename)
        --

        Delete a file; return the reply, as in '250 Delete operation successful.'
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("delete", ["filename"], required: 1)) {
          ftp, arguments in
          try ftp.delete(arguments.required(0))
        }
      },
      .method(
        "cwd",
        """
        cwd($self, dirname)
        --

        Change the current directory; return the reply, as in '250 Directory successfully changed.'
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("cwd", ["dirname"], required: 1)) { ftp, arguments in
          try ftp.cwd(arguments.required(0))
        }
      },
      .method(
        "size",
        """
        size($self, filename)
        --

        The size of a file in bytes, or None when the server does not say.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("size", ["filename"], required: 1)) {
          ftp, arguments in
          try ftp.size(arguments.required(0))
        }
      },
      .method(
        "mkd",
        """
        mkd($self, dirname)
        --

        Make a directory; return its path as the server names it.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("mkd", ["dirname"], required: 1)) { ftp, arguments in
          try ftp.mkd(arguments.required(0))
        }
      },
      .method(
        "rmd",
        """
        rmd($self, dirname)
        --

        Remove a directory; return the reply.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("rmd", ["dirname"], required: 1)) { ftp, arguments in
          try ftp.voidcmd(ftp.command("RMD", arguments.required(0)))
        }
      },
      .method(
        "pwd",
        """
        pwd($self)
        --

        The current directory.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("pwd")) { ftp, _ in
          try ftp.pwd()
        }
      },
      .method(
        "__enter__",
        """
        __enter__($self)
        --

        The object itself.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("__enter__")) { ftp, _ in
          ftp.object
        }
      },
      .method(
        "__exit__",
        """
        __exit__($self, *args)
        --

        Take leave and close.
        """
      ) { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("__exit__", takesMore: true)) { ftp, _ in
          try ftp.exit()
          return .none
        }
      },
    ], end: PyMethodDef())
}
