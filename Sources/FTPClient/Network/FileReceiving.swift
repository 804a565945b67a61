internal import Glibc

/// A stream whose bytes go into a regular file without a copy of them in this process.
package protocol FileReceiving: ByteStream {
  /// Whether they do: TLS, for one, is read in this process.
  var receivesFiles: Bool { get }

  /// Moves what is there into a regular file, at most `most` bytes, by way of `pipe`: at `offset`, and neither uses nor moves the descriptor's
  /// position, or where that stands. Others may write there meanwhile, by descriptors that share the position.
  ///
  /// Returns the number of bytes; 0 at the end of the stream; nil when the system will not do it like that, before anything was taken. Blocks until
  /// `deadline`; throws `.timedOut`, `.interrupted`, and `FileFailure` for what is wrong with the file.
  func receive(
    file: CInt, at offset: UInt64?, most: Int, through pipe: SplicePipe, until deadline: Deadline
  ) throws -> Int?
}

/// What is wrong with the file that a stream is received into.
package struct FileFailure: Error {
  package let errno: CInt
}

/// What Linux has and the C library shows to those alone who define `_GNU_SOURCE`, which Swift's module of it does not.
private enum Linux {
  typealias Pipe = @convention(c) (UnsafeMutablePointer<CInt>?, CInt) -> CInt
  typealias Splice =
    @convention(c) (CInt, UnsafeMutablePointer<Int64>?, CInt, UnsafeMutablePointer<Int64>?, Int, CUnsignedInt) -> Int

  static let pipe = dlsym(nil, "pipe2").map { unsafeBitCast($0, to: Pipe.self) }
  static let splice = dlsym(nil, "splice").map { unsafeBitCast($0, to: Splice.self) }

  /// `F_SETPIPE_SZ`, `SPLICE_F_MOVE` and `SPLICE_F_NONBLOCK` of `fcntl.h`.
  static let setPipeSize: CInt = 1031
  static let move: CUnsignedInt = 1
  static let nonblocking: CUnsignedInt = 2
}

/// A pipe that bytes go through on their way from a socket to a file: the system moves its pages, not their content.
package final class SplicePipe {
  private let reading: CInt
  private let writing: CInt
  private let splice: Linux.Splice

  /// What it holds where the system allows that; fewer calls for each MiB.
  fileprivate static let capacity = 1024 * 1024

  /// Nil when the system has none.
  package init?() {
    guard let splice = Linux.splice, let pipe = Linux.pipe else { return nil }
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends, O_CLOEXEC) == 0 else { return nil }
    (reading, writing) = (ends[0], ends[1])
    self.splice = splice
    // An ordinary user has it as well, as long as not too many pipes are that large.
    _ = fcntl(writing, Linux.setPipeSize, CInt(Self.capacity))
  }

  deinit {
    close(reading)
    close(writing)
  }

  /// Takes what a socket has, without a wait for room. Returns what `splice` does.
  fileprivate func take(from socket: CInt, _ most: Int) -> Int {
    splice(socket, nil, writing, nil, min(most, Self.capacity), Linux.move | Linux.nonblocking)
  }

  /// Puts the `count` bytes that it holds into a file, where that stands.
  ///
  /// `splice` would use the position without the lock that `write` takes: what another process or thread writes meanwhile by the same open file would be
  /// lost, or overwrite this. So the room is taken first, by an `lseek`, which has the lock.
  fileprivate func put(intoNextOf file: CInt, _ count: Int) throws(FileFailure) {
    let end = lseek(file, off_t(count), SEEK_CUR)
    guard end >= count else { throw FileFailure(errno: errno) }
    var left = count
    do throws(FileFailure) { try put(into: file, at: UInt64(end) - UInt64(count), &left) } catch {
      lseek(file, -off_t(left), SEEK_CUR)
      throw error
    }
  }

  /// Puts the `left` bytes that it holds into a file, and counts them off.
  fileprivate func put(into file: CInt, at offset: UInt64, _ left: inout Int) throws(FileFailure) {
    let count = left
    while left > 0 {
      let place = offset &+ UInt64(count - left)
      var position = Int64(clamping: place)
      let moved = splice(reading, nil, file, &position, left, Linux.move)
      if moved > 0 {
        left -= moved
      } else if moved < 0, errno == EINVAL || errno == ENOSYS {
        // Not every file system takes pages.
        return try copy(into: file, at: place, &left)
      } else if moved == 0 || errno != EINTR {
        throw FileFailure(errno: moved == 0 ? EIO : errno)
      }
    }
  }

  private func copy(into file: CInt, at offset: UInt64, _ left: inout Int) throws(FileFailure) {
    let count = left
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { buffer.deallocate() }
    while left > 0 {
      let got = read(reading, buffer.baseAddress, left)
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw FileFailure(errno: got == 0 ? EIO : errno) }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer.prefix(got))
      try bytes.write(into: file, at: offset &+ UInt64(count - left))
      left -= got
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Writes all of it into a file at `offset`, or where that stands.
  package func write(into file: CInt, at offset: UInt64?) throws(FileFailure) {
    var written = 0
    while written < count {
      let rest = UnsafeRawBufferPointer(rebasing: dropFirst(written))
      let put =
        if let offset { pwrite(file, rest.baseAddress, rest.count, off_t(clamping: offset &+ UInt64(written))) } else {
          Glibc.write(file, rest.baseAddress, rest.count)
        }
      if put > 0 {
        written += put
      } else if put == 0 || errno != EINTR {
        throw FileFailure(errno: put == 0 ? EIO : errno)
      }
    }
  }
}

extension Socket: FileReceiving {
  /// Always.
  package var receivesFiles: Bool { true }

  /// By `splice`. See `FileReceiving.receive`.
  package func receive(
    file: CInt, at offset: UInt64?, most: Int, through pipe: SplicePipe, until deadline: Deadline
  ) throws -> Int? {
    var isStuck = false
    while true {
      try askInterrupt()
      // `splice` knows no MSG_DONTWAIT: it waits for a socket that is to block, but for none that has something.
      guard try isReadable(until: deadline) else { throw FTPError(.timedOut, "cannot read from \(peer): timed out") }
      let count = pipe.take(from: descriptor, most)
      // Urgent data that a server has sent is none of the file's; `splice` stops there, for good, as if it were the end or nothing had come.
      // A `recv` steps over it.
      if count == 0, !isAtEnd { return nil }
      if count >= 0 {
        if let offset {
          var left = count
          try pipe.put(into: file, at: offset, &left)
        } else {
          try pipe.put(intoNextOf: file, count)
        }
        return count
      }
      let code = errno
      switch code {
      case EAGAIN, EWOULDBLOCK:
        if isStuck { return nil }
        isStuck = true
      case EINTR: continue
      // This socket does not splice.
      case EINVAL, ENOSYS: return nil
      // The call has taken the socket's error, and a `recv` behind it would find nothing but an end: it is told here or never.
      default: throw FTPError(errno: code, "read from \(peer)")
      }
    }
  }

  /// Whether a `recv` would say that nothing comes any more; takes nothing.
  private var isAtEnd: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)) == 0
  }
}
