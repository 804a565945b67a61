internal import Glibc

/// A file of this computer that is uploaded.
package final class LocalSource: UploadSource {
  private let descriptor: CInt
  private let path: [UInt8]
  private var status: stat
  /// How far what cannot go back has been read.
  private var position: UInt64 = 0
  /// Asks whether the call shall stop, while a pipe or a device has nothing; nil where nobody waits for one.
  private let checkInterrupt: (() throws -> Void)?

  /// Opens a file, and waits for the first that a pipe or a device has. Throws `.system`, `.invalidArgument` for a path with a NUL, and what
  /// `checkInterrupt` throws while it waits, here and in `read`.
  package init(_ path: [UInt8], checkInterrupt: @escaping () throws -> Void) throws {
    try path.requireNoNUL("a local path")
    self.path = path
    self.checkInterrupt = checkInterrupt
    // A pipe that nobody writes to would hold `open` for ever, whoever presses Ctrl-C.
    descriptor = path.withPath { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
    status = stat()
    guard descriptor >= 0 else { throw FTPError(errno: errno, "read '\(path.text)'") }
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
      let code = status.st_mode & S_IFMT == S_IFDIR ? EISDIR : errno
      throw FTPError(errno: code, "read '\(path.text)'")
    }
    try waitForInput()
  }

  /// Reads from a descriptor that is this object's from now on; `path` is for messages.
  package init(descriptor: CInt, path: String) throws(FTPError) {
    self.path = Array(path.utf8)
    self.descriptor = descriptor
    checkInterrupt = nil
    status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FTPError(errno: errno, "read '\(path)'") }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  package var name: String { path.text }
  private var isRegular: Bool { status.st_mode & S_IFMT == S_IFREG }
  package var file: CInt? { isRegular ? descriptor : nil }
  package var size: UInt64? { isRegular ? UInt64(clamping: status.st_size) : nil }
  package var modified: FileStatus.Time? {
    isRegular ? FileStatus.Time(seconds: status.st_mtim.tv_sec, nanosecond: status.st_mtim.tv_nsec) : nil
  }

  package var identity: String? {
    guard isRegular else { return nil }
    var host = [CChar](repeating: 0, count: 256)
    guard gethostname(&host, 255) == 0 else { return nil }
    let name = host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }.text
    return [
      name, "\(status.st_dev)", "\(status.st_ino)", "\(status.st_size)", "\(status.st_mtim.tv_sec)",
      "\(status.st_mtim.tv_nsec)",
    ].joined(separator: "\t")
  }

  package var hasChanged: Bool {
    var now = stat()
    guard isRegular, fstat(descriptor, &now) == 0 else { return false }
    return now.st_size != status.st_size || now.st_mtim.tv_sec != status.st_mtim.tv_sec
      || now.st_mtim.tv_nsec != status.st_mtim.tv_nsec
  }

  package func refresh() throws {
    guard fstat(descriptor, &status) == 0 else { throw FTPError(errno: errno, "read '\(name)'") }
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    guard isRegular || offset == position else {
      throw FTPError(.state, "'\(name)' is no regular file: what has been sent of it cannot be sent again")
    }
    while true {
      try waitForInput()
      let count =
        isRegular
        ? pread(descriptor, buffer.baseAddress, buffer.count, off_t(clamping: offset))
        : Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 {
        position = offset &+ UInt64(count)
        return count
      }
      switch errno {
      case EINTR: break
      // Another reader has been faster.
      case EAGAIN where checkInterrupt != nil && !isRegular: break
      case let reason: throw FTPError(errno: reason, "read '\(name)'")
      }
    }
  }

  /// Waits while a pipe or a device has nothing.
  private func waitForInput() throws {
    guard let checkInterrupt, !isRegular else { return }
    try PipeWaiting.wait(on: descriptor, for: POLLIN, checkInterrupt)
  }
}
