import CPython
import FTPClient
import PythonBridge

/// Listings: `nlst`, `dir`, and what `mlsd` collects.
extension FTPObject {
  /// `nlst(*args)`: names as a list of `str`.
  func nlst(_ arguments: [PythonObject]) throws -> PythonObject {
    try listing(try paths(arguments).reduce("NLST") { "\($0) \($1)" }) { _ in }
  }

  /// `dir(*args, callback=None)`: prints the lines, or hands them to the callback, and returns them as a list of `str`.
  func dir(_ arguments: [PythonObject], _ callback: PythonObject?) throws -> PythonObject {
    var arguments = arguments
    var callback = callback
    if callback == nil, let last = arguments.last, !last.isString, !last.isListOrTuple {
      arguments.removeLast()
      callback = last.isNone ? nil : last
    }
    let command = try paths(arguments).reduce("LIST") { $1.isEmpty ? $0 : "\($0) \($1)" }
    guard let callback else { return try listing(command) { line in try print(line) } }
    guard callback.isCallable else {
      throw PythonError.type("callback must be callable, not '\(callback.typeName)'")
    }
    let line = try state.lines.types(for: text(.encoding)).terminated
    return try listing(command) { text in
      _ = try callback.call(line.call(text))
    }
  }

  /// The paths of a listing: strings, or lists of strings as the documentation has them.
  private func paths(_ arguments: [PythonObject]) throws(PythonError) -> [String] {
    var paths: [String] = []
    for argument in arguments {
      if argument.isString {
        paths.append(try argument.utf8Text())
      } else if argument.isListOrTuple {
        for item in try argument.items() { paths.append(try item.utf8Text()) }
      } else {
        throw .type("a path must be a str or a list of them, not '\(argument.typeName)'")
      }
    }
    return paths
  }

  /// The lines of a listing as a list of `str`; each goes to `body` as it comes.
  ///
  /// Through `retrlines` when that is not the module's own.
  func listing(_ command: String, _ body: (PythonObject) throws -> Void) throws -> PythonObject {
    let lines = try PythonObject.list()
    let line = try PythonObject.string(command)
    guard try isOwn(.retrlines, FTPType.retrlines) else {
      try call(.retrlines, line, lines.attribute("append"))
      let plain = try PythonObject.list()
      for item in try lines.items() {
        let text = try item.string()
        try plain.append(text)
        try body(text)
      }
      return plain
    }
    let encoding = try text(.encoding)
    var size = 0
    _ = try textLines(line) { bytes, _ in
      size += bytes.count + Limits.listingLine
      guard size <= Limits.listing else {
        throw FTPError(.tooLong, "the listing is longer than \(Limits.listing) bytes")
      }
      let text = try Text.decode(bytes, encoding)
      try lines.append(text)
      try body(text)
    }
    return lines
  }
}
