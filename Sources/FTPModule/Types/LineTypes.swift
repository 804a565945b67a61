import CPython
import PythonBridge

/// The classes of the lines that `retrlines` hands to its callback: a `str` that is bytes-like as well.
///
/// As `str` it is the line without its end, as CPython has it. As bytes it is the line in the `FTP` object's encoding with LF for
/// its end, so that the documented `open(path, 'wb+')` with `save_fp.write` gets a text file; `decode` gives the line without it. Neither
/// object nor class is seen after pickling: a line pickles as a plain `str`.
final class LineTypes {
  /// A line that had an end, and a last line that had none.
  struct Pair {
    let terminated: PythonObject
    let unterminated: PythonObject
  }

  private let utf8: Pair
  private var others: [TextCodec: Pair] = [:]

  /// Everything that the garbage collector must see.
  var all: [PythonObject] { ([utf8] + others.values).flatMap { [$0.terminated, $0.unterminated] } }

  init(_ module: PythonObject, name: String) throws(PythonError) {
    let documentation: StaticString = """
      A line of a text download: a str without the line's end, and a bytes-like object with it.
      """
    func make(_ getBuffer: @escaping GetBuffer) throws(PythonError) -> PythonObject {
      let type = try makeType(
        in: module, name: "\(name).Line", size: 0, flags: py_base_type_flags, base: .strType,
        slots: [
          PyType_Slot(Py_tp_doc, documentation.cString),
          PyType_Slot(Py_bf_getbuffer, getBuffer),
          PyType_Slot(Py_tp_methods, Self.methods.start),
        ])
      try type.setAttribute(.string("encoding"), .string("utf-8"))
      try type.setAttribute(.string("errors"), .string("strict"))
      return type
    }
    utf8 = Pair(terminated: try make(Self.getTerminated), unterminated: try make(Self.getUnterminated))
  }

  /// The classes for lines that came in an encoding.
  func types(for codec: TextCodec) throws(PythonError) -> Pair {
    if codec.isStrictUTF8 { return utf8 }
    if let pair = others[codec] { return pair }
    func derive(_ base: PythonObject) throws(PythonError) -> PythonObject {
      let namespace = try PythonObject.dictionary()
      try namespace.set(.tuple(), for: "__slots__")
      let module = try base.attribute("__module__").text()
      for (key, value) in [("encoding", codec.encoding), ("errors", codec.errors), ("__module__", module)] {
        try namespace.set(try PythonObject.string(value), for: key)
      }
      return try .makeClass("Line", bases: [base], namespace: namespace)
    }
    let pair = Pair(terminated: try derive(utf8.terminated), unterminated: try derive(utf8.unterminated))
    others[codec] = pair
    return pair
  }

  // MARK: The bytes

  /// `getbufferproc`, whose name the stable ABI's headers leave out.
  private typealias GetBuffer =
    @convention(c) (ObjectPointer?, UnsafeMutablePointer<Py_buffer>?, CInt) -> CInt

  private static let getTerminated: GetBuffer = { fill($1, with: $0, flags: $2, end: "\n") }
  private static let getUnterminated: GetBuffer = { fill($1, with: $0, flags: $2, end: "") }

  /// Fills a view with the line's bytes; the view owns the `bytes` object that holds them.
  private static func fill(
    _ view: UnsafeMutablePointer<Py_buffer>?, with line: ObjectPointer?, flags: CInt, end: String
  ) -> CInt {
    guard let view, let line else { return -1 }
    do { return try encoded(PythonObject(borrowed: line), end: end).fill(view, flags: flags) } catch {
      view.pointee.obj = nil
      return -1
    }
  }

  /// A line's bytes, with this for its end.
  private static func encoded(_ line: PythonObject, end: String) throws(PythonError) -> PythonObject {
    let encoding = try line.attribute("encoding").text()
    return try line.appending(.string(end)).encoded(encoding, errors: line.attribute("errors").text())
  }

  private static let methods = StaticTable<PyMethodDef>(
    [
      .method(
        "decode",
        "decode($self, /, encoding=None, errors='strict')\n--\n\nThe line as text without its end, from its bytes as bytes.decode has it."
      ) { line, type, arguments, count, keywords in
        trampoline(definedBy: type) { _ in
          let arguments = try Arguments(
            Signature("decode", ["encoding", "errors"]), arguments, count, keywords: keywords)
          guard let line else { throw PythonError.type("decode() needs a line") }
          let object = PythonObject(borrowed: line)
          let encoding = try arguments.value(0) ?? object.attribute("encoding")
          let errors = try arguments.value(1) ?? .string("strict")
          // Code for old and new Pythons decodes what it takes for bytes, and goes on with the line as CPython hands it over.
          return try encoded(object, end: "").callMethod("decode", encoding, errors)
        }
      },
      .method("__reduce__", "__reduce__($self, /)\n--\n\nPickle as a plain str.") { line, type, _, _, _ in
        trampoline(definedBy: type) { _ in
          guard let line else { throw PythonError.type("__reduce__() needs a line") }
          return try .tuple(.strType, .tuple(PythonObject(borrowed: line).string()))
        }
      },
    ], end: PyMethodDef())
}
