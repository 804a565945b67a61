import FTPClient
import PythonBridge

/// The codes of replies as Python strings, each made once: every reply has one, for `lastresp`.
final class ReplyCodes {
  @exclusivity(unchecked) private var texts: [PythonObject?] = Array(repeating: nil, count: 1000)

  /// A reply's three digits; nil when it begins with anything else.
  func text(of reply: Reply) throws(PythonError) -> PythonObject? {
    guard let code = reply.code, texts.indices.contains(code) else { return nil }
    if let text = texts[code] { return text }
    let text = try PythonObject.string(reply.text.prefix(3).description)
    texts[code] = text
    return text
  }
}
