import CPython
import FTPClient
import PythonBridge

/// Listings: `nlst`, `dir`, and what `mlsd` collects.
extension FTPObject {
  /// `nlst(*args)`: names as a list of `str`.
  func nlst(_ arguments: [PythonObject]) throws -> PythonObject {
    var command = try PythonObject.string("NLST")
    for path in try paths(arguments) { command = try command.appending(.string(" ")).appending(path) }
    return try listing(command)
  }

  /// `dir(*args, callback=None)`: prints the lines, or hands them to the callback, and returns them as a list of `str`.
  func dir(_ arguments: [PythonObject], _ callback: PythonObject?) throws -> PythonObject {
    var arguments = arguments
    var callback = callback
    if callback == nil, let last = arguments.last, !last.isString, !last.isBytes, !last.isListOrTuple {
      arguments.removeLast()
      callback = last.isNone ? nil : last
    }
    var command = try PythonObject.string("LIST")
    for path in try paths(arguments) where try path.isTrue() {
      command = try command.appending(.string(" ")).appending(path)
    }
    guard let callback else { return try listing(command) { line, _ in try print(line) } }
    guard callback.isCallable else {
      throw PythonError.type("callback must be callable, not '\(callback.typeName)'")
    }
    let utf8 = try StringCalls(callback, each: state.lines.types(for: .utf8).terminated)
    return try listing(command) { text, codec in
      if codec.isStrictUTF8 { return try utf8.call(text) }
      _ = try callback.call(state.lines.types(for: codec).terminated.call(text))
    }
  }

  /// The paths of a listing: strings, or lists of strings as the documentation has them.
  private func paths(_ arguments: [PythonObject]) throws(PythonError) -> [PythonObject] {
    var paths: [PythonObject] = []
    for argument in arguments { paths += argument.isListOrTuple ? try argument.items() : [argument] }
    for path in paths where !path.isString && !path.isBytes {
      throw .type("a path must be a str or bytes, or a list of them, not '\(path.typeName)'")
    }
    return paths
  }

  /// The lines of a listing as a list of `str`; each goes to `body`, if there is one, as it comes, with the codec that it came in.
  ///
  /// Through `retrlines` when that is not the module's own.
  func listing(
    _ command: PythonObject, _ body: ((PythonObject, TextCodec) throws -> Void)? = nil
  ) throws -> PythonObject {
    let lines = try PythonObject.list()
    let codec = try codec
    guard try isOwn(.retrlines, FTPType.retrlines) else {
      try call(.retrlines, command, lines.attribute("append"))
      let plain = try PythonObject.list()
      for item in try lines.items() {
        let text = try item.string()
        try plain.append(text)
        try body?(text, codec.isAutomatic ? .utf8 : codec)
      }
      return plain
    }
    let connection = try connection()
    var size = 0
    _ = try textLines(command) { bytes, _ in
      size += bytes.count + Limits.listingLine
      guard size <= Limits.listing else {
        throw FTPError(.tooLong, "the listing is longer than \(Limits.listing) bytes")
      }
      if body == nil, codec.isStrictUTF8 { return try lines.append(utf8: bytes) }
      let text = try connection?.decode(bytes, codec) ?? codec.decode(bytes)
      try lines.append(text)
      try body?(text, codec.resolved(for: bytes))
    }
    return lines
  }
}
