import CPython
import FTPClient
import PythonBridge

/// Methods of the class `FTP`: data connections, uploads and downloads.
extension FTPType {
  static let transferMethods: [PyMethodDef] = [
    .method(
      "sendport",
      """
      sendport($self, host, port)
      --

      Tell the server where this side listens (PORT); return the reply. host is an IPv4 address
      (str), port an int.

      Raises as voidcmd. RFC 959 section 4.1.2.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("sendport", ["host", "port"], required: 2)) { ftp, arguments in
        try ftp.sendport(arguments.required(0), arguments.required(1))
      }
    },
    .method(
      "sendeprt",
      """
      sendeprt($self, host, port)
      --

      Tell the server where this side listens (EPRT); return the reply. host is an IPv6 or IPv4
      address (str), port an int.

      Raises as voidcmd. RFC 2428 section 2.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("sendeprt", ["host", "port"], required: 2)) { ftp, arguments in
        try ftp.sendeprt(arguments.required(0), arguments.required(1))
      }
    },
    .method(
      "makeport",
      """
      makeport($self)
      --

      Listen for a data connection, tell the server where, and return the listening socket.socket,
      which the caller closes.

      Raises OSError, and as sendport.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("makeport")) { ftp, _ in
        try ftp.makeport()
      }
    },
    .method(
      "makepasv",
      """
      makepasv($self)
      --

      Ask the server to listen for a data connection (PASV over IPv4, EPSV over IPv6); return
      (host, port), a str and an int.

      host is the control connection's, whatever the reply names, unless
      trust_server_pasv_ipv4_address is set. With prefer_epsv EPSV comes first. Raises error_proto
      for a reply without an address, and as sendcmd. RFC 959 section 4.1.2, RFC 2428 section 3.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("makepasv")) { ftp, _ in
        try ftp.makepasv()
      }
    },
    .method(
      "ntransfercmd",
      """
      ntransfercmd($self, cmd, rest=None)
      --

      Begin a transfer; return (socket, size): its data connection, and the bytes that the server
      announced or None.

      cmd is a command with a data connection, as 'RETR name' (str or bytes); rest is the offset
      in bytes at which to begin (REST). The caller reads or writes, closes the socket, and calls
      voidresp(). Raises OSError, error_reply for another reply than 1yz, and as sendcmd.
      """, ntransfercmd),
    .method(
      "transfercmd",
      """
      transfercmd($self, cmd, rest=None)
      --

      Begin a transfer; return its data connection, a socket.socket. See ntransfercmd.
      """, transfercmd),
    .method(
      "retrbinary",
      """
      retrbinary($self, cmd, callback, blocksize=2097152, rest=None)
      --

      Download a file: cmd is 'RETR name' (str or bytes). Returns the final reply, a str as in
      '226 Transfer complete.' Blocks.

      callback gets each block as bytes, at most blocksize of them; none is waited for to be full.
      rest is the offset in bytes at which to begin (REST). An exception of the callback ends the
      transfer and is raised; the object can be used further.

      Raises EOFError when the data ended before the size that the server had announced,
      TimeoutError when the data connection was silent for the timeout, OSError, and as sendcmd.
      RFC 959 section 4.1.3.
      """
    ) {
      call(
        $0, $1, $2, $3, $4, Signature("retrbinary", ["cmd", "callback", "blocksize", "rest"], required: 2),
        two: { try $0.retrbinary($1, $2, blockSize: nil, rest: nil) }
      ) { ftp, arguments in
        try ftp.retrbinary(arguments.required(0), arguments.required(1), blockSize: arguments[2], rest: arguments[3])
      }
    },
    .method(
      "retrlines",
      """
      retrlines($self, cmd, callback=None)
      --

      Download a text file or a listing: cmd is 'RETR name', 'LIST', 'NLST' (str or bytes).
      Returns the final reply, a str. Blocks.

      callback gets each line: as str without its end, as a bytes-like object with '\\n' for its
      end. Without a callback the lines are printed. Raises Error for a line longer than maxline,
      UnicodeDecodeError for one that does not fit encoding and errors, and as retrbinary.
      """, retrlines),
    .method(
      "storbinary",
      """
      storbinary($self, cmd, fp, blocksize=2097152, callback=None, rest=None)
      --

      Upload a file: cmd is 'STOR name' (str or bytes), fp a file open for reading in binary mode.
      Returns the final reply, a str. Blocks.

      fp.read(n) is called with at most blocksize until it returns nothing; callback gets each
      block after it was sent. rest is the offset in bytes at which the server begins to write
      (REST). Raises TimeoutError when the server took nothing for the timeout, OSError, and as
      sendcmd; then the server may hold a part. RFC 959 section 4.1.3.
      """
    ) {
      call(
        $0, $1, $2, $3, $4, Signature("storbinary", ["cmd", "fp", "blocksize", "callback", "rest"], required: 2),
        two: { try $0.storbinary($1, $2, blockSize: nil, callback: nil, rest: nil) }
      ) { ftp, arguments in
        try ftp.storbinary(
          arguments.required(0), arguments.required(1), blockSize: arguments[2], callback: arguments.value(3),
          rest: arguments[4])
      }
    },
    .method(
      "storlines",
      """
      storlines($self, cmd, fp, callback=None)
      --

      Upload a text file: cmd is 'STOR name' (str or bytes), fp a file open for reading in binary
      mode. Returns the final reply. Blocks.

      fp.readline(n) is called until it returns nothing; each line is sent with CRLF for its end.
      callback gets each line as it was sent, with CRLF for its end. Raises Error for a line longer
      than maxline, and as storbinary.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("storlines", ["cmd", "fp", "callback"], required: 2)) { ftp, arguments in
        try ftp.storlines(arguments)
      }
    },
  ]
}
