internal import Glibc

/// What is known of a part: of which version of which file of which server it is, in a small file beside it.
///
/// Lines: `ftplib part 1`, the part's inode, the identity, and where the part is not written in order the ranges that are in place, as in
/// `0-1048576 4194304-5242880`: an empty line where there are none yet.
final class PartState {
  private let place: LocalPlace
  private let name: [UInt8]
  private(set) var identity: String?

  private static let magic = "ftplib part 1"
  /// More is none of ours.
  private static let limit = 16 * 1024

  init(_ place: LocalPlace, _ name: [UInt8]) {
    self.place = place
    self.name = name
  }

  /// What was found.
  struct Found {
    let inode: UInt64
    let identity: String
    let parts: [Range<UInt64>]?
  }

  /// Reads it; nil when there is none, or none that this client has written.
  func read() -> Found? {
    let descriptor = place.open(name, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: Self.limit)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count > 0, count < bytes.count else { return nil }
    let lines = String(decoding: bytes.prefix(count), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    // Without the end of its last line it was cut off.
    guard lines.count >= 4, lines[0] == Self.magic, let inode = UInt64(lines[1]), lines.last == "" else { return nil }
    guard lines.count > 4 else { return Found(inode: inode, identity: String(lines[2]), parts: nil) }
    var parts: [Range<UInt64>] = []
    for word in lines[3].split(separator: " ") {
      let bounds = word.split(separator: "-").compactMap { UInt64($0) }
      guard bounds.count == 2, bounds[0] < bounds[1], bounds[0] >= parts.last?.upperBound ?? 0 else { return nil }
      parts.append(bounds[0]..<bounds[1])
    }
    return Found(inode: inode, identity: String(lines[2]), parts: parts)
  }

  /// Writes it: the old one is there until the new one is whole. False when it cannot be written, or when its name is somebody else's.
  func write(_ identity: String, inode: UInt64, parts: [Range<UInt64>]?) -> Bool {
    if self.identity == nil, place.status(name) != nil, read() == nil { return false }
    var text = "\(Self.magic)\n\(inode)\n\(identity)\n"
    if let parts { text += parts.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " ") + "\n" }
    guard text.utf8.count < Self.limit else { return false }
    let temporary = place.neighbour("\(RandomName.make()).part")
    let descriptor = place.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    guard descriptor >= 0 else { return false }
    let bytes = Array(text.utf8)
    let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count
    guard close(descriptor) == 0, isWritten,
      temporary.withPath({ old in name.withPath { renameat(place.directory, old, place.directory, $0) } }) == 0
    else {
      place.remove(temporary)
      return false
    }
    self.identity = identity
    return true
  }

  /// Whether two identities are those of one version of one file. What the server tells a file by, the last that is in them, is not always asked for: where
  /// it is missing it says nothing.
  static func agree(_ left: String, _ right: String) -> Bool {
    guard left != right else { return true }
    var (left, right) = (
      left.split(separator: "\t", omittingEmptySubsequences: false),
      right.split(separator: "\t", omittingEmptySubsequences: false)
    )
    guard let first = left.popLast(), let second = right.popLast() else { return false }
    return left == right && (first.isEmpty || second.isEmpty)
  }

  func remove() { place.remove(name) }
}
