import CPython
import PythonBridge

/// Methods of the class `FTP`: folders kept equal.
extension FTPType {
  static let treeMethods: [PyMethodDef] = [
    .method(
      "download_tree",
      """
      download_tree($self, remote, local, *, include=None, exclude=None, compare='time', delete=False, dry_run=False, connections=4, resume=True, verify=True, retries=5, progress=None)
      --

      Make a local folder what a directory of the server is: fetch the files that differ. Returns a
      TreeSummary. Blocks.

      remote is a directory of the server (str or bytes, '' the current one), local a folder, which
      is made if it is missing. Each file is fetched as download() does it.

      include   a pattern or several: only files that match one, or that lie in a directory that
                does; with it a directory is made together with the first file that comes into it
      exclude   a pattern or several: no files that match one, and no directories with all in them,
                whatever include says
      compare   'time': a file differs by size or by the time of its last change; 'size': by size
                alone; 'hash': by size or, where the server has one, by hash
      delete    remove what the server does not have, when all else went well
      dry_run   only say what would be done
      connections  1 to 16: each further one is a session that logs in as this one did, on a thread
                of its own; a server that refuses it is served over fewer
      progress  called with a TransferProgress for each file, from any of these threads

      In a pattern * is any letters of a name, ? one, [a-z] one of these, [!a-z] none of them, ** any
      number of directories. One without a slash is compared with names at any depth, one with a
      slash with the whole path from the top of the tree; a slash at its end means directories alone.
      What include and exclude leave out is neither fetched nor, with delete, removed, wherever it
      lies: of a folder that the server does not have only the rest goes.

      verify holds for files from 1 MiB on; smaller ones are compared by the size that was listed.
      Symbolic links are neither followed nor made, on either side; names of the server's that hold
      '/', '\\\\' or NUL, that are '..', or a device's on Windows, are not used: both are in the
      summary's refused.

      Raises TreeError when single paths failed, after the rest; at once, as download(), when the
      server is gone for all retries, or this computer takes no more. Other threads must not use the
      object meanwhile.
      """
    ) {
      call(
        $0, $1, $2, $3, $4,
        Signature(
          "download_tree", ["remote", "local"] + FTPObject.treeOptions, required: 2,
          keywordOnly: FTPObject.treeOptions.count)
      ) { ftp, arguments in try ftp.downloadTree(arguments) }
    },
    .method(
      "upload_tree",
      """
      upload_tree($self, local, remote, *, include=None, exclude=None, compare='time', delete=False, dry_run=False, connections=4, resume=True, verify=True, retries=5, progress=None)
      --

      Make a directory of the server what a local folder is: send the files that differ. Returns a
      TreeSummary. Blocks.

      remote is made if it is missing. Where the server cannot be told a file's time (MFMT), one that
      is older there than here differs. What include and exclude leave out is neither sent nor, with
      delete, removed. All else, the patterns and the exceptions too, is as with download_tree().
      """
    ) {
      call(
        $0, $1, $2, $3, $4,
        Signature(
          "upload_tree", ["local", "remote"] + FTPObject.treeOptions, required: 2,
          keywordOnly: FTPObject.treeOptions.count)
      ) { ftp, arguments in try ftp.uploadTree(arguments) }
    },
    .method(
      "sync",
      """
      sync($self, remote, local, *, direction='down', include=None, exclude=None, compare='time', delete=False, dry_run=False, connections=4, resume=True, verify=True, retries=5, progress=None)
      --

      Make one side what the other is: download_tree() with direction 'down', upload_tree() with
      'up'. delete removes on that side what the other does not have; what include and exclude leave
      out is neither transferred nor removed. See download_tree() for the options, the patterns and
      the exceptions.
      """
    ) {
      call(
        $0, $1, $2, $3, $4,
        Signature(
          "sync", ["remote", "local", "direction"] + FTPObject.treeOptions, required: 2,
          keywordOnly: FTPObject.treeOptions.count + 1)
      ) { ftp, arguments in try ftp.sync(arguments) }
    },
  ]
}
