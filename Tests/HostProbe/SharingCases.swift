import FTPClient
import FTPTLS
import ScriptRuntime
import Synchronization

/// One connection for the program and its script: HOST PORT USER PASSWORD DIRECTORY, and for TLS the file with the authority,
/// and "implicit".
let sharingCases: [String: @Sendable ([String]) throws -> Void] = [
  // In turn, by every kind of transfer.
  "share": { words in
    try sharing(words) { interpreter, session in
      let lines = "one\r\ntwo\r\n"
      try session.store("a.txt", lines)
      for _ in 0..<2 {
        // The script sets TYPE A, the session needs TYPE I.
        try interpreter.run("got = []\nftp.retrlines('RETR a.txt', lambda line: got.append(str(line)))")
        print(try interpreter.eval("[line.strip() for line in got]", as: [String].self))
        print(String(decoding: try session.content(of: "a.txt"), as: UTF8.self) == lines)
      }
      do throws(ScriptError) { try interpreter.run("ftp.delete('absent')") } catch { print(error.type) }
      let ftp: ScriptObject = try interpreter["ftp"]
      print(try ftp.callMethod("pwd", as: String.self))
      let size = Mutex(0)
      let sink = try interpreter.function { (block: [UInt8]) -> Int? in
        size.withLock { $0 += block.count }
        return nil
      }
      print(try ftp.callMethod("retrbinary", "RETR a.txt", sink, as: String.self).prefix(3), size.withLock { $0 })
      try interpreter.run(
        """
        import io
        content = bytes(range(256)) * 4000
        print(ftp.storbinary('STOR b.bin', io.BytesIO(content))[:3], ftp.size('b.bin') == len(content))
        got = io.BytesIO()
        ftp.retrbinary('RETR b.bin', got.write, rest=1000)
        print(got.getvalue() == content[1000:])
        # Whoever reads the data connection himself.
        with ftp.transfercmd('RETR b.bin') as data:
            whole = b''.join(iter(lambda: data.recv(8192), b''))
        print(ftp.voidresp()[:3], whole == content, data.fileno())
        with ftp.transfercmd('STOR d.bin') as data:
            data.sendall(content)
        print(ftp.voidresp()[:3], ftp.size('d.bin') == len(content))
        ftp.delete('d.bin')
        data = ftp.transfercmd('RETR b.bin')
        data.recv(1)
        data.close()
        print(ftp.size('b.bin') == len(content), 'b.bin' in ftp.nlst(), sorted(n for n, _ in ftp.listdir()))
        ftp.sock.getpeername(), ftp.sock.getsockname(), ftp.sock.gettimeout()
        try:
            ftp.retrbinary('RETR b.bin', lambda block: 1 / 0)
        except ZeroDivisionError:
            print(ftp.pwd() == ftp.pwd())
        ftp.storlines('STOR c.txt', io.BytesIO(b'x\\ny\\n'))
        """)
      // Some servers store the lines as they come, others as their system has them.
      print(String(decoding: try session.content(of: "c.txt").filter { $0 != 13 }, as: UTF8.self) == "x\ny\n")
      try interpreter.run("ftp.quit()")
      do { _ = try session.execute("NOOP") } catch { print("session: closed") }
    }
  },
  // While the one transfers, the other is refused, and both go on.
  "share-turns": { words in
    try sharing(words) { interpreter, session in
      try session.store("a.txt", String(repeating: "x", count: 100_000))
      let lent = Lent(session)
      try interpreter.register("host") { (what: String) throws -> String in
        switch what {
        case "pwd": try lent.session.workingDirectory()
        case "list": try "\(lent.session.nameList())"
        case "retrieve": try "\(lent.session.content(of: "a.txt").count)"
        default: try "\(lent.session.abort())"
        }
      }
      try interpreter.run(
        """
        import ftplib
        def ask(block):
            for what in ('pwd', 'list', 'retrieve', 'abort'):
                try: seen.add(host(what))
                except ftplib.Error as e: seen.add(type(e).__name__ + ': ' + str(e).partition(' on the ')[0])
        seen = set()
        print(ftp.retrbinary('RETR a.txt', ask)[:3])
        print(sorted(seen))
        print(host('pwd') == ftp.pwd())
        seen = set()
        data = ftp.transfercmd('RETR a.txt')
        ask(b'')
        while data.recv(8192): pass
        data.close()
        ask(b'')
        print(ftp.voidresp()[:3], len(seen), host('retrieve'))
        """)
      let refusals = Mutex(Set<String>())
      nonisolated(unsafe) let inner = interpreter
      try session.retrieve("a.txt") { _ in
        for call in ["pwd()", "nlst()", "retrbinary('RETR a.txt', print)", "quit()"] {
          do throws(ScriptError) { try inner.run("ftp.\(call)") } catch {
            _ = refusals.withLock { $0.insert("\(error.type): \(error.message.prefix { $0 != "o" })") }
          }
        }
      }
      print(refusals.withLock { $0.sorted() })
      print(try session.workingDirectory() == interpreter.eval("ftp.pwd()"))
      // One that ends the connection in the middle is an error for both, and no hang.
      // More than fits between server and client: the server has not said 226 before the end.
      try session.store("large", String(repeating: "x", count: 16 << 20))
      let host = try interpreter.function { (_: [UInt8]) throws -> Int? in
        lent.session.close()
        return nil
      }
      try interpreter.set("close", to: host)
      do throws(ScriptError) { try interpreter.run("ftp.retrbinary('RETR large', close)") } catch {
        print("closed:", error.type)
      }
      do throws(ScriptError) { try interpreter.run("ftp.pwd()") } catch { print("closed:", error.type) }
    }
  },
  // The script connects, the program takes the connection over.
  "share-back": { words in
    let interpreter = try Interpreter()
    for (name, value) in zip(["host", "port", "user", "password", "folder"], words) {
      try interpreter.set(name, to: value)
    }
    try interpreter.run(
      """
      import ftplib, io
      ftp = ftplib.FTP(host=host, port=int(port), user=user, passwd=password, timeout=20)
      ftp.cwd(folder)
      ftp.storbinary('STOR a.txt', io.BytesIO(b'abc' * 1000))
      """)
    let session = try interpreter.session(for: interpreter["ftp"])
    print(session.welcome.code ?? 0, try session.workingDirectory() == words[4])
    print(try session.content(of: "a.txt").count)
    try interpreter.run("print(len(ftp.nlst()), ftp.retrbinary('RETR a.txt', len)[:3])")
    print(
      try session.entries().map { String(decoding: $0.name, as: UTF8.self) },
      try interpreter.session(for: interpreter["ftp"]) === session)
    try interpreter.run("ftp.close()")
    print(try session.workingDirectory() == words[4])
    try session.quit()
    for expression in ["ftp", "ftplib.FTP()", "1", "ftplib.FTP_TLS()"] {
      do throws(ScriptError) { _ = try interpreter.session(for: interpreter.eval(expression)) } catch { print(error) }
    }
    try interpreter.run("ftp = ftplib.FTP(host=host, port=int(port), user=user, passwd=password)\nftp.cwd(folder)")
    nonisolated(unsafe) let inner = interpreter
    let taking = try interpreter.function { (_: [UInt8]) throws -> Int? in
      _ = try inner.session(for: inner["ftp"])
      return nil
    }
    try interpreter.set("take", to: taking)
    do throws(ScriptError) { try interpreter.run("ftp.retrbinary('RETR a.txt', take)") } catch { print(error) }
    try interpreter.run("print(ftp.pwd() == folder)")
    try interpreter.close()
  },
  // A deadline, or somebody who cancels, ends a wait for a server that has stopped, whoever waits: HOST PORT WHO [AUTHORITY].
  "share-stop": { words in
    let interpreter = try Interpreter()
    let session: FTPSession
    if words[2] == "taken" {
      try interpreter.set("port", to: Int(words[1]) ?? 21)
      try interpreter.run(
        "import ftplib\nftp = ftplib.FTP(host='\(words[0])', port=port, user='user', passwd='password')")
      session = try interpreter.session(for: interpreter["ftp"])
    } else {
      var configuration = FTPSession.Configuration()
      configuration.interrupt = interpreter.interrupt
      if words.count > 3 { configuration.security = try TLS(trust: .certificates(inFile: words[3])) }
      session = try FTPSession(host: words[0], port: UInt16(words[1]), configuration: configuration)
      try session.logIn(user: "user", password: "password")
      try interpreter.set("ftp", to: interpreter.object(for: session))
    }
    let lent = Lent(session)
    try interpreter.register("host") { () throws -> Int in try lent.session.content(of: "x").count }
    try interpreter.register("swallow") { () -> Int in (try? lent.session.content(of: "x").count) ?? -1 }
    let canceller = interpreter.canceller
    let source =
      switch words[2] {
      case "script": "ftp.retrbinary('RETR x', len)"
      case "swallow": "swallow()\nwhile True: pass"
      default: "host()"
      }
    do throws(ScriptError) { try interpreter.run(source, deadline: .milliseconds(300)) } catch { print(error.kind) }
    print(try session.workingDirectory(), try interpreter.eval("ftp.pwd()", as: String.self))
    after(.milliseconds(300)) { canceller.cancel() }
    do throws(ScriptError) { try interpreter.run(source) } catch { print(error.kind) }
    print(try session.workingDirectory(), try interpreter.eval("ftp.pwd()", as: String.self))
    try interpreter.close()
  },
  // The script leaves a transfer in TLS before its end, as it likes: HOST PORT AUTHORITY SCRIPT.
  "share-left": { words in
    let interpreter = try Interpreter()
    var configuration = FTPSession.Configuration()
    configuration.interrupt = interpreter.interrupt
    configuration.security = try TLS(trust: .certificates(inFile: words[2]))
    let session = try FTPSession(host: words[0], port: UInt16(words[1]) ?? 21, configuration: configuration)
    try session.logIn(user: "user", password: "password")
    try interpreter.set("ftp", to: interpreter.object(for: session))
    try interpreter.run(words[3])
    // In this order: until the object speaks again the replies to the transfer are the script's to read.
    print(try interpreter.eval("ftp.pwd()", as: String.self), try session.workingDirectory())
    try interpreter.close()
  },
]

