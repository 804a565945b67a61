import PythonBridge

/// An exception that was taken out of the interpreter. Made and dropped attached.
final class PythonFailure: Error, @unchecked Sendable {
  private var kept: PythonObject?

  init(_ exception: PythonObject) { kept = exception }

  deinit { Attachment.attach { kept = nil } }

  var exception: PythonObject { kept ?? .none }

  /// Runs Python code, attached; an exception is taken out of the interpreter.
  static func taking<Result>(_ body: () throws -> Result) throws -> Result {
    try Attachment.attach {
      do { return try body() } catch let error as PythonError {
        throw PythonError.take().map(PythonFailure.init) ?? error
      }
    }
  }
}
