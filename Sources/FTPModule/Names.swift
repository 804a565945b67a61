import PythonBridge

/// The attribute and method names that the module looks up, each made a Python string once.
enum Name: Int, CaseIterable {
  // Attributes of the module that are made at their first use, and state of an FTP object.
  case socket, _socket, ssl, sys, _SSLSocket, _GLOBAL_DEFAULT_TIMEOUT
  case sock, file, host, port, timeout, source_address, encoding, welcome, passiveserver
  case trust_server_pasv_ipv4_address, debugging, lastresp, maxline, af, ipvtype
  case errors, proxy, _ftplib_proxied_host, _ftplib_session, prefer_epsv, keepalive
  case context, _prot_p, _ftplib_implicit, _ftplib_verify, reuse_session
  // Methods of an FTP object that its other methods call: a subclass may replace each.
  case auth, connect, cwd, login, pwd, quit, close, sanitize
  case putline, putcmd, getline, getmultiline, getresp, voidresp, sendcmd, voidcmd
  case sendport, sendeprt, makeport, makepasv, ntransfercmd, transfercmd, retrlines
  // Sockets and files.
  case create_connection, create_server, getaddrinfo, gettimeout, settimeout, fileno, recv, send, sendall, shutdown,
    accept
  case getdefaulttimeout, getsockname, getpeername, family, read, readline, write, release, pending, _sslobj
  case do_handshake, write_eof, unwrap
  // The module's functions that methods call: a script may replace each.
  case parse150, parse227, parse229, parse257, print_line
  // Commands.
  case PWD, QUIT
}

/// The names as Python strings.
final class Names {
  let all: [PythonObject]
  private let glances: UnsafeMutableBufferPointer<Glance>

  init() throws(PythonError) {
    var all: [PythonObject] = []
    for name in Name.allCases { all.append(try .name("\(name)")) }
    self.all = all
    glances = .allocate(capacity: all.count)
    _ = glances.initialize(from: all.map(\.glance))
  }

  deinit { glances.deallocate() }

  subscript(_ name: Name) -> PythonObject { all[name.rawValue] }

  /// The same for a glance, without a count of references.
  subscript(glance name: Name) -> Glance { glances[name.rawValue] }
}
