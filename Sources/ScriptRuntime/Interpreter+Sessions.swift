public import FTPClient
internal import FTPModule
internal import PythonBridge

/// One FTP connection for the program and its script.
extension Interpreter {
  /// An `ftplib.FTP` object over a session's connection: the program logs in, the script works.
  ///
  ///     var configuration = FTPSession.Configuration()
  ///     configuration.interrupt = interpreter.interrupt
  ///     let session = try FTPSession(host: host, configuration: configuration)
  ///     try session.logIn(user: user, password: password)
  ///     try interpreter.set("ftp", to: interpreter.object(for: session))
  ///     try interpreter.run("ftp.retrbinary('RETR a.bin', open('a.bin', 'wb').write)")
  ///
  /// Session and object are used in turn, on the interpreter's thread: neither while a transfer of the other's runs. Either may `quit`, and the other finds the
  /// connection closed; `close()` in the script ends its own hold alone. The object opens data connections by its own attributes (`set_pasv`, `timeout`), not
  /// by the session's configuration; it is an `FTP`, not an `FTP_TLS`, and knows of no proxy that the session goes through.
  ///
  /// Throws `ValueError` when the session is closed or its connection is not a plain one.
  public func object(for session: FTPSession, timeout: Duration? = .seconds(300)) throws(ScriptError) -> ScriptObject {
    let seconds = timeout.map { Double($0.components.seconds) + Double($0.components.attoseconds) / 1e18 }
    return try inside { (_) throws(ScriptError) in
      ScriptObject(try hosted { () throws(PythonError) in try makeObject(sharing: session, timeout: seconds) })
    }
  }

  /// What a session's configuration needs so that `cancel`, deadlines and Ctrl-C end its waits while a script uses it.
  public var interrupt: Interrupt {
    Interrupt { if Attachment.isDetached { try Attachment.checkSignals() } }
  }
}
