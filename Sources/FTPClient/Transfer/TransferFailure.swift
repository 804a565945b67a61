internal import Glibc

/// Why a transfer did not finish.
package struct TransferFailure: Error {
  /// What the last attempt ended with: `LocalFailure` for what went wrong on this side.
  package let cause: any Error
  /// What was tried, as in "downloading 'a' from host port 21 to 'b': 6 attempts, 512 of 1024 bytes".
  package let attempt: String

  init(cause: any Error, _ title: String, attempts: Int, done: UInt64, of total: UInt64?, hint: String = "") {
    self.cause = cause
    let count = attempts == 1 ? "1 attempt" : "\(attempts) attempts"
    attempt = "\(title): \(count), \(done)\(total.map { " of \($0)" } ?? "") bytes\(hint)"
  }

  /// What was thrown through a session comes out as it is.
  static func unwrapped(_ error: any Error) -> any Error {
    guard let failure = error as? FTPError, case .interrupted(let cause) = failure.kind else { return error }
    return cause is LocalFailure ? cause : error
  }

  static func fault(of error: any Error, _ client: any TransferClient) -> TransferFault {
    switch error {
    case is LocalFailure: return .permanent
    case let error as FTPError:
      if case .mismatch = error.kind { return .refused }
      if case .interrupted(let cause) = error.kind, cause is LocalFailure { return .permanent }
      return client.fault(of: error)
    default: return client.fault(of: error)
    }
  }
}

extension FTPError {
  /// Whether it is for this process, and not for the connection, that a call of the system failed: descriptors or memory are used up.
  package static func isShortage(_ code: CInt) -> Bool { [EMFILE, ENFILE, ENOMEM].contains(code) }

  /// Whatever a transfer or a tree ended with, as the one error that a caller sees.
  init(outward error: any Error) {
    switch error {
    case let failure as TransferFailure:
      let cause = FTPError(outward: failure.cause)
      if case .interrupted = cause.kind {
        self = cause
      } else {
        self.init(cause.kind, "\(cause.message) (\(failure.attempt))")
      }
    case let failure as LocalFailure: self.init(outward: failure.error)
    case let refusal as LoginRefusal: self.init(outward: refusal.error)
    case let error as FTPError: self = error
    default: self.init(interruptedBy: error)
    }
  }
}

/// What went wrong on this side: a file, a callback, a hook. It is never tried again.
package struct LocalFailure: Error {
  /// What was thrown.
  package let error: any Error
  package init(_ error: any Error) { self.error = error }

  /// Runs code of this side.
  static func marking<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let failure as LocalFailure { throw failure } catch { throw LocalFailure(error) }
  }
}
