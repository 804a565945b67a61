internal import Glibc

/// A folder of this computer with all that is below it, reached by descriptors alone: below its top no symbolic link is
/// followed, whoever puts one there and when.
///
/// Names are bytes; a path is the names from the top on. Throws `FTPError` of kind `.system`, which names the whole path.
package final class LocalTree: @unchecked Sendable {
  /// The folder as the caller named it.
  package let path: String
  private let descriptor: CInt

  /// What a name stands for.
  package struct Entry: Sendable {
    package let name: [UInt8]
    package let kind: ListingEntry.Kind
    package let size: UInt64
    /// Seconds since 1970, UTC, rounded down.
    package let modified: Int
  }

  /// A directory of the tree that is open.
  package final class Directory {
    package let descriptor: CInt
    fileprivate let path: String

    fileprivate init(_ descriptor: CInt, _ path: String) { (self.descriptor, self.path) = (descriptor, path) }
    deinit { close(descriptor) }

    /// What an error says of a name in it.
    fileprivate func path(of name: [UInt8]) -> String { "\(path)/\(name.text)" }
  }

  /// What is to become of a folder that is not there.
  package enum Missing: Sendable {
    /// That is an error.
    case fail
    /// It is made, with what is missing above it.
    case make
    /// It counts as empty.
    case mayBeMissing
  }

  /// Whether times are even seconds: perhaps, as on FAT, which drops the odd one.
  package let countsEveryOtherSecond: Bool

  /// Opens the folder, which may itself be a link.
  package init(_ path: [UInt8], _ missing: Missing = .fail) throws(FTPError) {
    try path.requireNoNUL("a local path")
    // As to the system: what was to hold the name is empty, and another folder must not be filled for it, or cleared.
    guard !path.isEmpty else { throw FTPError(errno: ENOENT, "open the folder ''") }
    self.path = path.text
    if missing == .make { try Self.make(path) }
    descriptor = path.withPath { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    // FAT is one of the few without symbolic links, and `statfs`, which names it, is not for Swift.
    countsEveryOtherSecond = descriptor >= 0 && fpathconf(descriptor, CInt(_PC_2_SYMLINKS)) == 0
    guard descriptor < 0 else { return }
    if missing == .mayBeMissing, errno == ENOENT { return }
    throw FTPError(errno: errno, "open the folder '\(path.text)'")
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  private static func make(_ path: [UInt8]) throws(FTPError) {
    guard path.withPath({ mkdir($0, 0o777) }) != 0, errno != EEXIST else { return }
    let reason = errno
    guard reason == ENOENT, let slash = path.lastIndex(of: ASCII.slash), slash > path.startIndex else {
      throw FTPError(errno: reason, "make the folder '\(path.text)'")
    }
    try make(Array(path[..<slash]))
    guard path.withPath({ mkdir($0, 0o777) }) != 0, errno != EEXIST else { return }
    throw FTPError(errno: errno, "make the folder '\(path.text)'")
  }

  /// Opens a directory below the top; with `creating` what is missing on the way is made.
  package func directory(_ names: [[UInt8]], creating: Bool = false) throws(FTPError) -> Directory {
    guard descriptor >= 0 else { throw FTPError(errno: ENOENT, "open the folder '\(path)'") }
    let top = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard top >= 0 else { throw FTPError(errno: errno, "open the folder '\(path)'") }
    var directory = Directory(top, path)
    for name in names {
      let next = directory.path(of: name)
      let opened = name.withPath { text in
        if creating { _ = mkdirat(directory.descriptor, text, 0o777) }
        return openat(directory.descriptor, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      }
      guard opened >= 0 else { throw FTPError(errno: errno == ELOOP ? ENOTDIR : errno, "open the folder '\(next)'") }
      directory = Directory(opened, next)
    }
    return directory
  }

  /// What a directory holds, sorted by name.
  package func entries(of directory: Directory) throws(FTPError) -> [Entry] {
    let own = openat(directory.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard own >= 0, let stream = fdopendir(own) else {
      let reason = errno
      if own >= 0 { close(own) }
      throw FTPError(errno: reason, "read the folder '\(directory.path)'")
    }
    defer { closedir(stream) }
    var entries: [Entry] = []
    while true {
      errno = 0
      guard let item = readdir(stream) else { break }
      let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name) ?? 0
      let start = UnsafeRawPointer(item).advanced(by: offset).assumingMemoryBound(to: UInt8.self)
      let name = Array(
        UnsafeBufferPointer(start: start, count: strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))))
      guard !name.isDotOrDotDot else { continue }
      // It may have gone since.
      if let entry = try entry(name, in: directory) { entries.append(entry) }
    }
    guard errno == 0 else { throw FTPError(errno: errno, "read the folder '\(directory.path)'") }
    return entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// What a name in a directory stands for; a link is a link. Nil when there is no such thing.
  package func entry(_ name: [UInt8], in directory: Directory) throws(FTPError) -> Entry? {
    var status = stat()
    guard name.withPath({ fstatat(directory.descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else {
      guard errno != ENOENT else { return nil }
      throw FTPError(errno: errno, "look at '\(directory.path(of: name))'")
    }
    let kind: ListingEntry.Kind
    switch status.st_mode & S_IFMT {
    case S_IFREG: kind = .file
    case S_IFDIR: kind = .directory
    case S_IFLNK: kind = .link
    default: kind = .other
    }
    return Entry(
      name: name, kind: kind, size: UInt64(clamping: status.st_size), modified: Int(status.st_mtim.tv_sec))
  }

  /// The names in a directory that stand for the same as one of others which it does not list and yet finds: where it does not tell upper case from
  /// lower, or composed letters from others.
  package func otherSpellings(of names: Set<[UInt8]>, in directory: Directory) throws(FTPError) -> Set<[UInt8]> {
    let listed = try entries(of: directory).map(\.name)
    let found = Set(try unlisted(names, in: directory).compactMap { identity($0, in: directory) })
    guard !found.isEmpty else { return [] }
    return Set(listed.filter { name in identity(name, in: directory).map(found.contains) ?? false })
  }

  /// Those names in a directory that it does not list and yet finds.
  package func unlisted(_ names: Set<[UInt8]>, in directory: Directory) throws(FTPError) -> Set<[UInt8]> {
    let listed = try entries(of: directory).map(\.name)
    return names.subtracting(listed).filter { identity($0, in: directory) != nil }
  }

  private struct Identity: Hashable {
    let device, inode: UInt64
  }

  private func identity(_ name: [UInt8], in directory: Directory) -> Identity? {
    var status = stat()
    guard name.withPath({ fstatat(directory.descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else { return nil }
    return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  /// Removes a file or a link, or a directory that is empty. That it is not there is no matter.
  package func remove(_ name: [UInt8], isDirectory: Bool, in directory: Directory) throws(FTPError) {
    let flags = isDirectory ? AT_REMOVEDIR : 0
    guard name.withPath({ unlinkat(directory.descriptor, $0, flags) }) == 0 || errno == ENOENT else {
      throw FTPError(errno: errno, "remove '\(directory.path(of: name))'")
    }
  }
}
