import CPython
import FTPClient
import PythonBridge

/// Methods of the class `FTP`: listings, directories and files.
extension FTPType {
  static let fileMethods: [PyMethodDef] = [
    .method(
      "nlst",
      """
      nlst($self, *args)
      --

      The names in a directory (NLST) as a list of str. Blocks.

      Arguments are paths (str or bytes) or lists of them; none is the current directory. Some
      servers raise error_perm 550 for an empty directory: see listdir(). Raises as retrlines. RFC
      959 section 4.1.3.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("nlst", takesMore: true)) { ftp, arguments in
        try ftp.nlst(arguments.rest)
      }
    },
    .method(
      "dir",
      """
      dir($self, *args, callback=None)
      --

      List a directory (LIST): print the server's lines, and return them as a list of str. Blocks.

      Arguments are paths (str or bytes) or lists of them; none is the current directory. With a
      callback, given by name or as the last argument, that gets the lines instead. Raises as
      retrlines. RFC 959 section 4.1.3.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("dir", ["callback"], keywordOnly: 1, takesMore: true)) { ftp, arguments in
        try ftp.dir(arguments.rest, arguments.value(0))
      }
    },
    .method(
      "mlsd",
      """
      mlsd($self, path='', facts=[])
      --

      List a directory in the machine's form (MLSD): an iterator of (name, facts), a str and a
      dict of str by str.

      path is a str or bytes, '' the current directory; facts names those that the server should
      send (OPTS MLST). The server is asked at the first step, which blocks. Raises as retrlines;
      error_perm when the server has no MLSD: see listdir(). RFC 3659 section 7.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("mlsd", ["path", "facts"])) { ftp, arguments in
        let facts = try arguments.value(1)?.items().map { fact in
          guard fact.isString else { throw PythonError.type("facts must be strs, not '\(fact.typeName)'") }
          return try fact.text()
        }
        let path = try arguments.value(0).flatMap { try $0.isTrue() ? $0 : nil }
        let listing = MachineListing(ftp: ftp.object, path: path, facts: facts ?? [])
        return try NativeObject.make(ftp.state.machineListingType, listing)
      }
    },
    .method(
      "listdir",
      """
      listdir($self, path='')
      --

      The entries of a directory as a list of (name, facts), a str and a dict of str by str; [] for
      an empty one. Blocks.

      path is a str or bytes, '' the current directory. The server is asked by MLSD, by LIST when it
      does not know that, by NLST when it knows neither; '.' and '..' are left out. facts has MLSD's
      names whatever the server has: type ('file', 'dir', 'OS.unix=slink:target'), size in bytes,
      modify ('YYYYMMDDhhmmss', in UTC by MLSD, in the server's own time by LIST), unix.mode,
      unix.owner, unix.group; each where it is known. A line of LIST in no known format comes back
      as it is, for name and for the fact raw. A name may hold anything, '/' and '..' too: look at
      it before you join it to a local path.

      Raises error_perm when there is no such directory, and as retrlines. RFC 3659 section 7.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("listdir", ["path"])) { ftp, arguments in
        try ftp.listdir(arguments.value(0).flatMap { try $0.isTrue() ? $0 : nil })
      }
    },
    .method(
      "rename",
      """
      rename($self, fromname, toname)
      --

      Rename a file or directory (RNFR, RNTO); return the reply, a str as in '250 Rename
      successful.'

      fromname and toname are str or bytes. Raises error_reply for another answer to RNFR than
      3yz, and as voidcmd. RFC 959 section 4.1.3.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("rename", ["fromname", "toname"], required: 2)) { ftp, arguments in
        try ftp.rename(arguments.required(0), arguments.required(1))
      }
    },
    .method(
      "delete",
      """
      delete($self, filename)
      --

      Delete a file (DELE); return the reply, a str as in '250 Delete operation successful.'

      filename is a str or bytes. Raises error_reply for another 2yz than 250 and 200, and as
      sendcmd. RFC 959 section 4.1.3.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("delete", ["filename"], required: 1)) { ftp, arguments in
        try ftp.delete(arguments.required(0))
      }
    },
    .method(
      "cwd",
      """
      cwd($self, dirname)
      --

      Change the current directory (CWD, or CDUP for '..'); return the reply, a str as in '250
      Directory successfully changed.'

      dirname is a str or bytes; '' is '.'. Raises as voidcmd. RFC 959 section 4.1.1.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("cwd", ["dirname"], required: 1)) { ftp, arguments in
        try ftp.cwd(arguments.required(0))
      }
    },
    .method(
      "size",
      """
      size($self, filename)
      --

      The size of a file in bytes (SIZE), an int, or None when the server answers without one.

      filename is a str or bytes. Servers differ in text mode: sendcmd('TYPE I') first. Raises as
      sendcmd. RFC 3659 section 4.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("size", ["filename"], required: 1)) { ftp, arguments in
        try ftp.size(arguments.required(0))
      }
    },
    .method(
      "mkd",
      """
      mkd($self, dirname)
      --

      Make a directory (MKD); return its path as the server names it, a str, '' when it does not.

      dirname is a str or bytes. Raises as voidcmd. RFC 959 section 4.1.3.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("mkd", ["dirname"], required: 1)) { ftp, arguments in
        try ftp.mkd(arguments.required(0))
      }
    },
    .method(
      "rmd",
      """
      rmd($self, dirname)
      --

      Remove a directory (RMD); return the reply, a str. dirname is a str or bytes. Raises as
      voidcmd. RFC 959 section 4.1.3.
      """
    ) {
      call($0, $1, $2, $3, $4, Signature("rmd", ["dirname"], required: 1)) { ftp, arguments in
        try ftp.call(.voidcmd, ftp.command("RMD", arguments.required(0)))
      }
    },
    .method(
      "pwd",
      """
      pwd($self)
      --

      The current directory (PWD), a str. Raises as voidcmd. RFC 959 section 4.1.3.
      """, pwd),
  ]
}
