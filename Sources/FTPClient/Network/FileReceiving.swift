internal import Glibc

/// A stream whose bytes go into a regular file without a copy of them in this process.
package protocol FileReceiving: ByteStream {
  /// Whether they do: TLS, for one, is read in this process.
  var receivesFiles: Bool { get }

  /// Moves what is there into a regular file, at most `most` bytes, by way of `pipe`: at `offset`, and neither uses nor moves the descriptor's
  /// position, or where that stands.
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

  /// Puts the `count` bytes that it holds into a file.
  fileprivate func put(into file: CInt, at offset: UInt64?, _ count: Int) throws(FileFailure) {
    var left = count
    while left > 0 {
      let place = offset.map { $0 &+ UInt64(count - left) }
      let moved: Int
      if var position = place.map({ Int64(clamping: $0) }) {
        moved = splice(reading, nil, file, &position, left, Linux.move)
      } else {
        moved = splice(reading, nil, file, nil, left, Linux.move)
      }
      if moved > 0 {
        left -= moved
      } else if moved < 0, errno == EINVAL || errno == ENOSYS {
        // Not every file system takes pages.
        return try copy(into: file, at: place, left)
      } else if moved == 0 || errno != EINTR {
        throw FileFailure(errno: moved == 0 ? EIO : errno)
      }
    }
  }

  private func copy(into file: CInt, at offset: UInt64?, _ count: Int) throws(FileFailure) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { buffer.deallocate() }
    var left = count
    while left > 0 {
      let got = read(reading, buffer.baseAddress, left)
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw FileFailure(errno: got == 0 ? EIO : errno) }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer.prefix(got))
      try bytes.write(into: file, at: offset.map { $0 &+ UInt64(count - left) })
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
    while true {
      try askInterrupt()
      // `splice` knows no MSG_DONTWAIT: it waits for a socket that is to block, but for none that has something.
      guard try isReadable(until: deadline) else { throw FTPError(.timedOut, "cannot read from \(peer): timed out") }
      let count = pipe.take(from: descriptor, most)
      if count >= 0 {
        try pipe.put(into: file, at: offset, count)
        return count
      }
      switch errno {
      case EAGAIN, EWOULDBLOCK, EINTR: continue
      // What is wrong with the socket the way through memory says.
      default: return nil
      }
    }
  }
}
