import FTPClient
import PythonBridge

/// What an exception of the object's methods is to a transfer.
extension ObjectClient {
  /// Runs code of the object's; an exception is taken out of the interpreter, and the server's refusals become the client's errors.
  func catching<Result>(_ body: () throws -> Result) throws -> Result {
    try Attachment.attach { do { return try body() } catch { throw taken(error) } }
  }

  /// The same for code that runs detached.
  func freely(_ body: () throws -> Void) throws {
    do { try Attachment.isDetached ? body() : Attachment.detach(body) } catch {
      throw Attachment.attach { taken(error) }
    }
  }

  func taken(_ error: any Error) -> any Error {
    switch error {
    case let error as FTPError:
      guard case .interrupted(let cause) = error.kind else { return error }
      if let cause = cause as? TLSFailure { return taken(cause.restore()) }
      return cause is PythonError ? taken(cause) : error
    case is PythonError:
      guard let exception = PythonError.take() else { return error }
      let errors = ftp.state.errors
      guard [errors.temporary, errors.permanent].contains(where: exception.isExactly) else {
        return PythonFailure(exception)
      }
      do { return FTPError(unexpected: try ftp.parsed(exception.string())) } catch {
        // To put it into words may run a signal's handler.
        return PythonFailure(PythonError.takeStop() ?? exception)
      }
    case let local as LocalFailure: return LocalFailure(taken(local.error))
    default: return error
    }
  }

  func fault(of error: any Error) -> TransferFault {
    Attachment.attach {
      let fault = judge(error)
      return fault == .lost && !canConnect ? .permanent : fault
    }
  }

  /// Whether it is known how to log in again.
  private var canConnect: Bool { isSo { try ftp.memory() != nil } }

  /// The answer to a question; what it raises is a no.
  private func isSo(_ question: () throws -> Bool) -> Bool {
    do { return try question() } catch {
      PythonError.clear()
      return false
    }
  }

  private func judge(_ error: any Error) -> TransferFault {
    switch error {
    case is LoginRefusal: return .lost
    case let error as FTPError:
      // A connection that broke down, and not a call that was out of place.
      if case .state = error.kind { return isBroken ? .lost : .permanent }
      return TransferFault(error)
    case let failure as PythonFailure:
      let errors = ftp.state.errors
      let kind = failure.exception.type
      if kind.isSubclass(of: errors.permanent) { return .permanent }
      if kind.isSubclass(of: errors.temporary) { return .refused }
      if isUntrusted(kind) || isShortage(failure.exception) { return .permanent }
      if [errors.reply, errors.protocolError, .osError, .eofError].contains(where: kind.isSubclass) { return .lost }
      return kind === errors.error && isBroken ? .lost : .permanent
    default: return .permanent
    }
  }

  private var isBroken: Bool { isSo { try ftp.connection().map { !$0.control.isUsable } ?? false } }

  /// Whether it is this process that has no descriptor or memory left.
  private func isShortage(_ exception: PythonObject) -> Bool {
    isSo { try FTPError.isShortage(CInt(clamping: exception.attribute("errno").integer())) }
  }

  /// Whether it is the server's certificate that was refused.
  private func isUntrusted(_ kind: PythonObject) -> Bool {
    isSo { try kind.attribute("__name__").text() == "SSLCertVerificationError" }
  }
}
