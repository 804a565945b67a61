import Glibc

/// A folder of this host in the place of the device's file system: `--root`.
///
/// Child processes find it in the environment variable `FTPY_ROOT`, which means the same as the option.
struct DeviceRoot {
  /// Its absolute path with all links resolved, NUL-terminated.
  let path: [CChar]
  /// The working directory that scripts start in, likewise: the root, or for a child process where its
  /// parent left it if that is in the root.
  let start: [CChar]

  /// The root that the option `given` names, or else the environment; nil if neither does. Makes `usr` and
  /// `bak` in it where they are missing. A run that `boots` starts in the root wherever its parent stood.
  ///
  /// `option` is what has named it, for messages. Throws if there is no such folder, or it cannot serve as a root.
  static func chosen(
    by given: UnsafePointer<CChar>?, option: String = "--root", boots: Bool = false
  ) throws(OwnOptions.Mistake) -> DeviceRoot? {
    guard let folder = given ?? UnsafePointer(getenv(variable)), given != nil || folder[0] != 0 else { return nil }
    let name = "\(given == nil ? variable : option) \(String(cString: folder))"
    guard let found = realpath(folder, nil) else {
      throw OwnOptions.Mistake(sentence: "\(name): \(String(cString: strerror(errno)))")
    }
    defer { free(found) }
    let path = Array(UnsafeBufferPointer(start: found, count: strlen(found) + 1))
    guard path.count > 2 else {
      throw OwnOptions.Mistake(sentence: "\(name): this is the computer's own root; take a folder in it")
    }
    for partition in ["", "/usr", "/bak"] {
      do { try requireFolder(path.dropLast() + partition.utf8.map(CChar.init(bitPattern:)) + [0]) } catch {
        let place = partition.isEmpty ? name : "\(name): \(partition.dropFirst())"
        throw OwnOptions.Mistake(sentence: "\(place): \(String(cString: strerror(error.number)))")
      }
    }
    setenv(variable, path, 1)
    let stays = given == nil && !boots
    return DeviceRoot(path: path, start: stays ? workingDirectory(in: path) ?? path : path)
  }

  /// What the environment says of a root now; for `restore`.
  static var inEnvironment: String? { getenv(variable).map { String(cString: $0) } }

  /// Has the environment say again what it said before a root was chosen.
  static func restore(_ value: String?) {
    if let value { setenv(variable, value, 1) } else { unsetenv(variable) }
  }

  private static let variable = "FTPY_ROOT"

  private struct Failure: Error {
    let number: CInt
  }

  /// Makes a folder unless it is there. Throws if it is no folder that a process may stand in.
  private static func requireFolder(_ path: [CChar]) throws(Failure) {
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw Failure(number: errno) }
    var found = stat()
    guard stat(path, &found) == 0 else { throw Failure(number: errno) }
    guard found.st_mode & S_IFMT == S_IFDIR else { throw Failure(number: ENOTDIR) }
    guard access(path, X_OK) == 0 else { throw Failure(number: errno) }
  }

  /// The working directory, if it is `root` or lies in it.
  private static func workingDirectory(in root: [CChar]) -> [CChar]? {
    guard let folder = getcwd(nil, 0) else { return nil }
    defer { free(folder) }
    let path = Array(UnsafeBufferPointer(start: folder, count: strlen(folder) + 1))
    return path == root || path.starts(with: root.dropLast() + [CChar(UInt8(ascii: "/"))]) ? path : nil
  }
}
