internal import Glibc

/// A moment on the monotonic clock until which a call may wait, or never.
public struct Deadline: Sendable {
  /// Nanoseconds on the monotonic clock; nil is never.
  private let nanoseconds: Int64?

  /// No limit.
  public static let never = Deadline(nanoseconds: nil)

  private init(nanoseconds: Int64?) { self.nanoseconds = nanoseconds }

  /// The moment `timeout` from now; `nil` is never, a negative one is now.
  public static func after(_ timeout: Duration?) -> Deadline {
    timeout == .zero ? .past : after(nanoseconds: timeout.map(\.wholeNanoseconds))
  }

  /// A moment long ago: what is there already, and nothing else.
  static let past = Deadline(nanoseconds: 0)

  /// The moment so many seconds from now; `nil` is never, and so are some 300 years and what is no number.
  package static func after(seconds: Double?) -> Deadline {
    guard let seconds, seconds < 9e9 else { return .never }
    return after(nanoseconds: Int64(max(0, seconds) * 1e9))
  }

  /// The moment so many nanoseconds from now; `nil` is never, a negative number is now.
  static func after(nanoseconds: Int64?) -> Deadline {
    guard let nanoseconds else { return .never }
    let (sum, overflow) = now().addingReportingOverflow(max(0, nanoseconds))
    return overflow ? .never : Deadline(nanoseconds: sum)
  }

  /// The earlier of two.
  public static func earlier(_ left: Deadline, _ right: Deadline) -> Deadline {
    guard let first = left.nanoseconds else { return right }
    guard let second = right.nanoseconds else { return left }
    return first <= second ? left : right
  }

  /// Whether the moment has passed.
  public var hasPassed: Bool { nanoseconds.map { $0 <= Self.now() } ?? false }

  /// The time that is left: nil without a limit, zero when it has passed.
  public var remaining: Duration? { nanoseconds.map { .nanoseconds(max(0, $0 &- Self.now())) } }

  /// Milliseconds for `poll`, rounded up so that a wait never ends early and spins, at most `slice`.
  func milliseconds(atMost slice: CInt) -> CInt {
    guard let nanoseconds else { return slice }
    if nanoseconds == 0 { return 0 }
    let rest = max(0, nanoseconds &- Self.now())
    let rounded = rest / 1_000_000 &+ (rest % 1_000_000 == 0 ? 0 : 1)
    return slice < 0 ? CInt(clamping: rounded) : min(slice, CInt(clamping: rounded))
  }

  /// Whether the moment had passed at the last tick of the system's clock (CLOCK_MONOTONIC_COARSE): for what is asked all the time.
  var hasAboutPassed: Bool { nanoseconds.map { $0 <= Self.now(CLOCK_MONOTONIC_COARSE) } ?? false }

  /// Whether more than so many milliseconds were left at the last tick.
  func leaves(milliseconds: CInt) -> Bool {
    guard let nanoseconds else { return true }
    return nanoseconds &- Self.now(CLOCK_MONOTONIC_COARSE) > Int64(milliseconds) &* 1_000_000
  }

  private static func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

extension Duration {
  /// Whole nanoseconds, clamped to what 64 bits hold: 292 years.
  package var wholeNanoseconds: Int64 { Int64(clamping: attoseconds / 1_000_000_000) }
}

extension Deadline {
  /// Waits for the moment, or until one of these descriptors can be read; says which. Negative ones are passed over.
  func wait(forInput descriptors: [CInt]) throws(FTPError) -> [Bool] {
    var requests = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let ready = poll(&requests, nfds_t(requests.count), milliseconds(atMost: -1))
    guard ready >= 0 || errno == EINTR else { throw FTPError(errno: errno, "wait for the data connections") }
    return requests.map { $0.revents != 0 }
  }

  /// Waits for the moment. Throws `.interrupted`.
  package func wait(_ interrupt: Interrupt?) throws(FTPError) {
    try interrupt?.check()
    while !hasPassed {
      poll(nil, 0, milliseconds(atMost: interrupt == nil ? -1 : Interrupt.period))
      try interrupt?.check()
    }
  }
}
