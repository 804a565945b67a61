import FTPClient
import PythonBridge

/// How a transfer ends on the control connection.
extension FTPObject {
  /// The final reply to a transfer, by `voidresp`, and the size that a 1yz behind the data has named.
  ///
  /// A 1yz may come twice, or behind the data. Where no reply comes, the exception says how much of the data did.
  func finalReply(_ transfer: DataTransfer) throws -> (reply: PythonObject, late: UInt64?) {
    let deadline = Deadline.after(try connection()?.control.replyTimeout)
    var late: UInt64?
    for _ in 0..<Limits.preliminaryReplies where !deadline.hasPassed {
      do { return (try awaitCompletion(), late) } catch {
        guard PythonError.matches(state.errors.reply, .osError, .eofError), let failure = PythonError.take() else {
          throw error
        }
        let text = try failure.string()
        guard failure.type === state.errors.reply, try code(text).first == "1" else {
          throw try unconfirmed(failure, transfer)
        }
        late = try TransferSize.announced(in: parsed(text)) ?? late
      }
    }
    try connection()?.control.abandonReplies()
    throw FTPError(.malformed, "\(try name()) keeps saying that it has begun")
  }

  /// Sets the exception again; one of Python's own with what had been transferred until then.
  private func unconfirmed(_ failure: PythonObject, _ transfer: DataTransfer) throws -> PythonError {
    guard try failure.type.attribute("__module__").text() == "builtins" else { return .restore(failure) }
    let words = try failure.string().text() + transfer.unconfirmed
    let number = try failure.optionalAttribute("errno")
    guard let number, !number.isNone else { return .raise(failure.type, words) }
    let cause = try failure.attribute("strerror").text()
    return .raise(failure.type, try .tuple(number, .string(cause + transfer.unconfirmed)))
  }
}
