import CPython
import FTPClient
import PythonBridge

/// Commands on files and directories.
extension FTPObject {
  /// A command with a path for its argument: a `str`, or `bytes`, which are sent as they are.
  func command(_ verb: String, _ path: PythonObject) throws(PythonError) -> PythonObject {
    guard path.isString || path.isBytes else { throw .type("a path must be a str or bytes, not '\(path.typeName)'") }
    return try PythonObject.string("\(verb) ").appending(path)
  }

  /// `cwd(dirname)`: `..` goes by `CDUP` where the server knows it.
  func cwd(_ path: PythonObject) throws -> PythonObject {
    let command = try command("CWD", path)
    let name = try lookingAt(path)
    if name == ".." {
      do { return try voidcmd("CDUP") } catch {
        guard PythonError.matches(state.errors.permanent), let refusal = PythonError.take() else {
          throw error
        }
        guard try ["500", "502"].contains(String(refusal.text().prefix(3))) else { throw PythonError.restore(refusal) }
      }
    } else if name.isEmpty {
      return try voidcmd("CWD .")
    }
    return try call(.voidcmd, command)
  }

  /// `rename(fromname, toname)`: returns the reply to `RNTO`.
  func rename(_ path: PythonObject, _ newPath: PythonObject) throws -> PythonObject {
    let destination = try command("RNTO", newPath)
    // A name that cannot be sent must not leave the server waiting for the second half.
    try requireSendable(destination)
    let reply = try call(.sendcmd, command("RNFR", path))
    guard try code(reply).first == "3" else { throw unexpected(reply) }
    return try call(.voidcmd, destination)
  }

  /// `delete(filename)`: 250, or 200 from some servers.
  func delete(_ path: PythonObject) throws -> PythonObject {
    let reply = try call(.sendcmd, command("DELE", path))
    guard try ["250", "200"].contains(code(reply)) else { throw unexpected(reply) }
    return reply
  }

  /// `size(filename)`: bytes, or `None` when the server answers with another code than 213.
  func size(_ path: PythonObject) throws -> PythonObject {
    let reply = try call(.sendcmd, command("SIZE", path))
    guard let size = try FileStatus.size(of: parsed(reply)) else { return .none }
    return try .integer(size)
  }

  /// `mkd(dirname)`: the path that the server made; '' when it does not name one.
  func mkd(_ path: PythonObject) throws -> PythonObject {
    try self.path(in: call(.voidcmd, command("MKD", path)))
  }

  /// `pwd()`: the current directory.
  func pwd() throws -> PythonObject {
    try path(in: call(.voidcmd, state.names[.PWD]))
  }

  /// The same where no part of it is another's: a new reference; nil, and nothing was sent, when it is for the methods to do.
  static func pwd(_ object: Glance, _ state: ModuleState) throws -> ObjectPointer? {
    guard try state.hooks.parse257.replacement == nil,
      let exchanged = try exchange(object, state.names[glance: .PWD], state, .ofObject)
    else { return nil }
    Py_DecRef(try response(exchanged, object, state, mustComplete: true))
    return try state.replyTexts.path(in: exchanged.reply).newReference()
  }

  /// By `parse257`, where a script has replaced that.
  private func path(in reply: PythonObject) throws -> PythonObject {
    if try code(reply) == "257", let parse257 = try state.hooks.parse257.replacement {
      return try parse257.call(reply)
    }
    return try TextCodec.lossless.decode(PathReply.path(of: parsed(reply)) ?? [])
  }
}
