internal import Glibc

/// A name in an open directory of this computer: what is done to it is done there, wherever the directory's path leads by then.
package final class LocalPlace {
  /// The directory's descriptor.
  let directory: CInt
  /// Who closes it; nil is this object.
  private let owner: LocalTree.Directory?
  /// The name in it.
  package let name: [UInt8]
  /// The whole path for messages.
  package let path: String
  /// Whether the name is a link of the system's to an open file of a process.
  let isOpenFile: Bool

  /// A name in a directory of a tree. `name` has no slash.
  init(in directory: LocalTree.Directory, _ name: [UInt8], path: String) {
    self.directory = directory.descriptor
    self.name = name
    self.path = path
    isOpenFile = false
    owner = directory
  }

  /// The place of a path; a symbolic link at its end is followed, as `open` would. Throws `.system`.
  ///
  /// Only a link to an open file of a process, where `/dev/stdout` and `/dev/fd/3` lead, stays the place itself, which `open` goes through: what it says
  /// is no path to a pipe or a removed file, and a file that took the name of an open one would not be what its holder has.
  package init(_ path: [UInt8]) throws(FTPError) {
    self.path = path.text
    guard !path.isEmpty else { throw FTPError(errno: ENOENT, "use the path ''") }
    try path.requireNoNUL("a local path")
    let (whole, isOpenFile) = try Self.followed(path)
    self.isOpenFile = isOpenFile
    let folder = Self.folder(of: whole)
    name = whole.lastComponent
    guard !name.isEmpty, !name.isDotOrDotDot else {
      throw FTPError(errno: EISDIR, "write '\(path.text)'")
    }
    directory = folder.withPath { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard directory >= 0 else { throw FTPError(errno: errno, "open the folder of '\(path.text)'") }
    owner = nil
  }

  deinit { if owner == nil { close(directory) } }

  /// Where links at the end of a path lead, the last of which may lead to nothing yet, or to an open file of a process.
  private static func followed(_ path: [UInt8]) throws(FTPError) -> (path: [UInt8], isOpenFile: Bool) {
    var path = path
    for _ in 0..<40 {
      var buffer = [CChar](repeating: 0, count: 4097)
      let count = path.withPath { readlink($0, &buffer, 4096) }
      guard count > 0 else { return (path, false) }
      if isOfProcesses(folder(of: path)) { return (path, true) }
      let target = buffer.prefix(count).map { UInt8(bitPattern: $0) }
      if target.first == ASCII.slash {
        path = target
      } else {
        path = Array(path[..<(path.lastIndex(of: ASCII.slash).map { $0 + 1 } ?? 0)]) + target
      }
    }
    throw FTPError(errno: ELOOP, "open '\(path.text)'")
  }

  private static func folder(of path: [UInt8]) -> [UInt8] {
    path.lastIndex(of: ASCII.slash).map { $0 == 0 ? [ASCII.slash] : Array(path[..<$0]) } ?? Array(".".utf8)
  }

  /// Whether a folder is one of procfs, whose links lead to what a process has open, whatever they say.
  private static func isOfProcesses(_ folder: [UInt8]) -> Bool {
    var (status, processes) = (stat(), stat())
    // Of all names in it this one is always there.
    guard stat("/proc/self", &processes) == 0, folder.withPath({ stat($0, &status) }) == 0 else { return false }
    return status.st_dev == processes.st_dev
  }

  /// What lies there; nil for nothing. A link is looked at itself.
  func status(_ name: [UInt8]? = nil) -> stat? {
    var status = stat()
    let result = (name ?? self.name).withPath { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }
    return result == 0 ? status : nil
  }

  /// Whether the name, or what a link of that name leads to, is a pipe.
  var isPipe: Bool {
    var status = stat()
    return name.withPath { fstatat(directory, $0, &status, 0) } == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  /// Opens a name in the directory, never through a link, but for the place that is an open file of a process: that one is emptied where it is regular,
  /// as nothing else takes its place. Returns the descriptor, or -1 and `errno`.
  func open(_ name: [UInt8], _ flags: CInt, mode: mode_t = 0o666) -> CInt {
    let own = isOpenFile && name == self.name ? O_TRUNC : O_NOFOLLOW
    return name.withPath { openat(directory, $0, flags | own | O_CLOEXEC, mode) }
  }

  /// Removes a name; that it is not there is no matter.
  func remove(_ name: [UInt8]) { _ = name.withPath { unlinkat(directory, $0, 0) } }

  /// A neighbour's name, `.NAME.tail`, cut to what file systems take.
  func neighbour(_ tail: String) -> [UInt8] {
    Array(".".utf8) + name.prefix(ofWholeLetters: 253 - tail.utf8.count) + Array(".\(tail)".utf8)
  }
}

extension [UInt8] {
  /// Calls `body` with the bytes as C has a path.
  func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
      let empty: StaticString = ""
      return body(buffer.baseAddress ?? UnsafeRawPointer(empty.utf8Start).assumingMemoryBound(to: CChar.self))
    }
  }
}

/// Names that nobody else has.
enum RandomName {
  static func make() -> String {
    var value = UInt64.random(in: .min ... .max)
    var text = ""
    for _ in 0..<8 {
      text.unicodeScalars.append(Unicode.Scalar(UInt8(ascii: "a") + UInt8(value % 26)))
      value /= 26
    }
    return text
  }

  /// A hidden name beside that of a file on a server, which begins like it, with this ending.
  static func beside(_ path: [UInt8], _ ending: String) -> [UInt8] {
    let start = path.lastIndex(of: ASCII.slash).map { $0 + 1 } ?? 0
    return Array(path[..<start]) + [ASCII.dot] + path[start...].prefix(ofWholeLetters: 254 - ending.utf8.count)
      + Array(ending.utf8)
  }
}

extension BidirectionalCollection<UInt8> {
  /// At most so many bytes from the beginning, the last of which ends a letter, if these are UTF-8: some servers take no other names.
  fileprivate func prefix(ofWholeLetters most: Int) -> SubSequence {
    var end = prefix(Swift.max(0, most)).endIndex
    while end > startIndex, end < endIndex, self[end] & 0xC0 == 0x80 { end = index(end, offsetBy: -1) }
    return self[..<end]
  }
}