/// A session for closures that run on its own thread alone.
private struct Lent: @unchecked Sendable {
  let session: FTPSession
  init(_ session: FTPSession) { self.session = session }
}

/// An interpreter, and a session whose `FTP` object is its variable `ftp`.
private func sharing(_ words: [String], _ body: (Interpreter, FTPSession) throws -> Void) throws {
  let interpreter = try Interpreter()
  var configuration = FTPSession.Configuration()
  configuration.interrupt = interpreter.interrupt
  if words.count > 5 { configuration.security = try TLS(trust: .certificates(inFile: words[5])) }
  configuration.isImplicitlySecure = words.last == "implicit"
  let session = try FTPSession(host: words[0], port: UInt16(words[1]) ?? 21, configuration: configuration)
  try session.logIn(user: words[2], password: words[3])
  try session.changeDirectory(to: words[4])
  try interpreter.set("ftp", to: interpreter.object(for: session))
  try body(interpreter, session)
  try interpreter.close()
}

extension FTPSession {
  fileprivate func content(of path: String) throws -> [UInt8] {
    var content: [UInt8] = []
    try retrieve(path) { content.append(contentsOf: $0) }
    return content
  }

  fileprivate func store(_ path: String, _ text: String) throws {
    var rest = Array(text.utf8)[...]
    try store(path) { buffer in
      let block = rest.prefix(buffer.count)
      buffer.copyBytes(from: block)
      rest = rest.dropFirst(block.count)
      return block.count
    }
  }
}
