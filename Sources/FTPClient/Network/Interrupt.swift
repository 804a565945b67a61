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
    try callingOut(hook)
  }
}
