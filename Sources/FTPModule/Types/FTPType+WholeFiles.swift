import CPython
import PythonBridge

/// Methods of the class `FTP`: transfers that finish.
extension FTPType {
  static let wholeFileMethods: [PyMethodDef] = [
    .method(
      "download",
      """
      download($self, remote, local, *, resume=True, verify=True, retries=5, progress=None, segments=1)
      --

      Download a file and finish: connect again and go on after faults, check it, and put it in
      place when it is whole. Returns a TransferResult. Blocks.

      remote is the server's path, a str or bytes. local is a path (str, bytes, os.PathLike) or a
      binary file. A path's file is written beside it, under a temporary name: what was there
      before stays until the new file is whole, which then has the server's modification time. A
      file object gets write(), and seek() and truncate() where it must begin anew.

      resume    go on with what an earlier run has left of the same version of the same file
                (from 1 MiB on), and leave a part when this run fails
      verify    compare the content by HASH, XSHA256, XSHA512, XSHA1, XSHA, XMD5, MD5 or XCRC where the
                server has one of them, and look at the end whether the file has changed meanwhile
      retries   how often in a row it may fail without getting 64 KiB further; 0 is one attempt. It
                waits between attempts, half a second first and twice as long each time, at most 30
      progress  called with a TransferProgress, ten times a second at most but for its first and last; what it raises ends the
                call and is raised
      segments  over how many connections (1 to 16) a file is fetched that has 1 MiB for each; all
                but the first log in, on threads, while that one is at work

      It is tried again after a lost connection, a silence of timeout seconds, a refusal for now
      (4yz), or a server's restart: connect(), login() and cwd() as before, with the same options.
      Where it is not known for certain which directory that was, as behind a SITE command or a
      cwd() without an answer, it raises Error: call the three again.
      Raises the class of the last cause, which is __cause__; error_perm and OSError of the local
      file at once; Error when the content is not what the server has. Then what was there before
      is still there.
      """
    ) {
      call(
        $0, $1, $2, $3, $4,
        Signature(
          "download", ["remote", "local", "resume", "verify", "retries", "progress", "segments"], required: 2,
          keywordOnly: 5)
      ) { ftp, arguments in try ftp.download(arguments) }
    },
    .method(
      "upload",
      """
      upload($self, local, remote, *, resume=True, verify=True, retries=5, progress=None)
      --

      Upload a file and finish: connect again and go on after faults, check it, and give it its
      name when it is whole. Returns a TransferResult. Blocks.

      local is a path (str, bytes, os.PathLike) or a binary file, remote the server's path, a str
      or bytes. The file is written under a temporary name beside remote and renamed (RNFR, RNTO)
      when it is whole, with its modification time (MFMT), where the server lets it be so; under its own
      name otherwise. After a fault it goes on by REST or APPE behind what the server has (SIZE), or
      from the beginning. A file object gets read(), and seek() where it must go back.

      The options, the retries and the exceptions are those of download().
      """
    ) {
      call(
        $0, $1, $2, $3, $4,
        Signature(
          "upload", ["local", "remote", "resume", "verify", "retries", "progress"], required: 2, keywordOnly: 4)
      ) { ftp, arguments in try ftp.upload(arguments) }
    },
  ]
}
