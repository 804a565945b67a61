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
  /// A place where the session was, and the trail's count then.
  private var known: (place: DirectoryPlace, count: Int)?
  /// The trail's count when the server was asked last where it is.
  private var askedAt: Int?
  /// Where the session went; nil where that is not to be seen, as through a `file` of somebody else's.
  private(set) var trail: DirectoryTrail?

  /// Whether the server has taken commands in one piece: see `TransferClient`.
  var allowsPipelining: Bool?

  /// Of a session that has just logged in. `isFirst` is whether that was the first time on its connection: some servers stay where they are when it
  /// is done again, as vsftpd.
  init(user: PythonObject, password: PythonObject, account: PythonObject, trail: DirectoryTrail?, isFirst: Bool) {
    (self.user, self.password, self.account, self.trail) = (user, password, account, trail)
    if isFirst { arrive(at: DirectoryPlace(), trail) }
  }

  // MARK: The directory

  /// Where the session is, or was when its connection was lost; nil when that is not certain.
  var place: DirectoryPlace? { trail?.place(after: known?.place, at: known?.count ?? 0) }

  /// Whether the server need not be asked where the session on this trail is: it was, and nothing has changed it since.
  func isSettled(on trail: DirectoryTrail?) -> Bool {
    trail.map { $0 === self.trail && $0.count == askedAt } ?? false
  }

  /// Notes where a session is.
  func arrive(at place: DirectoryPlace, _ trail: DirectoryTrail?) {
    self.trail = trail
    known = trail.map { (place, $0.count) }
    // What is not known by a name is asked for.
    askedAt = place.steps.isEmpty ? trail?.count : nil
  }

  /// Notes that the server has no name for where it is.
  func arriveNameless(on trail: DirectoryTrail?) {
    if trail !== self.trail { known = nil }
    (self.trail, askedAt) = (trail, trail?.count)
  }

  /// Notes that a session is to be in a place, wherever it is now.
  func hold(_ place: DirectoryPlace) {
    trail?.forgetOpen()
    known = trail.map { (place, $0.count) }
    askedAt = nil
  }

  // MARK: For the garbage collector

  var references: [PythonObject] { [user, password, account].compactMap(\.self) }

  func clearReferences() { (user, password, account) = (nil, nil, nil) }

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
