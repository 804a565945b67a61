import CPython
import FTPClient
import PythonBridge

/// Lines, commands and replies.
extension FTPObject {
  /// `sanitize(s)`: the line's `repr` with the argument of `PASS` and `ACCT` masked.
  func sanitize(_ line: PythonObject) throws -> PythonObject {
    let text = try lookingAt(line).unicodeScalars
    // By scalars: a combining mark behind the blank must not hide it.
    guard let blank = text.firstIndex(of: " "), ["pass", "acct"].contains(String(text[..<blank]).lowercased()) else {
      return try line.representation()
    }
    let start = text.index(after: blank)
    let end = text[start...].lastIndex { $0 != "\r" && $0 != "\n" }.map(text.index(after:)) ?? start
    let stars = String(repeating: "*", count: text.distance(from: start, to: end))
    return try PythonObject.string(String(text[..<start]) + stars + String(text[end...])).representation()
  }

  /// `putline(line)`: sends a line, CRLF added.
  func putline(_ line: PythonObject) throws -> PythonObject {
    let command = try Command(line: encoded(line))
    try state.auditing.raise(Self.commandEvent, object.glance, line.glance)
    if debugLevel > 1 {
      try print(.string("*put*"), call(.sanitize, line.appending(.string("\r\n"))))
    }
    try send(command)
    return .none
  }

  /// The line's bytes. A password that cannot be encoded does not show in the exception.
  func encoded(_ line: PythonObject) throws -> [UInt8] {
    if line.isBytes { return try line.withBytes { Array($0) } }
    let codec = try codec
    do { return try encoded(line, codec) } catch {
      guard let failure = PythonError.take() else { throw error }
      guard line.isString else { throw PythonError.restore(failure) }
      let verb = try lookingAt(line.prefix(5)).uppercased()
      guard verb == "PASS " || verb == "ACCT " else { throw PythonError.restore(failure) }
      throw PythonError.value("the argument of \(verb)cannot be encoded in \(codec.encoding)")
    }
  }

  /// Automatic is UTF-8, and Latin-1 for a server that writes that, where the text fits.
  private func encoded(_ line: PythonObject, _ codec: TextCodec) throws -> [UInt8] {
    if codec.isAutomatic, try connection()?.writesLatin1 ?? false {
      do { return try codec.latin1.encode(line) } catch {
        guard PythonError.matches(.unicodeError) else { throw error }
        PythonError.clear()
      }
    }
    return try codec.encode(line)
  }

  /// Checks that commands can be sent, before the first of several goes out. Raises `ValueError`.
  func requireSendable(_ line: PythonObject, _ other: PythonObject?) throws {
    try requireSendable(line)
    if let other { try requireSendable(other) }
  }

  /// The same for one; `None` is none.
  func requireSendable(_ line: PythonObject) throws {
    if line.isNone { return }
    // As nearly always.
    if line.isString, try Self.isPlainUTF8(object.glance, state),
      try line.withEncodableUTF8({ Command.canBeSent($0) }) ?? false
    {
      return
    }
    _ = try Command(line: encoded(line.isString || line.isBytes ? line : line.string()))
  }

  /// Sends a command on the connection, or on the socket that somebody put into `sock`.
  private func send(_ command: Command) throws {
    let socket = try socketInPlace()
    guard !socket.isNone else { throw notConnected }
    if let connection = try connection(), connection.stream.socket === socket {
      try use(
        { connection in
          try Attachment.detach { try connection.control.send(command) }
        }, otherwise: { _ in })
    } else {
      let bytes = try command.line.withUnsafeBytes { try PythonObject.bytes($0) }
      try socket.callMethod(state.names[.sendall], bytes)
    }
  }

  /// `putcmd(line)`: sends a command.
  func putcmd(_ line: PythonObject) throws -> PythonObject {
    if debugLevel > 0 { try print(.string("*cmd*"), call(.sanitize, line)) }
    try call(.putline, line)
    return .none
  }

  /// `getline()`: one line of a reply without its end. Raises `EOFError` when the server has closed.
  func getline() throws -> PythonObject {
    let line: PythonObject = try use(
      { connection in
        let line = try Attachment.detach {
          try connection.control.readLine(limit: connection.control.lineLimit)
        }
        return try connection.decode(line, codec)
      },
      otherwise: { file in
        let limit = try maximumLine
        let line = try file.callMethod(state.names[.readline], try .integer(limit + 1))
        guard try line.callMethod("__len__").integer() <= limit else {
          throw PythonError.raise(state.errors.error, "got more than \(limit) bytes")
        }
        guard try line.isTrue() else { throw PythonError.raise(.eofError, "the server closed the connection") }
        return try line.callMethod("rstrip", .string("\r\n"))
      })
    if debugLevel > 1 { try print(.string("*get*"), call(.sanitize, line.appending(.string("\n")))) }
    return line
  }

