import CPython
import FTPClient
import Glibc
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
    guard let callback = try callback ?? state.hooks.printLine.replacement else {
      return try listing(command, each: { line, _ in try print(line) })
    }
    guard callback.isCallable else {
      throw PythonError.type("callback must be callable, not '\(callback.typeName)'")
    }
    if try codec.isStrictUTF8, try isOwn(.retrlines, FTPType.retrlines) { return try list(command, callback) }
    return try listing(
      command, each: { text, codec in _ = try callback.call(state.lines.types(for: codec).terminated.call(text)) })
  }

  /// The lines in UTF-8: what the callback gets is what is returned.
  private func list(_ command: PythonObject, _ callback: PythonObject) throws -> PythonObject {
    let lines = try PythonObject.list()
    let calls = try StringCalls(callback, each: state.lines.types(for: .utf8).terminated, collectedIn: lines)
    var size = ListingSize()
    _ = try textLines(command) { block, _, check in
      try size.add(block)
      try calls.call(utf8: block, check)
    }
    return lines
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
  /// Through `retrlines` when that is not the module's own. `ended` gets what that returns: the server's final reply.
  func listing(
    _ command: PythonObject, ended: ((PythonObject) throws -> Void)? = nil,
    each body: ((PythonObject, TextCodec) throws -> Void)? = nil
  ) throws -> PythonObject {
    let lines = try PythonObject.list()
    let codec = try codec
    guard try isOwn(.retrlines, FTPType.retrlines) else {
      let reply = try call(.retrlines, command, lines.attribute("append"))
      let plain = try PythonObject.list()
      for item in try lines.items() {
        let text = try item.string()
        try plain.append(text)
        try body?(text, codec.isAutomatic ? .utf8 : codec)
      }
      try ended?(reply)
      return plain
    }
    let connection = try connection()
    var size = ListingSize()
    let reply = try textLines(command) { block, _, check in
      try size.add(block)
      if body == nil, codec.isStrictUTF8 { return try lines.append(utf8: block) }
      for bytes in block {
        let text = try connection?.decode(bytes, codec) ?? codec.decode(bytes)
        try lines.append(text)
        try body?(text, codec.resolved(for: bytes))
        try check()
      }
    }
    try ended?(reply)
    return lines
  }

  /// The lines of a listing in UTF-8, in blocks, each line but the last ended by LF; nil when they are to be asked for by `listing`: in
  /// another encoding, or where `retrlines` is not the module's own.
  func listedText(_ command: PythonObject) throws -> [[UInt8]]? {
    guard try codec.isStrictUTF8, try isOwn(.retrlines, FTPType.retrlines) else { return nil }
    var blocks: [[UInt8]] = []
    var size = ListingSize()
    _ = try textBlocks(command) { block in
      try block.withUnsafeBytes { block in
        try size.add(block.count, lines: countLines(block))
        try requireUTF8(block)
      }
      blocks.append(block)
    }
    return blocks
  }

  private func countLines(_ block: UnsafeRawBufferPointer) -> Int {
    var count = 0
    var rest = block
    while let base = rest.baseAddress, let end = memchr(base, CInt(UInt8(ascii: "\n")), rest.count) {
      count += 1
      rest = UnsafeRawBufferPointer(rebasing: rest[(UnsafeRawPointer(end) - base + 1)...])
    }
    return count
  }

  /// Throws `UnicodeDecodeError` for the first line that is no UTF-8.
  private func requireUTF8(_ block: UnsafeRawBufferPointer) throws {
    guard !isASCII(block) else { return }
    for line in block.split(separator: UInt8(ascii: "\n")) {
      let line = UnsafeRawBufferPointer(rebasing: line)
      if !isASCII(line) { _ = try PythonObject.string(utf8: line) }
    }
  }

  /// Eight bytes at a time.
  private func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let words = bytes.count / 8
    var bits: UInt64 = 0
    for index in 0..<words { bits |= bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }
    return bits & 0x8080_8080_8080_8080 == 0 && bytes[(words * 8)...].allSatisfy { $0 < 0x80 }
  }
}
