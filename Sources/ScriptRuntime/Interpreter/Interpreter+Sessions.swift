internal import CPython
internal import CScriptRuntime
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
  /// Session and object are used in turn, on the interpreter's thread. While a transfer of the one's runs, in its callback or its sink, a call of the
  /// other throws `.state` (`ftplib.Error` in the script) and does no harm. Either may `quit`, and the other finds the connection closed; `close()` in
  /// the script ends its own hold alone.
  ///
  /// Without TLS the object opens data connections by its own attributes (`set_pasv`, `timeout`), not by the session's configuration, and knows of no
  /// proxy that the session goes through. With TLS the session opens and secures them, as its configuration says; the object is an `FTP` all the same,
  /// not an `FTP_TLS`, its `sock` is no `socket.socket`, and a download must end as the configuration's `requiresCloseNotify` says.
  ///
  /// `timeout` becomes the object's; nil is never, and so is one of more than 24 days. Throws `ValueError` when it is not above zero, or when the session is
  /// closed.
  public func object(for session: FTPSession, timeout: Duration? = .seconds(300)) throws(ScriptError) -> ScriptObject {
    let seconds = timeout.map(\.inSeconds)
    return try inside { (_) throws(ScriptError) in
      ScriptObject(try Self.sharing { try makeObject(sharing: session, timeout: seconds) })
    }
  }

  /// A session over the connection of a script's `FTP` object: the script has logged in, the program works.
  ///
  ///     try interpreter.run("ftp = FTP(host='192.0.2.1', user='me', passwd='secret')")
  ///     let session = try interpreter.session(for: interpreter["ftp"])
  ///     let entries = try session.entries(of: "/")
  ///
  /// From here on the two are used in turn, as those of `object(for:)`. Another call for the same connection returns the same session. Where
  /// `configuration` has no `interrupt` it gets the interpreter's; its `proxy` and `security` have no meaning here.
  ///
  /// Throws `ValueError` when the object is not connected, or not by a plain connection: one in TLS, or through a proxy, is made in Swift and handed to
  /// the script. Throws `ftplib.Error` while the object is in use, `TypeError` when it is no `ftplib.FTP`.
  public func session(
    for object: ScriptObject, configuration: FTPSession.Configuration = FTPSession.Configuration()
  ) throws(ScriptError) -> FTPSession {
    var configuration = configuration
    if configuration.interrupt == nil { configuration.interrupt = interrupt }
    configuration.proxy = nil
    configuration.security = nil
    let life = life
    return try inside { (_) throws(ScriptError) in
      guard object.life == life else { throw ScriptError(.state, "the object belongs to another interpreter") }
      let shared = PythonObject(borrowed: object.pointer)
      return try Self.sharing { try makeSession(sharing: shared, configuration: configuration) }
    }
  }

  /// What a session's configuration needs so that `cancel`, deadlines and Ctrl-C end its waits, while a script uses it and in a registered function.
  public var interrupt: Interrupt {
    let life = life
    return Interrupt {
      if Attachment.isDetached { return try Attachment.checkSignals() }
      // In a registered function, which may be detached; between calls there is nothing to stop.
      guard InterpreterLife.current == life,
        script_embedding_is_attached() || InterpreterLife.isOnItsThread && RunControl.shared.isRunning
      else { return }
      try Entry.inside(life) { () throws(ScriptError) in
        try hosted { () throws(PythonError) in try Attachment.checkSignals() }
      }
    }
  }

  /// Runs what throws a client's error, or the bridge's.
  private static func sharing<Result>(_ body: () throws -> Result) throws(ScriptError) -> Result {
    do { return try body() } catch {
      if let error = error as? FTPError { _ = setException(for: error) }
      throw ScriptError.taken()
    }
  }
}
