import PythonBridge

/// Text in an FTP object's encoding.
enum Text {
  /// Bytes to a `str`, strictly. Throws `UnicodeDecodeError`, or `LookupError` for an unknown encoding.
  static func decode(_ bytes: UnsafeRawBufferPointer, _ encoding: String) throws(PythonError) -> PythonObject {
    if isUTF8(encoding) { return try .string(utf8: bytes) }
    return try .string(bytes, encoding: encoding)
  }

  /// Bytes to a `str`, strictly.
  static func decode(_ bytes: [UInt8], _ encoding: String) throws(PythonError) -> PythonObject {
    try bytes.withUnsafeBufferPointer { (buffer) throws(PythonError) in
      try decode(UnsafeRawBufferPointer(buffer), encoding)
    }
  }

  /// A `str` to bytes, strictly. Throws `TypeError` for anything else and `UnicodeEncodeError`.
  static func encode(_ text: PythonObject, _ encoding: String) throws -> [UInt8] {
    if isUTF8(encoding) { return try text.withUTF8 { Array($0) } }
    return try text.encoded(encoding).withBytes { Array($0) }
  }

  static func isUTF8(_ encoding: String) -> Bool {
    encoding == "utf-8" || ["utf-8", "utf8", "utf_8"].contains(encoding.lowercased())
  }
}
