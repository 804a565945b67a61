import CPython
import FTPClient
import PythonBridge

/// Commands on files and directories.
extension FTPObject {
  /// A command with a path for its argument.
  func command(_ verb: String, _ path: PythonObject) throws(PythonError) -> String {
    guard path.isString else { throw .type("a path must be a str, not '\(path.typeName)'") }
    return "\(verb) \(try path.utf8Text())"
  }

  /// `cwd(dirname)`: `..` goes by `CDUP` where the server knows it.
  func cwd(_ path: PythonObject) throws -> PythonObject {
    var command = try command("CWD", path)
    if command == "CWD .." {
      do { return try voidcmd("CDUP") } catch {
        guard PythonError.matches(state.errors.permanent), let refusal = PythonError.take() else {
          throw error
        }
        guard try ["500", "502"].contains(String(refusal.text().prefix(3))) else { throw PythonError.restore(refusal) }
      }
    } else if command == "CWD " {
      command = "CWD ."
    }
    return try voidcmd(command)
  }

  /// `rename(fromname, toname)`: returns the reply to `RNTO`.
  func rename(_ path: PythonObject, _ newPath: PythonObject) throws -> PythonObject {
    let destination = try command("RNTO", newPath)
    // A name that cannot be sent must not leave the server waiting for the second half.
    _ = try Command(line: destination.utf8)
    let reply = try sendcmd(command("RNFR", path))
    guard try code(reply).first == "3" else { throw unexpected(reply) }
    return try voidcmd(destination)
  }

  /// `delete(filename)`: 250, or 200 from some servers.
  func delete(_ path: PythonObject) throws -> PythonObject {
    let reply = try sendcmd(command("DELE", path))
    guard try ["250", "200"].contains(code(reply)) else { throw unexpected(reply) }
    return reply
  }

  /// `size(filename)`: bytes, or `None` when the server answers with another code than 213.
  func size(_ path: PythonObject) throws -> PythonObject {
    let reply = try sendcmd(command("SIZE", path))
    guard let size = try FileStatus.size(of: parsed(reply)) else { return .none }
    return try .integer(size)
  }

  /// `mkd(dirname)`: the path that the server made; '' when it does not name one.
  func mkd(_ path: PythonObject) throws -> PythonObject {
    try self.path(in: voidcmd(command("MKD", path)))
  }

  /// `pwd()`: the current directory.
  func pwd() throws -> PythonObject { try path(in: voidcmd("PWD")) }

  private func path(in reply: PythonObject) throws -> PythonObject {
    try .string(PathReply.path(of: parsed(reply)).map { String(decoding: $0, as: UTF8.self) } ?? "")
  }
}
