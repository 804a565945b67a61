internal import Glibc
public import FTPClient
public import PythonBridge

/// Makes an `ftplib.FTP` object over the connection of a Swift session; attached.
///
/// Both speak over it in turn, on one thread, with one count of replies. `timeout` in seconds becomes the object's; nil is never, and so is what
/// Python's sockets cannot count. Throws `ValueError` for one that is not above 0. Without TLS its
/// `sock` is another descriptor of the same connection, and it opens data connections itself, to the connection's address. With TLS the
/// session does that.
public func makeObject(sharing session: FTPSession, timeout: Double?) throws -> PythonObject {
  let state = try ModuleState.imported()
  guard session.socket.descriptor >= 0 else { throw PythonError.value("this session is closed") }
  // They count milliseconds in a C `int`.
  let seconds = timeout.flatMap { $0 < Double(CInt.max) / 1000 ? $0 : nil }
  let limit: PythonObject = if let seconds { try .float(seconds) } else { .none }
  try FTPObject.checkTimeout(limit)
  let plain = try plainSocket(overCopyOf: session.socket.descriptor, state)
  let ftp = FTPObject(object: try state.ftpType.call(), state: state)
  try ftp.set(.host, .string(session.host))
  try ftp.set(.port, plain.callMethod("getpeername").item(1))
  try ftp.set(.timeout, limit)
  try ftp.set(.welcome, .string(session.welcome.text))
  try ftp.set(.af, plain.attribute(state.names[.family]))
  var socket = plain
  if session.isSecure {
    try plain.callMethod(state.names[.close])
    let stream = SharedStream(controlOf: session, limit: seconds.map { Duration($0) })
    socket = try NativeObject.make(state.streamType, stream)
  }
  try socket.callMethod(state.names[.settimeout], limit)
  try ftp.set(.sock, socket)
  let connection = try Connection(socket, sharing: session, codec: ftp.codec, state: state)
  try ftp.set(.file, NativeObject.make(state.connectionType, connection))
  return ftp.object
}

/// Makes a Swift session over the connection of a script's `FTP` object, or returns the one that the object shares already; attached.
///
/// From here on both speak over it in turn. Throws `ValueError` when the object is not connected, runs a transfer, or has no plain
/// connection of its own: one in TLS is Python's, which the session could not use without the interpreter.
public func makeSession(
  sharing object: PythonObject, configuration: FTPSession.Configuration
) throws -> FTPSession {
  let state = try ModuleState.imported()
  guard try object.isInstance(of: state.ftpType) else {
    throw PythonError.type("expected an ftplib.FTP, not '\(object.typeName)'")
  }
  let ftp = FTPObject(object: object, state: state)
  guard let connection = try ftp.connection(), !connection.isClosed else {
    throw PythonError.value("this FTP object is not connected")
  }
  if let session = connection.session { return session }
  guard try !object.isInstance(of: state.ftpTLSType), try ftp.attribute(._ftplib_proxied_host).isNone,
    let descriptor = connection.stream.plainDescriptor
  else {
    throw PythonError.value(
      "only a plain connection can become a session: for TLS or a proxy connect in Swift, and hand the session to the script"
    )
  }
  try connection.requireIdle()
  try Attachment.detach { try connection.control.realign() }
  let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
  guard copy >= 0 else { throw PythonError.system(errno) }
  let (host, port) = (try ftp.text(.host), try ftp.attribute(.port).integer())
  let session = try FTPSession(
    over: Socket(
      descriptor: copy, owned: true, peer: "\(host) port \(port)", interrupt: configuration.interrupt),
    host: host, port: UInt16(clamping: port), welcome: Reply(bytes: Array(ftp.text(.welcome).utf8)),
    configuration: configuration)
  session.control.trail = connection.control.trail
  let shared = try Connection(
    connection.stream.socket, sharing: session, codec: ftp.codec, state: state)
  try ftp.set(.file, NativeObject.make(state.connectionType, shared))
  return session
}
