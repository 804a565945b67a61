import CPython
import FTPClient
import PythonBridge

/// The object in `file`: to Python a file that replies are read from, line by line.
extension Connection {
  /// Makes the type of the objects in `file`.
  static func makeType(_ module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    let documentation: StaticString = "The replies of a control connection, as a file that is read line by line."
    return try PythonBridge.makeType(
      in: module, name: "\(name)._ControlFile", size: NativeObject.size, flags: py_collected_type_flags,
      slots: NativeObject.slots + [
        PyType_Slot(Py_tp_methods, methods.start),
        PyType_Slot(Py_tp_doc, documentation.cString),
      ])
  }

  private static let methods = StaticTable<PyMethodDef>(
    [
      .method("readline", "readline($self, limit=-1, /)\n--\n\nRead one line; '' when the server has closed.") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("readline", ["limit"])) { connection, arguments in
          let limit = try arguments.value(0)?.integer() ?? -1
          return try connection.readLine(limit: limit < 0 ? Limits.line : limit)
        }
      },
      .method("close", "close($self, /)\n--\n\nDo nothing: the socket is closed by its owner.") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("close")) { _, _ in .none }
      },
    ], end: PyMethodDef())

  private static func call(
    _ instance: ObjectPointer?, _ type: OpaquePointer?, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int,
    _ keywords: ObjectPointer?, _ signature: Signature, _ body: (Connection, Arguments) throws -> PythonObject
  ) -> ObjectPointer? {
    trampoline(definedBy: type) { _ in
      guard
        let instance, let connection = NativeObject.content(PythonObject(borrowed: instance), as: Connection.self)
      else {
        throw PythonError.type("no control connection")
      }
      return try body(connection, Arguments(signature, arguments, count, keywords: keywords))
    }
  }

  /// One line with its end, decoded; '' at the end of the connection.
  private func readLine(limit: Int) throws -> PythonObject {
    try use {
      do {
        let line = try Attachment.detach { try control.readLine(limit: limit) }
        return try decode(line + [UInt8(ascii: "\n")], codec)
      } catch let error as FTPError {
        if case .closed = error.kind { return try .string("") }
        throw error
      }
    }
  }
}
