internal import PythonBridge
internal import Synchronization

/// The program's handlers in the place of the process's standard streams.
enum Streams {
  /// Puts the handlers that there are behind `sys.stdout`, `sys.stderr` and `sys.stdin`. `embedding` is the module `_ftpy.embedding`. Returns what is to be
  /// called, detached, when nothing is written any more.
  static func install(_ configuration: Interpreter.Configuration, _ embedding: PythonObject) throws -> [() -> Void] {
    var ends: [() -> Void] = []
    if let output = configuration.output {
      func writer(_ stream: Interpreter.OutputStream) throws -> PythonObject {
        let text = TextAssembler()
        ends.append { if let rest = text.end() { output(stream, rest) } }
        return try Self.writer(output, stream, text)
      }
      try embedding.callMethod("set_output", writer(.standardOutput), writer(.standardError))
    }
    if let input = configuration.input {
      let read = RegisteredFunction("read", [], "") { () -> [UInt8]? in
        // Of its bytes: CRLF is one letter.
        Attachment.detach { input() }.map { line in Array(line.utf8) + (line.utf8.last == 0x0A ? [] : [0x0A]) }
      }
      try embedding.callMethod("set_input", read.object())
    }
    return ends
  }

  private static func writer(
    _ output: @escaping @Sendable (Interpreter.OutputStream, String) -> Void, _ stream: Interpreter.OutputStream,
    _ text: TextAssembler
  ) throws -> PythonObject {
    try RegisteredFunction("write", ["data"], "") { (data: [UInt8]) in
      let whole = text.append(data)
      if !whole.isEmpty { Attachment.detach { output(stream, whole) } }
    }.object()
  }
}

/// Puts the bytes of a stream together to whole characters.
private final class TextAssembler: Sendable {
  /// The start of a character whose end has not come.
  private let rest = Mutex<[UInt8]>([])

  /// The text that is whole now; what is no UTF-8 is replaced.
  func append(_ bytes: [UInt8]) -> String {
    rest.withLock { rest in
      let all = rest + bytes
      let cut = all.count - Self.unfinished(all)
      rest = Array(all[cut...])
      return String(decoding: all[..<cut], as: UTF8.self)
    }
  }

  /// The start of a character that stays without an end, as its replacement; nil where there is none.
  func end() -> String? {
    rest.withLock { rest in
      defer { rest = [] }
      return rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
    }
  }

  /// How many bytes at the end begin a character that they do not finish.
  private static func unfinished(_ bytes: [UInt8]) -> Int {
    for (index, byte) in bytes.suffix(3).reversed().enumerated() where byte & 0xC0 != 0x80 {
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return length > index + 1 ? index + 1 : 0
    }
    return 0
  }
}
