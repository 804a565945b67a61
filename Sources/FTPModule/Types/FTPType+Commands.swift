import CPython
import FTPClient
import PythonBridge

/// Methods of the class `FTP`: lines, commands and replies.
extension FTPType {
  static let commandMethods: [PyMethodDef] = [
    .method(
      "sanitize",
      """
      sanitize($self, s)
      --

      repr(s) with the argument of PASS and ACCT masked: what debugging prints. s is a str or
      bytes.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("sanitize", ["s"], required: 1)) { ftp, arguments in
        try ftp.sanitize(arguments.required(0))
      }
    },
    .method(
      "putline",
      """
      putline($self, line)
      --

      Send a line, CRLF added, without looking at any reply. line is a str, or bytes, which are
      sent as they are.

      Raises ValueError for CR, LF and NUL in it (nothing is sent), Error for more than 2046 bytes
      or when not connected, UnicodeError when it does not fit the encoding, OSError. RFC 959
      section 4.1.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("putline", ["line"], required: 1)) { ftp, arguments in
        try ftp.putline(arguments.required(0))
      }
    },
    .method(
      "putcmd",
      """
      putcmd($self, line)
      --

      Send a command without reading its reply. Raises as putline.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("putcmd", ["line"], required: 1)) { ftp, arguments in
        try ftp.putcmd(arguments.required(0))
      }
    },
    .method(
      "getline",
      """
      getline($self)
      --

      Read one line of a reply without its end, a str. Blocks, at most the timeout.

      Raises EOFError when the server has closed, TimeoutError, Error for a line longer than
      maxline characters.
      """, getline),
    .method(
      "getmultiline",
      """
      getmultiline($self)
      --

      Read a whole reply, its lines joined by newlines, a str. Blocks, at most the timeout for the
      whole of it.

      Raises as getline, and Error for more than 64 KiB or 1024 lines, of
      a status reply (211 to 213) 2 MiB or 30,000 lines. RFC 959 section 4.2.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("getmultiline")) { ftp, _ in
        try ftp.getmultiline()
      }
    },
    .method(
      "getresp",
      """
      getresp($self)
      --

      Read a reply and return it, a str: 1yz, 2yz or 3yz. Blocks.

      Raises error_temp for 4yz, error_perm for 5yz, error_proto for what is no reply, and as
      getmultiline. RFC 959 section 4.2.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("getresp")) { ftp, _ in
        try ftp.getresp()
      }
    },
    .method(
      "voidresp",
      """
      voidresp($self)
      --

      Read a reply that must be 2yz, and return it, a str. Raises error_reply for 1yz and 3yz, and
      as getresp.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("voidresp")) { ftp, _ in
        try ftp.voidresp()
      }
    },
    .method(
      "sendcmd",
      """
      sendcmd($self, cmd)
      --

      Send a command and return its reply, a str. cmd is a str or bytes. Blocks.

      Late replies of a transfer that was broken off are read first. Raises as putline and
      getresp.
      """, sendcmd),
    .method(
      "voidcmd",
      """
      voidcmd($self, cmd)
      --

      Send a command whose reply must be 2yz, and return that, a str. cmd is a str or bytes.
      Raises as putline and voidresp.
      """
    ) {
      exchange($0, $1, $2, $3, $4, .voidcmd)
    },
    .method(
      "abort",
      """
      abort($self)
      --

      End the running transfer (ABOR) and return the server's first reply to that, a str: 426, 225
      or 226.

      May be called from a callback; the transfer's own call then raises Error. What else the
      server says about the transfer is read before the next command. Raises error_proto for
      another reply. RFC 959 section 4.1.3.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("abort")) { ftp, _ in
        try ftp.abort()
      }
    },
    .method(
      "abort_transfer",
      """
      abort_transfer($self, conn=None)
      --

      End the running transfer completely; return the server's first reply to that, a str: 426,
      225 or 226.

      conn is the data connection that transfercmd() returned; it is closed. All that the server
      says about the transfer has been read when this returns: the next command gets its own
      reply. Raises as getresp. RFC 959 section 4.1.3.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("abort_transfer", ["conn"])) { ftp, arguments in
        try ftp.abortTransfer(arguments.value(0))
      }
    },
  ]
}
