import CPython
import FTPClient
import PythonBridge

/// Methods of the class `FTP`: connecting, logging in, and how the object behaves.
extension FTPType {
  static let sessionMethods: [PyMethodDef] = [
    .method(
      "connect",
      """
      connect($self, host='', port=0, timeout=-999, source_address=None, ipvtype=0)
      --

      Connect to a server and return its greeting, a str as in '220 (vsFTPd 3.0.3)'. Blocks.

      host is a name or an address (str), port an int, 21 when not given. timeout is in seconds
      (int or float) and bounds the connecting, each reply, and each silence of a data connection;
      None is no limit. source_address is the (host, port) to connect from; ipvtype=1 uses IPv6
      addresses alone. What is not given stays as it was.

      Raises OSError when the server cannot be reached (TimeoutError, ConnectionRefusedError,
      socket.gaierror), EOFError when it closes, error_temp or error_perm when it refuses; then
      nothing stays open. RFC 959 section 5.4.
      """
    ) {
      call(
        $0, $1, $2, $3, $4, Signature("connect", ["host", "port", "timeout", "source_address", "ipvtype"]),
        two: { try $0.connect($1, $2) }, any: { try $0.connect($1) })
    },
    .method(
      "login",
      """
      login($self, user='', passwd='', acct='')
      --

      Log in (USER, PASS, ACCT) and return the reply, a str as in '230 Login successful.' Blocks.

      user, passwd and acct are str. Without a user: 'anonymous' with the password 'anonymous@'.
      Raises error_perm for a wrong password, and then the login may be tried again. RFC 959
      section 4.1.1.
      """, login),
    .method(
      "quit",
      """
      quit($self)
      --

      Take leave of the server (QUIT), close, and return the reply, a str as in '221 Goodbye.'

      Raises as voidcmd, and then the connection stays open: close() closes it. RFC 959 section
      4.1.1.
      """
    ) {
      call($0, $1, $2, $3, $4, "quit") { try $0.quit() }
    },
    .method(
      "close",
      """
      close($self)
      --

      Close without a word to the server. A call that runs in another thread ends with Error.
      Closing twice is no error.
      """
    ) {
      call($0, $1, $2, $3, $4, "close") {
        try $0.close()
        return .none
      }
    },
    .method(
      "getwelcome",
      """
      getwelcome($self)
      --

      The server's greeting, a str; None before the first connect().
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("getwelcome")) { ftp, _ in
        let welcome = try ftp.attribute(.welcome)
        // Before the first connection there is none.
        if ftp.debugLevel > 0, !welcome.isNone { try ftp.print(.string("*welcome*"), ftp.call(.sanitize, welcome)) }
        return welcome
      }
    },
    .method(
      "set_debuglevel",
      """
      set_debuglevel($self, level=0)
      --

      Print what goes over the control connection: level 0 nothing, 1 commands and replies, 2
      every line.

      level is an int. Passwords are masked.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("set_debuglevel", ["level"])) { ftp, arguments in
        try ftp.set(.debugging, arguments[0] ?? .integer(0))
        return .none
      }
    },
    .method(
      "debug",
      """
      debug($self, level=0)
      --

      Print what goes over the control connection: level 0 nothing, 1 commands and replies, 2
      every line.

      level is an int. Passwords are masked. The device's name for set_debuglevel.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("debug", ["level"])) { ftp, arguments in
        try ftp.set(.debugging, arguments[0] ?? .integer(0))
        return .none
      }
    },
    .method(
      "set_pasv",
      """
      set_pasv($self, val)
      --

      Choose who opens data connections: the client when val is true (PASV, EPSV; the default),
      otherwise the server (PORT, EPRT).
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("set_pasv", ["val"], required: 1)) { ftp, arguments in
        try ftp.set(.passiveserver, arguments.required(0))
        return .none
      }
    },
    .method(
      "set_trust_pasv",
      """
      set_trust_pasv($self, val)
      --

      Choose whether to connect to the host that the server's reply to PASV names: val is a bool.

      Off by default: a hostile server can name any host (CVE-2021-4189). Then the control
      connection's host is used.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("set_trust_pasv", ["val"], required: 1)) { ftp, arguments in
        try ftp.set(.trust_server_pasv_ipv4_address, arguments.required(0))
        return .none
      }
    },
    .method(
      "acct",
      """
      acct($self, password)
      --

      Send the account that some servers ask for (ACCT); return the reply. password is a str.
      Raises as voidcmd.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("acct", ["password"], required: 1)) { ftp, arguments in
        try ftp.sendAccount(arguments.required(0))
      }
    },
    .method(
      "__enter__",
      """
      __enter__($self)
      --

      The object itself.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("__enter__")) { ftp, _ in
        ftp.object
      }
    },
    .method(
      "__exit__",
      """
      __exit__($self, *args)
      --

      Take leave (QUIT) unless that is done, and close in any case. What a lost connection raises
      is dropped.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("__exit__", takesMore: true)) { ftp, _ in
        try ftp.exit()
        return .none
      }
    },
  ]
}
