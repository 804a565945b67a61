internal import Glibc

/// A TCP connection by its file descriptor.
///
/// Every wait is a `poll` with a deadline, and the descriptor may be blocking or not; but for `waitInCalls`.
public final class Socket: ByteStream {
  /// The descriptor, or -1 when closed.
  public var descriptor: CInt { number }
  // `@exclusivity(unchecked)` has no effect in another module: hence the property above.
  @exclusivity(unchecked) private var number: CInt
  private let ownsDescriptor: Bool
  @exclusivity(unchecked) private var interrupt: Interrupt?
  /// When to ask the interrupt hook while there is nothing to wait for.
  @exclusivity(unchecked) private var nextQuestion = Socket.aPeriodFromNow
  private static var aPeriodFromNow: Deadline { .after(nanoseconds: Int64(Interrupt.period) &* 1_000_000) }
  /// Whether a read would find nothing, as far as anybody knows: the last one has taken all there was. Then to wait first saves the call
  /// that would say so.
  @exclusivity(unchecked) private var isDrained = true
  /// Whether a `recv` that finds nothing returns after a slice of time, and need not be asked before.
  @exclusivity(unchecked) var waitsInCalls = false
  /// Until when nothing is to be read, as far as that matters: see `isSilent`.
  @exclusivity(unchecked) private(set) var silence = Deadline.past
  /// See `ByteStream.interruptedWrite`.
  public private(set) var interruptedWrite: Int?
  /// The other end for messages, as in "127.0.0.1 port 21".
  public var peer: String { name.description }
  package let name: PeerName

  /// Works on a descriptor; closes it only when it is `owned`.
  public convenience init(descriptor: CInt, owned: Bool, peer: String, interrupt: Interrupt? = nil) {
    self.init(descriptor: descriptor, owned: owned, name: PeerName(peer), interrupt: interrupt)
  }

  /// The same for another end whose name is put together when it is needed.
  package init(descriptor: CInt, owned: Bool, name: PeerName, interrupt: Interrupt?) {
    number = descriptor
    self.ownsDescriptor = owned
    self.name = name
    self.interrupt = interrupt
  }

  /// Has calls on a blocking descriptor wait by themselves, for a slice of time after which they return. Nobody else may read it meanwhile.
  package func waitInCalls() {
    Self.limit(descriptor, SO_RCVTIMEO, milliseconds: Interrupt.period)
    waitsInCalls = true
  }

  /// Takes that back, and what `connect(_:to:)` has left: the descriptor is as it was.
  package func waitBeforeCalls() {
    waitsInCalls = false
    Self.limit(descriptor, SO_RCVTIMEO, milliseconds: 0)
    Self.waitForWriting(descriptor)
  }

  deinit { close() }

