internal import Glibc
public import FTPClient
public import PythonBridge

/// Makes an `ftplib.FTP` object over the connection of a Swift session; attached.
///
/// Both speak over it in turn, on one thread, with one count of replies. `timeout` in seconds becomes the object's; its `sock` is another descriptor of
/// the same connection. The server's address, which data connections go to, is the connection's.
public func makeObject(sharing session: FTPSession, timeout: Double?) throws(PythonError) -> PythonObject {
  let module = try importModule("ftplib")
  let state = try module.withPointer { (module) throws(PythonError) in try ModuleState.of(module: module) }
  guard let stream = session.control.stream as? Socket, stream.descriptor >= 0 else {
    throw .value("this session has no plain connection that is open")
  }
  let descriptor = fcntl(stream.descriptor, F_DUPFD_CLOEXEC, 0)
  guard descriptor >= 0 else { throw .raise(.osError, "no descriptor is left") }
  let socket: PythonObject
  do {
    let keywords = try PythonObject.dictionary()
    try keywords.set(.integer(Int(descriptor)), for: "fileno")
    socket = try state.socket().attribute("socket").call(arguments: .tuple([]), keywords: keywords)
  } catch {
    close(descriptor)
    throw error
  }
  let limit: PythonObject = if let timeout { try .float(timeout) } else { .none }
  try socket.callMethod(state.names[.settimeout], limit)
  let ftp = FTPObject(object: try state.ftpType.call(), state: state)
  try ftp.set(.host, .string(session.host))
  try ftp.set(.port, socket.callMethod("getpeername").item(1))
  try ftp.set(.timeout, limit)
  try ftp.set(.welcome, .string(session.welcome.text))
  try ftp.set(.af, socket.attribute(state.names[.family]))
  try ftp.set(.sock, socket)
  let connection = try Connection(socket, sharing: session.control, codec: ftp.codec, state: state)
  try ftp.set(.file, NativeObject.make(state.connectionType, connection))
  return ftp.object
}
