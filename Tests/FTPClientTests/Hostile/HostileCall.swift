import FTPClient
import FTPTLS

/// What the rows ask of the client, each with what it comes to in the table's words.
enum HostileCall {
  /// What every file of the server holds.
  static let file = (1...23).map { "line \($0 < 10 ? "00" : "0")\($0) of the file: twenty letters....\r\n" }.joined()
  private static let content = bytes(file)
  private static let offset = 300

  static func run(_ name: String, _ session: FTPSession) throws -> String {
    switch name {
    case "download", "active download", "kept alive download": return whole(try session.bytes(of: "file"))
    case "big download": return "\(try session.bytes(of: "file").count) bytes"
    case "resume": return whole(try session.bytes(of: "file", from: UInt64(offset)), from: offset)
    case "text": return joined(try session.lines(of: "file"))
    case "upload": return try store(session, content)
    case "big upload": return try store(session, [UInt8](repeating: 0, count: 40_000_000))
    case "resume upload": return try store(session, Array(content[offset...]), from: UInt64(offset))
    case "list": return joined(try session.list())
    case "names": return joined(try session.nameList())
    case "facts": return joined(try session.machineList().map { String(decoding: $0.name, as: UTF8.self) })
    case "entries":
      return joined(
        try session.entries().map { ($0.isSafeFileName ? "" : "!") + String(decoding: $0.name, as: UTF8.self) })
    case "broken download":
      try session.retrieve("file") { _ in throw Stop() }
      return "nothing"
    case "abort":
      let transfer = try session.beginTransfer(Command("RETR", "file"))
      _ = try transfer.stream.isReadable(within: .seconds(5))
      transfer.stream.close()
      return code(try session.abort())
    case "idle abort": return code(try session.abort())
    case "late abort":
      let transfer = try session.beginTransfer(Command("RETR", "file"))
      try transfer.receive(blockSize: 8192) { _ in }
      try transfer.end()
      return code(try session.abort())
    default: return try runWithoutData(name, session)
    }
  }

  private static func runWithoutData(_ name: String, _ session: FTPSession) throws -> String {
    switch name {
    case "size": return try session.size(of: "file").map(String.init) ?? "nothing"
    case "pwd": return try session.workingDirectory()
    case "cwd": return code(try session.changeDirectory(to: "there"))
    case "up": return code(try session.changeDirectory(to: ".."))
    case "mkd": return try session.makeDirectory("new")
    case "rmd": return code(try session.removeDirectory("old"))
    case "delete": return code(try session.delete("file"))
    case "delete CRLF": return code(try session.delete("file\r\nQUIT"))
    case "delete CR": return code(try session.delete("file\rQUIT"))
    case "delete LF": return code(try session.delete("file\nQUIT"))
    case "delete NUL": return code(try session.delete("file\0x"))
    case "delete 5000": return code(try session.delete(String(repeating: "x", count: 5000)))
    case "login CRLF": return code(try session.logIn(user: "user\r\nDELE x", password: "password"))
    case "rename": return code(try session.rename("old", to: "new"))
    case "status": return code(try session.execute("STAT"))
    case "noop": return code(try session.noOperation())
    case "quit": return code(try session.quit())
    default: throw ScriptFault(description: "no such call: \(name)")
    }
  }

  static func whole(_ received: [UInt8], from offset: Int = 0) -> String {
    received.elementsEqual(content[offset...]) ? "whole" : "\(received.count) bytes"
  }

  /// The error in the table's words.
  static func word(_ error: any Error) -> String {
    guard let error = error as? FTPError else { return "foreign: \(error)" }
    switch error.kind {
    case .reply(let reply): return reply.category == nil ? "malformed" : "reply \(reply.code ?? 0)"
    case .tooLong: return "too long"
    case .timedOut: return "timed out"
    case .system(111): return "refused"
    case .system(104), .system(32): return "reset"
    case .invalidArgument: return "invalid"
    case .truncated: return "truncated"
    case .interrupted: return "stopped"
    default: return error.word
    }
  }

  private static func store(_ session: FTPSession, _ content: [UInt8], from offset: UInt64 = 0) throws -> String {
    var source = BlockSource(content)
    try session.store("file", from: offset) { source.fill($0) }
    return "whole"
  }

  /// What is no ASCII in a name shows as `?`.
  private static func joined(_ lines: [String]) -> String {
    if lines.map({ $0 + "\r\n" }).joined() == file { return "whole" }
    let text = lines.joined(separator: ",")
    return text.isEmpty && lines.count < 2 ? "nothing" : text.replacing("\u{FFFD}", with: "?")
  }

  private static func code(_ reply: Reply) -> String { String(decoding: reply.bytes.prefix(3), as: UTF8.self) }
}