  /// `getmultiline()`: a whole reply, its lines joined by LF.
  func getmultiline() throws -> PythonObject {
    let connection = try self.connection()
    let isPlain = try debugLevel <= 1 && isOwn(.getline, FTPType.getline)
    if let current = connection, isPlain || current.control.hasUnread {
      return try use(
        { connection in
          let reply = try Attachment.detach { try connection.control.readReply() }
          return try connection.decode(reply.bytes, codec)
        }, otherwise: { _ in throw notConnected })
    }
    var parser = ReplyParser()
    while true {
      guard let reply = try byLine(into: &parser) else { continue }
      if connection?.control.isKeepAliveAnswer(reply) ?? false { continue }
      return try TextCodec.lossless.decode(reply.bytes)
    }
  }

  /// The reply that one more line completes, of the connection's own replies or else of `parser`'s.
  private func byLine(into parser: inout ReplyParser) throws -> Reply? {
    let connection = try connection()
    let line: [UInt8]
    do { line = try TextCodec.lossless.encode(call(.getline)) } catch {
      // No attribute is looked up here: that may drop the exception.
      guard PythonError.matches(.eofError), let reply = connection?.control.endEarly() else { throw error }
      PythonError.clear()
      return reply
    }
    guard connection != nil else { return try parser.append(line) }
    return try use(
      { connection in try Attachment.detach { try connection.control.put(line) } }, otherwise: { _ in nil })
  }

  /// `getresp()`: a reply 1yz, 2yz or 3yz; raises `error_temp`, `error_perm` or `error_proto` for the others.
  func getresp() throws -> PythonObject {
    if let exchanged = try awaited() { return try response(exchanged) }
    let reply = try call(.getmultiline)
    if debugLevel > 0 { try print(.string("*resp*"), call(.sanitize, reply)) }
    try set(.lastresp, reply.prefix(3))
    switch try code(reply).first {
    case "1", "2", "3": return reply
    case "4": throw unexpected(reply, state.errors.temporary)
    case "5": throw unexpected(reply, state.errors.permanent)
    default: throw unexpected(reply, state.errors.protocolError)
    }
  }

  /// `voidresp()`: a reply 2yz; raises `error_reply` for 1yz and 3yz.
  func voidresp() throws -> PythonObject {
    if let exchanged = try awaited() { return try completion(exchanged) }
    let reply = try call(.getresp)
    guard try code(reply).first == "2" else { throw unexpected(reply) }
    return reply
  }

  /// `sendcmd(cmd)`, where `exchange` does not do it: sends a command and returns its reply.
  func sendcmd(_ command: PythonObject) throws -> PythonObject {
    try prepare(command)
    try call(.putcmd, command)
    return try call(.getresp)
  }

  /// `voidcmd(cmd)`, where `exchange` does not do it: sends a command whose reply must be 2yz.
  func voidcmd(_ command: PythonObject) throws -> PythonObject {
    try prepare(command)
    try call(.putcmd, command)
    return try call(.voidresp)
  }

  /// Leaves no reply of an earlier command for this one to read.
  func prepare(_ command: PythonObject) throws {
    guard try connection() != nil else { return }
    let text = try lookingAt(command)
    try use({ connection in try connection.prepare(for: text) }, otherwise: { _ in })
  }

  /// `abort()`: ends the running transfer; returns the server's first reply to that, 426, 225 or 226.
  ///
  /// Plain `ABOR`, not urgent data: ProFTPD loses the line's end with it. Most servers send a second reply, which is read before
  /// the next command, or by a caller who asks for it.
  func abort() throws -> PythonObject {
    try call(.putcmd, .string("ABOR"))
    try connection()?.endDataConnection()
    let (reply, isSecond) = try replyToAbort()
    // Who asks for a second reply gets that one again, and the next command drops it.
    if isSecond { try connection()?.control.unread(parsed(reply)) }
    try connection()?.control.abandonReplies()
    guard try parsed(reply).answersAbort else {
      throw unexpected(reply, state.errors.protocolError)
    }
    return reply
  }

  /// The answer to `ABOR`, and whether it came behind another: Pure-FTPd says how much it has sent, in a 150, before it answers once, where
  /// others answer twice.
  private func replyToAbort() throws -> (reply: PythonObject, isSecond: Bool) {
    for count in 0..<Limits.preliminaryReplies {
      let reply = try call(.getmultiline)
      guard try code(reply).first == "1" else { return (reply, count > 0) }
    }
    try connection()?.control.abandonReplies()
    throw FTPError(.malformed, "\(try name()) keeps saying that it has begun")
  }

  /// `abort_transfer(conn)`: as `abort`, then reads whatever else the server says about the transfer.
  func abortTransfer(_ socket: PythonObject?) throws -> PythonObject {
    guard let connection = try connection() else {
      throw PythonError.raise(state.errors.error, "abort_transfer() needs the replies of this module's own connect()")
    }
    try call(.putcmd, .string("ABOR"))
    if let socket { PythonError.closing { try socket.callMethod(state.names[.close]) } }
    connection.endDataConnection()
    let (reply, _) = try replyToAbort()
    try use(
      { connection in
        connection.control.abandonReplies()
        try Attachment.detach { try connection.control.realign() }
      }, otherwise: { _ in })
    guard try parsed(reply).answersAbort else {
      throw unexpected(reply, state.replyClass(try parsed(reply).category))
    }
    return reply
  }
}
