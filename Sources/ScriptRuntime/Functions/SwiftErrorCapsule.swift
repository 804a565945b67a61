internal import CPython
internal import FTPClient
internal import FTPModule
internal import PythonBridge

/// A Swift error's way through Python: as an exception, which carries the error with it.
enum SwiftErrorCapsule {
  private final class Box {
    let error: any Error
    init(_ error: any Error) { self.error = error }
  }

  private static let capsule = Capsule<Box>("ScriptRuntime.error")
  private static let attribute = "__swift_error__"

  /// Sets the exception for what a registered function threw; attached.
  static func raise(_ error: any Error) {
    switch error {
    case is PythonError: return
    case let error as ScriptError:
      if let exception = error.exception {
        do {
          let object = try exception.intoScript().bridged()
          _ = PythonError.restore(object)
        } catch { _ = PythonError.raise(.runtimeError, error.message) }
      } else if error.isStop, let stop = RunControl.shared.exceptionClass {
        _ = PythonError.raise(stop, error.message)
      } else {
        set(error.type, error.message)
      }
      return
    case let error as ScriptException: set(error.type, error.message)
    case let error as FTPError:
      // The run is to stop, and a session has heard of it.
      if case .interrupted(let cause) = error.kind, let cause = cause as? ScriptError { return raise(cause) }
      _ = FTPModule.setException(for: error)
    default: _ = PythonError.raise(.runtimeError, "\(error)")
    }
    carry(error)
  }

  /// The Swift error in an exception; nil when there is none. Throws what the exception's class makes of the question.
  static func error(in exception: PythonObject) throws(PythonError) -> (any Error)? {
    try exception.optionalAttribute(attribute)?.withPointer { capsule.content(of: $0)?.error }
  }

  /// Sets an exception of a class by its dotted name; `RuntimeError` where there is no such class.
  private static func set(_ name: String, _ message: String) {
    let parts = name.split(separator: ".")
    do {
      let module = parts.count > 1 ? parts.dropLast().joined(separator: ".") : "builtins"
      let type = try importModule(module).attribute(String(parts.last ?? ""))
      guard type.isSubclass(of: try importModule("builtins").attribute("BaseException")) else {
        throw PythonError.type("no exception class")
      }
      _ = PythonError.raise(type, message)
    } catch {
      PythonError.clear()
      _ = PythonError.raise(.runtimeError, "\(name): \(message)")
    }
  }

  /// Puts the error into the exception that is set.
  private static func carry(_ error: any Error) {
    guard let exception = PythonError.take() else { return }
    do { try exception.setAttribute(.string(attribute), capsule.make(Box(error))) } catch { PythonError.clear() }
    _ = PythonError.restore(exception)
  }
}

/// What a registered function throws to choose the exception that the script gets.
///
///     throw ScriptException("ValueError", "the angle is 0 to 180")
public struct ScriptException: Error, CustomStringConvertible {
  /// The class: one of Python's own by its name, any other with its module, as `ftplib.error_perm`.
  public let type: String
  /// Its argument.
  public let message: String

  /// An exception of a class; `RuntimeError` where there is no such class.
  public init(_ type: String, _ message: String) {
    self.type = type
    self.message = message
  }

  /// `type: message`.
  public var description: String { "\(type): \(message)" }
}
