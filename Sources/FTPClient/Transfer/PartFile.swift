internal import Glibc

/// A file of this computer that a download goes into: a neighbour of the target, which is as it was until the neighbour is whole and takes its name.
///
/// Of a large file whose version can be told the neighbour is `.NAME.part`, with `.NAME.part.state` beside it, and a later run goes on with it
/// (`PartState`). Any other gets a name that nobody has, and is removed when the transfer fails. What is no regular file, as a device or a pipe, is written to
/// itself.
package final class PartFile: DownloadSink {
  private let place: LocalPlace
  private var descriptor: CInt = -1
  private var part: [UInt8]?
  private var state: PartState?
  /// Whether the target is written to itself.
  private var isDirect = false
  /// The target's permission, where there is one.
  private var mode: mode_t?
  package private(set) var length: UInt64 = 0
  package private(set) var noted: [Range<UInt64>] = []
  /// Whether there may be holes before its end.
  private var isScattered = false
  /// Whether the state does not say yet what is noted.
  private var isUnsaved = false
  /// The file's size, where it is known.
  private var size: UInt64?

  /// What a download's bytes go through without a copy in this process, where the system does that.
  private var pipe: SplicePipe?
  private var hasTriedPipe = false

  /// From how many bytes on a part is worth being kept.
  static let worthKeeping: UInt64 = 1024 * 1024

  /// Whether a device or a pipe is refused.
  private let isRegularOnly: Bool
  /// Asks whether the call shall stop, while a pipe's other end does not read.
  private let checkInterrupt: () throws -> Void

  /// The file at a place. Nothing is opened yet. Throws what `checkInterrupt` throws while it waits for who reads from a pipe.
  package init(_ place: LocalPlace, checkInterrupt: @escaping () throws -> Void) {
    (self.place, self.checkInterrupt, isRegularOnly) = (place, checkInterrupt, false)
  }

  /// A file of a tree, where nobody has named a device or a pipe: it is refused.
  init(regular place: LocalPlace) { (self.place, checkInterrupt, isRegularOnly) = (place, {}, true) }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  package var name: String { place.path }
  package var isReadable: Bool { !isDirect }
  package var isRandom: Bool { !isDirect }

  private func refusal(_ code: CInt) -> FTPError { FTPError(errno: code, "write '\(place.path)'") }

  // MARK: Beginning

  package func open(for facts: RemoteFacts, identity: String, resuming: Bool) throws {
    size = facts.size
    if let status = place.status() {
      switch status.st_mode & S_IFMT {
      case S_IFDIR: throw refusal(EISDIR)
      case S_IFREG:
        mode = status.st_mode & 0o777
        // Who may not write the file may not replace it either.
        guard place.name.withPath({ faccessat(place.directory, $0, W_OK, AT_EACCESS) }) == 0 else {
          throw refusal(errno)
        }
      case S_IFLNK where !place.isOpenFile: throw refusal(ELOOP)
      default:
        if isRegularOnly { throw Self.refusalOfIrregular(place.path) }
        return try openDirectly(isPipe: place.isPipe)
      }
    }
    let isWorthKeeping = resuming && facts.isTelling && (facts.size ?? 0) >= Self.worthKeeping
    if isWorthKeeping, try openKept(identity) { return }
    try openNew()
  }

  /// What is said of a name in a tree that is no file's.
  static func refusalOfIrregular(_ path: String) -> FTPError {
    FTPError(.system(EEXIST), "cannot write '\(path)': it is a device, a pipe or a socket here")
  }

  private func openDirectly(isPipe: Bool) throws {
    // A pipe that nobody reads from would hold `open` for ever, and a full one `write`, whoever presses Ctrl-C.
    let flags = O_WRONLY | O_NOCTTY | (isPipe ? O_NONBLOCK : 0)
    descriptor = try PipeWaiting.open(isPipe: isPipe, { place.open(place.name, flags) }, checkInterrupt)
    guard descriptor >= 0 else { throw refusal(errno) }
    isDirect = true
  }

  /// Writes into what is no regular file, and waits while a pipe has no room.
  private func writeDirectly(_ bytes: UnsafeRawBufferPointer) throws {
    let reason = try PipeWaiting.write(bytes, into: descriptor, checkInterrupt)
    guard reason == 0 else { throw refusal(reason) }
  }

  /// Opens the part that a later run would find, and takes over what an earlier one has left. False when the name is somebody else's.
  private func openKept(_ identity: String) throws -> Bool {
    let name = place.neighbour("part")
    let state = PartState(place, place.neighbour("part.state"))
    for _ in 0..<16 {
      var isNew = false
      descriptor = place.open(name, O_RDWR)
      if descriptor < 0, errno == ENOENT {
        descriptor = place.open(name, O_RDWR | O_CREAT | O_EXCL, mode: mode ?? 0o666)
        if descriptor < 0, errno == EEXIST { continue }
        isNew = true
      }
      guard descriptor >= 0 else {
        if isNew { throw refusal(errno) }
        return false
      }
      // Another process may be at it; or have been, and have given it its name just now.
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, let own = ownStatus else {
        // Where nothing can be locked, nobody holds it.
        if isNew, errno != EWOULDBLOCK { place.remove(name) }
        return letGo()
      }
      guard let status = place.status(name), status.st_ino == own.st_ino, status.st_dev == own.st_dev else {
        _ = letGo()
        continue
      }
      guard own.st_mode & S_IFMT == S_IFREG, own.st_nlink == 1, own.st_uid == geteuid() else {
        // Some file systems give each file another owner: this one is not found again.
        if isNew { place.remove(name) }
        return letGo()
      }
      if !isNew {
        guard let found = state.read(), found.inode == UInt64(own.st_ino) else { return letGo() }
        if PartState.agree(found.identity, identity) {
          length = UInt64(clamping: own.st_size)
          if let parts = found.parts {
            // Somebody may have cut the part short meanwhile.
            noted = parts.map { $0.clamped(to: 0..<length) }.filter { !$0.isEmpty }
            length = noted.first.map { $0.lowerBound == 0 ? $0.upperBound : 0 } ?? 0
            isScattered = true
          }
        } else if ftruncate(descriptor, 0) != 0 {
          throw refusal(errno)
        }
      }
      part = name
      self.state = state
      guard state.write(identity, inode: UInt64(own.st_ino), parts: isScattered ? noted : nil) else {
        if isNew { place.remove(name) }
        part = nil
        self.state = nil
        return letGo()
      }
      return true
    }
    return false
  }

  private var ownStatus: stat? {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? status : nil
  }

  private func letGo() -> Bool {
    Glibc.close(descriptor)
    descriptor = -1
    length = 0
    (noted, isScattered) = ([], false)
    return false
  }

  private func openNew() throws {
    for _ in 0..<64 {
      let name = place.neighbour("\(RandomName.make()).part")
      descriptor = place.open(name, O_RDWR | O_CREAT | O_EXCL, mode: mode ?? 0o666)
      if descriptor >= 0 {
        part = name
        return
      }
      guard errno == EEXIST else {
        throw FTPError(errno: errno, "make a file beside '\(place.path)'")
      }
    }
    throw refusal(EEXIST)
  }

  // MARK: Content

  package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
    if isDirect {
      try writeDirectly(bytes)
    } else {
      do throws(FileFailure) { try bytes.write(into: descriptor, at: offset) } catch { throw refusal(error.errno) }
    }
    if offset <= length { length = max(length, offset &+ UInt64(bytes.count)) }
  }

  package func move(
    _ stream: any FileReceiving, at offset: UInt64, most: Int, until deadline: Deadline
  ) throws -> Int? {
    guard !isDirect, descriptor >= 0 else { return nil }
    if !hasTriedPipe {
      hasTriedPipe = true
      pipe = SplicePipe()
    }
    guard let pipe else { return nil }
    let count: Int?
    do {
      count = try stream.receive(file: descriptor, at: offset, most: most, through: pipe, until: deadline)
    } catch let failure as FileFailure { throw LocalFailure(refusal(failure.errno)) }
    if count == nil { self.pipe = nil }
    if offset <= length { length = max(length, offset &+ UInt64(count ?? 0)) }
    return count
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    while true {
      let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(clamping: offset))
      if count >= 0 { return count }
      guard errno == EINTR else { throw FTPError(errno: errno, "read '\(place.path)'") }
    }
  }

  package func restart(for facts: RemoteFacts, identity: String) throws {
    if isDirect, length == 0 {
      size = facts.size
      return
    }
    guard !isDirect else {
      throw FTPError(.mismatch, "'\(place.path)' is no regular file: it cannot be written anew")
    }
    guard ftruncate(descriptor, 0) == 0 else { throw refusal(errno) }
    size = facts.size
    length = 0
    (noted, isScattered, isUnsaved) = ([], false, false)
    if let own = ownStatus { _ = state?.write(identity, inode: UInt64(own.st_ino), parts: nil) }
  }

  package func note(_ parts: [Range<UInt64>]?) throws {
    guard isScattered || parts != nil else { return }
    noted = parts ?? []
    if let first = noted.first { length = first.lowerBound == 0 ? first.upperBound : 0 }
    // What comes in order is as long as the file.
    if parts == nil, ftruncate(descriptor, off_t(clamping: length)) != 0 { throw refusal(errno) }
    isScattered = parts != nil
    isUnsaved = true
    // What is whole is about to have its name: it is not worth the wait for the disk.
    if let size, noted == [0..<size] { return }
    try save()
  }

  /// Writes what is noted into the state, once the disk has it: behind a power cut the state would call holes content.
  private func save() throws {
    isUnsaved = false
    guard let state, let own = ownStatus, let identity = state.identity else { return }
    while isScattered, !noted.isEmpty, fdatasync(descriptor) != 0 {
      // Where there is no disk.
      if errno == EINVAL { break }
      guard errno == EINTR else { throw refusal(errno) }
    }
    guard state.write(identity, inode: UInt64(own.st_ino), parts: isScattered ? noted : nil) else {
      throw refusal(errno)
    }
  }

  // MARK: The end

  package func complete(modified: FileStatus.Time?) throws {
    guard !isDirect, let part else { return }
    guard let own = ownStatus, UInt64(clamping: own.st_size) == length else {
      throw FTPError(.mismatch, "somebody else has changed '\(place.path)' while it was written")
    }
    if let modified {
      let time = timespec(tv_sec: modified.seconds, tv_nsec: modified.nanosecond)
      // What no file system can keep is no fault of the transfer's.
      withUnsafeTemporaryAllocation(of: timespec.self, capacity: 2) { times in
        times.initialize(repeating: time)
        _ = futimens(descriptor, times.baseAddress)
      }
    }
    if let mode { _ = fchmod(descriptor, mode) }
    // Some file systems say only when a file is closed that there was no room.
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    if copy >= 0, Glibc.close(copy) != 0, errno != EINTR { throw refusal(errno) }
    let status = part.withPath { old in place.name.withPath { renameat(place.directory, old, place.directory, $0) } }
    guard status == 0 else { throw refusal(errno) }
    state?.remove()
    self.part = nil
    Glibc.close(descriptor)
    descriptor = -1
  }

  package func abandon(keeping: Bool) {
    if keeping, isUnsaved { try? save() }
    if let part, !(keeping && state != nil && (length > 0 || !noted.isEmpty)) {
      place.remove(part)
      state?.remove()
    }
    part = nil
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }
}
