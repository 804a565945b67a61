import FTPClient

extension FTPError {
  /// The error's kind in a word or two, for a table's column and for comparison: `Kind` itself cannot be compared.
  var word: String {
    switch kind {
    case .reply(let reply): "reply \(reply.code ?? 0)"
    case .malformed: "malformed"
    case .tooLong: "tooLong"
    case .closed: "closed"
    case .timedOut: "timedOut"
    case .system(let code): "system \(code)"
    case .unresolved: "unresolved"
    case .proxy(let code): code.map { "proxy \($0)" } ?? "proxy"
    case .untrusted: "untrusted"
    case .security: "security"
    case .invalidArgument: "invalidArgument"
    case .truncated(let received, let expected): "truncated \(received)/\(expected)"
    case .mismatch: "mismatch"
    case .state: "state"
    case .interrupted(let error): "interrupted \(error)"
    }
  }
}

/// The kind of error that the body throws, or "nothing".
func thrown<Result>(_ body: () throws -> Result) -> String {
  do {
    _ = try body()
    return "nothing"
  } catch let error as FTPError {
    return error.word
  } catch {
    return "foreign \(error)"
  }
}

/// What a test's own hook, sink or source throws.
struct Stop: Error, CustomStringConvertible {
  var description: String { "stop" }
}
