import PythonBridge

/// How an FTP object turns bytes into text and back: its attributes `encoding` and `errors`.
struct TextCodec: Hashable {
  /// Python's name of an encoding, or `auto`: UTF-8 where a line is that, otherwise Latin-1.
  let encoding: String
  /// Python's name of what to do with what does not fit: `strict` raises, `surrogateescape` keeps the bytes.
  let errors: String
  private let isUTF8: Bool

  init(encoding: String, errors: String = "strict") {
    self.encoding = encoding
    self.errors = errors
    isUTF8 = encoding == "utf-8" || ["utf-8", "utf8", "utf_8"].contains(encoding.lowercased())
  }

  /// Text for the client's parsers, and what they found back to text: nothing is lost, escaped bytes included.
  static let lossless = TextCodec(encoding: "utf-8", errors: "surrogatepass")
  /// The client's bytes as Python has them in file names.
  static let escaping = TextCodec(encoding: "utf-8", errors: "surrogateescape")
  static let utf8 = TextCodec(encoding: "utf-8")

  /// Whether it is UTF-8 that raises for what does not fit.
  var isStrictUTF8: Bool { isUTF8 && errors == "strict" }
  /// Whether each line decides.
  var isAutomatic: Bool { encoding == "auto" }
  var latin1: TextCodec { TextCodec(encoding: "latin-1", errors: errors) }

  /// The codec of these bytes: itself, unless it is automatic.
  func resolved(for bytes: UnsafeRawBufferPointer) -> TextCodec {
    guard isAutomatic else { return self }
    return String(validating: bytes, as: UTF8.self) == nil ? latin1 : .utf8
  }

  /// Bytes to a `str`. Throws `UnicodeDecodeError`, or `LookupError` for an unknown encoding or handler.
  func decode(_ bytes: UnsafeRawBufferPointer) throws(PythonError) -> PythonObject {
    if isStrictUTF8 { return try .string(utf8: bytes) }
    let codec = resolved(for: bytes)
    return try .string(bytes, encoding: codec.encoding, errors: codec.errors)
  }

  /// Bytes to a `str`. Throws as the other.
  func decode(_ bytes: [UInt8]) throws(PythonError) -> PythonObject {
    try bytes.withUnsafeBufferPointer { (buffer) throws(PythonError) in try decode(UnsafeRawBufferPointer(buffer)) }
  }

  /// A `str` to bytes; automatic is UTF-8. Throws `TypeError` for anything else, `UnicodeEncodeError`, `LookupError`.
  func encode(_ text: PythonObject) throws -> [UInt8] {
    if isStrictUTF8 { return try text.withUTF8 { Array($0) } }
    return try text.encoded(isAutomatic ? "utf-8" : encoding, errors: errors).withBytes { Array($0) }
  }
}
