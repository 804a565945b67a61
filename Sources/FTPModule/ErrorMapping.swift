import FTPClient
import PythonBridge

/// The one place where the client's errors become Python's exceptions.
extension ModuleState {
  /// Sets the Python exception for whatever a method threw.
  func raise(_ error: any Error) {
    switch error {
    case is PythonError: break
    case let error as FTPError: _ = exception(for: error)
    default: _ = PythonError.raise(.runtimeError, "\(error)")
    }
  }

  /// Sets the exception for a client's error.
  func exception(for error: FTPError) -> PythonError {
    switch error.kind {
    case .reply(let reply): return .raise(replyClass(reply.category), error.message)
    case .malformed: return .raise(errors.protocolError, error.message)
    case .closed, .truncated: return .raise(.eofError, error.message)
    case .timedOut: return .raise(.timeoutError, error.message)
    case .system(let code), .proxy(.some(let code)): return osError(.osError, code, error.message)
    case .proxy(nil):
      do throws(PythonError) {
        return .raise(try importModule("builtins").attribute("ConnectionError"), error.message)
      } catch { return error }
    case .unresolved(let code):
      do throws(PythonError) {
        return osError(try socket().attribute("gaierror"), code, error.message)
      } catch { return error }
    case .untrusted, .security: return .raise(.osError, error.message)
    case .invalidArgument: return .raise(.valueError, error.message)
    case .state, .tooLong, .mismatch: return .raise(errors.error, error.message)
    case .interrupted(let cause):
      if let cause = cause as? PythonError { return cause }
      if let cause = cause as? TLSFailure { return cause.restore() }
      if let cause = cause as? PythonFailure { return .restore(cause.exception) }
      return .raise(.runtimeError, error.message)
    }
  }

  /// The class for a reply that was refused or not expected: by its first digit, as CPython has it.
  func replyClass(_ category: Reply.Category?) -> PythonObject {
    switch category {
    case .transient: errors.temporary
    case .permanent: errors.permanent
    case .preliminary, .completion, .intermediate: errors.reply
    case nil: errors.protocolError
    }
  }

  /// An `OSError`: Python chooses the subclass by the number, as `ConnectionResetError`.
  private func osError(_ type: PythonObject, _ code: CInt, _ message: String) -> PythonError {
    do throws(PythonError) {
      return .raise(type, try .tuple(.integer(Int(code)), .string(message)))
    } catch { return error }
  }

  /// Rewords the exception that is set after a socket failed to connect: same class, same number, and a sentence that
  /// names host and port.
  ///
  /// Only the interpreter's own classes are reworded; a proxy library's, or an event loop's, pass as they are.
  func rewordConnectError(_ action: String) -> PythonError {
    guard let exception = PythonError.take() else { return PythonError() }
    do {
      let type = exception.type
      let module = try type.attribute("__module__").text()
      guard module == "builtins" || module == "socket", type.isSubclass(of: .osError) else {
        return .restore(exception)
      }
      let number = try exception.attribute("errno")
      let cause = try exception.attribute("strerror")
      let text = cause.isNone ? try exception.text() : try cause.text()
      let message = try PythonObject.string("cannot \(action): \(text)")
      return .raise(type, number.isNone ? try .tuple(message) : try .tuple(number, message))
    } catch {
      PythonError.clear()
      return .restore(exception)
    }
  }
}
