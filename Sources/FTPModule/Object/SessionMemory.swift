import CPython
import FTPClient
import PythonBridge

/// How an `FTP` object logged in, and where it was: what it takes to have the session again. The object in its attribute `_ftplib_session`,
/// which shows nothing of it.
final class SessionMemory: ReferenceHolder {
  private(set) var user: PythonObject?
  private(set) var password: PythonObject?
  private(set) var account: PythonObject?
  /// False when `login` was told not to secure the control connection.
  var isSecuredByLogin = true
  /// Whether the control connection was in TLS, and whether `ccc` led it out again.
  var isTLS = false
  var isCleared = false
  /// The directory, where it is another than that of the login.
  var directory: PythonObject?
  /// At how many changes of the directory that was true.
  var directoryChanges = DirectoryChanges()

  /// Whether the server has taken commands in one piece: see `TransferClient`.
  var allowsPipelining: Bool?

  init(user: PythonObject, password: PythonObject, account: PythonObject) {
    (self.user, self.password, self.account) = (user, password, account)
  }

  var references: [PythonObject] { [user, password, account, directory].compactMap(\.self) }

  func clearReferences() { (user, password, account, directory) = (nil, nil, nil, nil) }

  /// Makes the type of the objects in `_ftplib_session`.
  static func makeType(_ module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    let documentation: StaticString = "How an FTP object logged in."
    return try PythonBridge.makeType(
      in: module, name: "\(name)._Session", size: NativeObject.size, flags: py_collected_type_flags,
      slots: NativeObject.slots + [
        PyType_Slot(Py_tp_methods, methods.start),
        PyType_Slot(Py_tp_doc, documentation.cString),
      ])
  }

  private static let methods = StaticTable<PyMethodDef>(
    [
      .method("__reduce__", "__reduce__($self, /)\n--\n\nA copy of the FTP object has not logged in: None.") {
        _, type, _, _, _ in
        trampoline(definedBy: type) { _ in try .tuple(PythonObject.none.type, .tuple()) }
      }
    ], end: PyMethodDef())
}

extension FTPObject {
  /// What is remembered of the login; nil when there was none, or since `quit`.
  func memory() throws(PythonError) -> SessionMemory? {
    let value = try attribute(._ftplib_session)
    return value.isExactly(state.memoryType) ? NativeObject.content(value, as: SessionMemory.self) : nil
  }

  /// Remembers a login that the server has accepted.
  func remember(_ memory: SessionMemory) throws(PythonError) {
    try set(._ftplib_session, NativeObject.make(state.memoryType, memory))
  }

  /// Forgets it: the session was ended on purpose.
  func forget() { PythonError.preserving { try object.glance.setNone(state.names[glance: ._ftplib_session]) } }
}
