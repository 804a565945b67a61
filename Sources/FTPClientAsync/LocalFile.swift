internal import FTPClient
internal import Glibc

/// A file of this computer, read or written from its beginning to its end. Where a pipe or a device keeps it waiting it asks whether to stop.
final class LocalFile {
  private var descriptor: CInt = -1
  private let path: String
  private let interrupt: Interrupt?

  /// Opens a file for reading. Throws `.system`, also for what can be opened and not be read, such as a directory: the server's file is to
  /// live on then.
  init(reading path: String, interrupt: Interrupt?) throws(FTPError) {
    self.path = path
    self.interrupt = interrupt
    try path.utf8.requireNoNUL("a file's name")
    // A pipe that nobody writes to would hold `open` for ever.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    var byte: UInt8 = 0
    // A pipe cannot be looked into.
    guard descriptor >= 0, pread(descriptor, &byte, 1, 0) >= 0 || errno == ESPIPE || errno == EINTR else {
      throw FTPError(errno: errno, "read '\(path)'")
    }
  }

  /// Opens or makes a file and cuts it off at `offset`, to be written from there on. Throws `.system`.
  init(writing path: String, from offset: UInt64, interrupt: Interrupt?) throws(FTPError) {
    self.path = path
    self.interrupt = interrupt
    try path.utf8.requireNoNUL("a file's name")
    var status = stat()
    let isPipe = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    descriptor = try PipeWaiting.open(
      isPipe: isPipe, { open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o666) }, checkInterrupt)
    guard descriptor >= 0 else { throw FTPError(errno: errno, "write '\(path)'") }
    // What is no regular file, as /dev/null, cannot be cut off, and need not be.
    guard ftruncate(descriptor, off_t(clamping: offset)) == 0 || errno == EINVAL else {
      throw FTPError(errno: errno, "write '\(path)'")
    }
    lseek(descriptor, off_t(clamping: offset), SEEK_SET)
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  /// The size of a regular file; nil for another, whose size says nothing.
  var size: UInt64? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return UInt64(clamping: status.st_size)
  }

  /// The size of a file by its path, 0 when there is none. Throws `.system`.
  static func size(of path: String) throws(FTPError) -> UInt64 {
    try path.utf8.requireNoNUL("a file's name")
    var status = stat()
    if stat(path, &status) == 0 { return UInt64(clamping: status.st_size) }
    guard errno == ENOENT else { throw FTPError(errno: errno, "look at '\(path)'") }
    return 0
  }

  /// Reads from `offset` on. Throws `.system` for what is no regular file.
  func skip(to offset: UInt64) throws(FTPError) {
    guard offset > 0 else { return }
    guard lseek(descriptor, off_t(clamping: offset), SEEK_SET) >= 0 else {
      throw FTPError(errno: errno, "read '\(path)'")
    }
  }

  /// Fills the buffer as far as there is something; 0 is the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FTPError) -> Int {
    let isRegular = size != nil
    while true {
      if !isRegular { try PipeWaiting.wait(on: descriptor, for: POLLIN, checkInterrupt) }
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      guard errno == EINTR || errno == EAGAIN else { throw FTPError(errno: errno, "read '\(path)'") }
    }
  }

  private func checkInterrupt() throws(FTPError) { try interrupt?.check() }

  /// The next `count` bytes, or as many as there are. Throws `.system`.
  func bytes(_ count: Int) throws(FTPError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    var filled = 0
    while filled < count {
      let some = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.dropFirst(filled)))
      guard some > 0 else { break }
      filled += some
    }
    return Array(buffer.prefix(filled))
  }

  /// Writes all bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws(FTPError) {
    let reason = try PipeWaiting.write(bytes, into: descriptor, checkInterrupt)
    guard reason == 0 else { throw FTPError(errno: reason, "write '\(path)'") }
  }

  /// Cuts the file off: as it was before what has been written behind `offset`. What cannot be cut off stays.
  func cut(at offset: UInt64) { _ = ftruncate(descriptor, off_t(clamping: offset)) }

  /// Closes, when some file systems say that there is no room. Throws `.system`.
  func close() throws(FTPError) {
    let status = Glibc.close(descriptor)
    descriptor = -1
    guard status == 0 || errno == EINTR else { throw FTPError(errno: errno, "write '\(path)'") }
  }
}
