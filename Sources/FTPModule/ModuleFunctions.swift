import CPython
import FTPClient
import PythonBridge

/// The module's functions.
enum ModuleFunctions {
  static let table = StaticTable<PyMethodDef>(
    hooks + [ServerToServer.function, ConnectURL.function, Program.function, Installation.function]
      + [ProgressBar.function],
    end: PyMethodDef())

  /// CPython's parsers of replies, and what it prints lines with.
  private static let hooks: [PyMethodDef] = [
    .function(
      "parse150",
      "parse150(resp)\n--\n\nThe size that a 150 reply announces, in bytes, or None. Raises error_reply for another code."
    ) { module, arguments, count, keywords in
      call(module, arguments, count, keywords, Signature("parse150", ["resp"], required: 1)) { state, arguments in
        let reply = try reply(arguments)
        try require("150", reply, state)
        guard let size = TransferSize.mentioned(in: reply) else { return .none }
        return try .integer(size)
      }
    },
    .function(
      "parse227",
      "parse227(resp)\n--\n\n(host, port) of a 227 reply to PASV. Raises error_reply or error_proto."
    ) { module, arguments, count, keywords in
      call(module, arguments, count, keywords, Signature("parse227", ["resp"], required: 1)) { state, arguments in
        let reply = try reply(arguments)
        try require("227", reply, state)
        let address = try PassiveAddress(passive: reply)
        return try .tuple(.string(address.host ?? ""), .integer(Int(address.port)))
      }
    },
    .function(
      "parse229",
      "parse229(resp, peer)\n--\n\n(host, port) of a 229 reply to EPSV; the host is peer[0]. Raises error_reply or error_proto."
    ) { module, arguments, count, keywords in
      call(module, arguments, count, keywords, Signature("parse229", ["resp", "peer"], required: 2)) {
        state, arguments in
        let reply = try reply(arguments)
        try require("229", reply, state)
        let address = try PassiveAddress(extendedPassive: reply)
        let host = try arguments.required(1).item(0)
        return try .tuple(host, .integer(Int(address.port)))
      }
    },
    .function(
      "parse257",
      "parse257(resp)\n--\n\nThe path in a 257 reply to PWD or MKD; '' when it names none. Raises error_reply for another code."
    ) { module, arguments, count, keywords in
      call(module, arguments, count, keywords, Signature("parse257", ["resp"], required: 1)) { state, arguments in
        let reply = try reply(arguments)
        try require("257", reply, state)
        return try TextCodec.lossless.decode(PathReply.path(of: reply) ?? [])
      }
    },
    .function("print_line", "print_line(line)\n--\n\nPrint a line: the default callback of retrlines.") {
      module, arguments, count, keywords in
      call(module, arguments, count, keywords, Signature("print_line", ["line"], required: 1)) { _, arguments in
        try importModule("builtins").callMethod("print", arguments.required(0))
      }
    },
  ]

  private static func reply(_ arguments: Arguments) throws -> Reply {
    Reply(bytes: try TextCodec.lossless.encode(arguments.required(0)))
  }

  /// Any other code is `error_reply` here, as in CPython: these functions judge text, not a server.
  private static func require(_ code: String, _ reply: Reply, _ state: ModuleState) throws {
    guard reply.bytes.starts(with: Array(code.utf8)) else {
      throw PythonError.raise(state.errors.reply, reply.text)
    }
  }

  /// Binds a call's arguments and runs it.
  static func call(
    _ module: ObjectPointer?, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int, _ keywords: ObjectPointer?,
    _ signature: Signature, _ body: (ModuleState, Arguments) throws -> PythonObject
  ) -> ObjectPointer? {
    trampoline(module: module) { state in
      try body(state, Arguments(signature, arguments, count, keywords: keywords))
    }
  }
}
