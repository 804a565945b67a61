internal import Glibc

/// Pipes and devices keep who uses them waiting: for somebody at the other end, for what is to be read, for room. Opened with `O_NONBLOCK` they are waited
/// for here, and `check` is asked again and again whether to stop (`Interrupt.period`). All throw what it throws, and nothing else.
package enum PipeWaiting {
  /// Calls `open` until somebody reads from the pipe that it opens for writing, where it is one: a socket's name never opens. Returns its descriptor; below
  /// 0 `errno` says why not.
  package static func open<Stop: Error>(
    isPipe: Bool, _ open: () -> CInt, _ check: () throws(Stop) -> Void
  ) throws(Stop) -> CInt {
    while true {
      let descriptor = open()
      guard descriptor < 0, isPipe && errno == ENXIO || errno == EINTR else { return descriptor }
      try check()
      poll(nil, 0, Interrupt.period)
    }
  }

  /// Waits for an event of `poll`. A pipe that nobody has opened for writing yet has not come to its end.
  package static func wait<Stop: Error>(
    on descriptor: CInt, for event: CInt, _ check: () throws(Stop) -> Void
  ) throws(Stop) {
    var request = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    while poll(&request, 1, Interrupt.period) <= 0 { try check() }
  }

  /// Writes all bytes. Returns the `errno` of what keeps it from that, 0 when it is done.
  package static func write<Stop: Error>(
    _ bytes: UnsafeRawBufferPointer, into descriptor: CInt, _ check: () throws(Stop) -> Void
  ) throws(Stop) -> CInt {
    var rest = bytes
    while !rest.isEmpty {
      let count = withoutBrokenPipeSignal { Glibc.write(descriptor, rest.baseAddress, rest.count) }
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        continue
      }
      switch count == 0 ? EIO : errno {
      case EINTR: try check()
      case EAGAIN: try wait(on: descriptor, for: POLLOUT, check)
      case let reason: return reason
      }
    }
    return 0
  }
}
