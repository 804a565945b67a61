import Glibc

/// Where this program's own file is.
///
/// Python derives two things from it: `sys.executable`, which `multiprocessing` and scripts start again,
/// and the virtual environment, whose `pyvenv.cfg` lies near the executable *as it was called*. So symbolic
/// links stay unresolved. Paths are bytes: a file name need not be UTF-8.
enum ExecutablePath {
  /// The absolute path of this program, started as `name`, with its NUL; nil if it cannot be told.
  ///
  /// `name` is believed only if it leads to the file that runs: a caller may pass anything as first argument.
  static func startedAs(_ name: UnsafePointer<CChar>?) -> [CChar]? {
    let running = target(ofLink: "/proc/self/exe")
    let believed = possiblePaths(name.map(bytes) ?? []).first { path in
      running == nil ? access(path, X_OK) == 0 : isSameFile(path, "/proc/self/exe")
    }
    return believed ?? running
  }

  /// What a shell could have meant by `name`: a path where it has a slash, otherwise a file in a folder of
  /// PATH.
  private static func possiblePaths(_ name: [CChar]) -> [[CChar]] {
    if name.contains(slash) { return [absolute(name)] }
    guard let folders = getenv("PATH") else { return [] }
    return bytes(folders).split(separator: colon).map { absolute($0 + [slash] + name) }
  }

  private static func absolute(_ path: [CChar]) -> [CChar] {
    var path = path[...]
    if path.first == slash { return path + [0] }
    while path.starts(with: [dot, slash]) { path = path.dropFirst(2) }
    guard let folder = getcwd(nil, 0) else { return [0] }
    defer { free(folder) }
    return bytes(folder) + [slash] + path + [0]
  }

  private static func isSameFile(_ one: [CChar], _ other: String) -> Bool {
    var first = stat()
    var second = stat()
    guard stat(one, &first) == 0, stat(other, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  private static func target(ofLink link: String) -> [CChar]? {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink(link, &path, path.count - 1)
    return length > 0 ? path.prefix(length) + [0] : nil
  }

  private static func bytes(_ string: UnsafePointer<CChar>) -> [CChar] {
    Array(UnsafeBufferPointer(start: string, count: strlen(string)))
  }

  private static let slash = CChar(UInt8(ascii: "/"))
  private static let colon = CChar(UInt8(ascii: ":"))
  private static let dot = CChar(UInt8(ascii: "."))
}
