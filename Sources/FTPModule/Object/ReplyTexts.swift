import CPython
import FTPClient
import PythonBridge

/// Replies and their codes as Python strings. A code is made once, for `lastresp`; a reply once for all times in a row that a server says it.
final class ReplyTexts {
  @exclusivity(unchecked) private var codes: [PythonObject?] = Array(repeating: nil, count: 1000)
  @exclusivity(unchecked) private var lastReply: PythonObject?
  @exclusivity(unchecked) private var lastCode: PythonObject?

  /// A new reference to a reply's text, and its first three characters. Throws `UnicodeDecodeError` where it is no UTF-8.
  func texts(of reply: Reply) throws(PythonError) -> (reply: ObjectPointer, code: PythonObject) {
    if let lastReply, let lastCode, reply.bytes.withUnsafeBytes({ lastReply.glance.isUTF8($0) }) {
      return (lastReply.newReference(), lastCode)
    }
    let text = try reply.bytes.withUnsafeBufferPointer { (bytes) throws(PythonError) in
      try PythonObject.string(utf8: UnsafeRawBufferPointer(bytes))
    }
    let code: PythonObject
    if let known = try self.code(of: reply) { code = known } else { code = try text.prefix(3) }
    (lastReply, lastCode) = (text, code)
    return (text.newReference(), code)
  }

  @exclusivity(unchecked) private var lastPath: (reply: [UInt8], path: PythonObject)?

  /// The path in a 257 reply; empty where it has none.
  func path(in reply: Reply) throws(PythonError) -> PythonObject {
    if let lastPath, lastPath.reply == reply.bytes { return lastPath.path }
    let path = try TextCodec.utf8.decode(PathReply.path(of: reply) ?? [])
    lastPath = (reply.bytes, path)
    return path
  }

  /// A reply's three digits; nil when it begins with anything else.
  func code(of reply: Reply) throws(PythonError) -> PythonObject? {
    guard let code = reply.code, codes.indices.contains(code) else { return nil }
    if let text = codes[code] { return text }
    let text = try PythonObject.string(reply.text.prefix(3).description)
    codes[code] = text
    return text
  }
}