  /// Reads what is there. See `ByteStream.read`.
  public func read(
    into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline
  ) throws(FTPError) -> Int {
    let hasSlices = waitsInCalls
    if hasSlices, let count = try readWaiting(into: buffer, until: deadline) { return count }
    if isDrained || hasSlices {
      guard try wait(for: POLLIN, until: deadline) else {
        throw FTPError(.timedOut, "cannot read from \(peer): timed out")
      }
    }
    while true {
      try askInterrupt()
      let count = recv(descriptor, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT))
      if count >= 0 {
        note(count, of: buffer.count)
        return count
      }
      try afterFailure(errno, "read from \(peer)", awaiting: POLLIN, until: deadline)
    }
  }

  /// Reads what comes within the slice of time that one call takes; nil when that is nothing, or when there is less time.
  func readWaiting(
    into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline
  ) throws(FTPError) -> Int? {
    try askInterrupt()
    guard deadline.leaves(milliseconds: Interrupt.period) else { return nil }
    let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
    if count >= 0 {
      note(count, of: buffer.count)
      return count
    }
    let code = errno
    guard code == EAGAIN || code == EWOULDBLOCK || code == EINTR else {
      throw FTPError(errno: code, "read from \(peer)")
    }
    try interrupt?.check()
    return nil
  }

  /// Notes what a reading tells of what is left. At the stream's end there is always something to be read: that.
  private func note(_ count: Int, of room: Int) {
    isDrained = count < room
    silence = isDrained && count > 0 ? .after(nanoseconds: Self.freshness) : .past
  }

  /// Writes all bytes. See `ByteStream.write`.
  public func write(_ bytes: UnsafeRawBufferPointer, idleTimeout: Duration?) throws(FTPError) {
    let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
    var rest = bytes[...]
    // Of the silence that has begun: mostly there is none.
    var deadline: Deadline?
    do throws(FTPError) {
      while !rest.isEmpty {
        try askInterrupt()
        let count = Glibc.send(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, flags)
        if count >= 0 {
          rest = rest.dropFirst(count)
          deadline = nil
        } else {
          let code = errno
          let limit = deadline ?? .after(idleTimeout)
          deadline = limit
          try afterFailure(code, "write to \(peer)", awaiting: POLLOUT, until: limit)
        }
      }
    } catch {
      interruptedWrite = bytes.count - rest.count
      throw error
    }
  }

  /// Whether bytes or the end of the stream wait. See `ByteStream.isReadable`.
  public func isReadable(within timeout: Duration) throws(FTPError) -> Bool {
    try isReadable(until: .after(timeout))
  }

  /// Waits until bytes or the end of the stream have come; false when the deadline passed first.
  public func isReadable(until deadline: Deadline) throws(FTPError) -> Bool { try wait(for: POLLIN, until: deadline) }

  /// Waits until a `write` would not block at once; false when the deadline passed first.
  public func isWritable(until deadline: Deadline) throws(FTPError) -> Bool { try wait(for: POLLOUT, until: deadline) }

  /// Ends both directions. See `ByteStream.shutdown`.
  public func shutdown() { Glibc.shutdown(descriptor, CInt(SHUT_RDWR)) }

  /// Ends writing alone: the peer reads the end, this side can still read.
  public func endWriting() { Glibc.shutdown(descriptor, CInt(SHUT_WR)) }

  /// Makes the close that follows a reset: the peer sees that what came was broken off, and not that it is all.
  public func resetOnClose() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  /// Closes an owned descriptor, lets go of a borrowed one.
  public func close() {
    if ownsDescriptor, descriptor >= 0 { Glibc.close(descriptor) }
    number = -1
  }

  /// Runs `body`, which an interruption does not end before `grace` is over; returns the first that came meanwhile as well.
  func deferringInterrupts<Result>(
    for grace: Duration, _ body: () throws(FTPError) -> Result
  ) throws(FTPError) -> (Result, interruption: FTPError?) {
    guard let interrupt else { return (try body(), nil) }
    // The hook is asked on this thread alone, within `body`.
    nonisolated(unsafe) var first: FTPError?
    nonisolated(unsafe) var end = Deadline.never
    self.interrupt = Interrupt {
      if let first {
        if end.hasPassed { throw first }
        return
      }
      do throws(FTPError) { try interrupt.check() } catch {
        first = error
        end = .after(grace)
      }
    }
    defer { self.interrupt = interrupt }
    return (try body(), first)
  }

  /// Waits when the call would have blocked, asks the interrupt hook after a signal, throws for anything else.
  private func afterFailure(
    _ code: CInt, _ action: String, awaiting events: CInt, until deadline: Deadline
  ) throws(FTPError) {
    switch code {
    case EAGAIN, EWOULDBLOCK:
      guard try wait(for: events, until: deadline) else {
        throw FTPError(.timedOut, "cannot \(action): timed out")
      }
    case EINTR: try interrupt?.check()
    default: throw FTPError(errno: code, action)
    }
  }

  /// Asks the interrupt hook when it is time: data that flows without a pause must not make it wait.
  func askInterrupt() throws(FTPError) {
    // The hook is not taken before it is time: that counts a reference.
    guard interrupt != nil, nextQuestion.hasAboutPassed, let interrupt else { return }
    nextQuestion = Self.aPeriodFromNow
    try interrupt.check()
  }

  /// Waits for `events`; false when the deadline passed first.
  func wait(for events: CInt, until deadline: Deadline) throws(FTPError) -> Bool {
    guard descriptor >= 0 else { throw FTPError(errno: EBADF, "use the connection to \(peer)") }
    while true {
      var request = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
      let time = deadline.milliseconds(atMost: interrupt == nil ? -1 : Interrupt.period)
      let ready = poll(&request, 1, time)
      let code = errno
      if ready > 0 {
        if CInt(request.revents) & POLLNVAL != 0 { throw FTPError(errno: EBADF, "use the connection to \(peer)") }
        if events == POLLIN { (isDrained, silence) = (false, .past) }
        return true
      }
      // That was a glance and no wait.
      if ready == 0, time == 0 { return false }
      if ready < 0, code != EINTR { throw FTPError(errno: code, "wait for \(peer)") }
      try interrupt?.check()
      if ready == 0, deadline.hasPassed { return false }
    }
  }
}
