internal import Glibc

/// A question that every wait asks again and again: "shall I stop?"
///
/// The Python module asks for pending signals, so that Ctrl-C ends a blocked call; a Swift host asks its own
/// cancellation. What the hook throws ends the call as `FTPError.Kind.interrupted`.
public struct Interrupt: Sendable {
  private let hook: @Sendable () throws -> Void

  /// Calls `hook` when a signal interrupts a wait, and at least every 50 milliseconds while a call waits or moves data.
  ///
  /// The hook runs on the waiting thread, with no lock held; on several at the same time where sessions on several threads have it.
  public init(_ hook: @escaping @Sendable () throws -> Void) { self.hook = hook }

  /// How long a wait may go without asking, in milliseconds. A signal that another thread took, or that came
  /// just before the wait began, does not end `poll`: Ctrl-C must all the same answer within a tenth of a second.
  static let period: CInt = 50

  /// Asks: throws `.interrupted` with what the hook throws.
  public func check() throws(FTPError) {
    if Self.isDeferred { return }
    try callingOut(hook)
  }

  /// The calling thread's deadline until which no hook is asked.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  private static var isDeferred: Bool {
    guard let deadline = pthread_getspecific(key) else { return false }
    return !deadline.assumingMemoryBound(to: Deadline.self).pointee.hasPassed
  }

  /// Runs the clean-up behind an interruption: for `time` no hook is asked on this thread.
  static func deferring(for time: Duration, _ body: () -> Void) {
    let outer = pthread_getspecific(key)
    withUnsafePointer(to: Deadline.after(time)) { deadline in
      pthread_setspecific(key, deadline)
      body()
    }
    pthread_setspecific(key, outer)
  }
}
