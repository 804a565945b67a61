import CPython
import FTPClient
import Glibc
import PythonBridge

/// A connection inside TLS of Swift's, as a Python object: what stands in `sock`, and what `transfercmd` returns, when a session whose
/// connections are secured is shared with a script.
///
/// It has those methods of a socket that the client uses, and scripts that read or write a data connection themselves. It is no
/// `socket.socket`: nothing of Python's can read or write below TLS.
final class SharedStream {
  private let session: FTPSession
  /// The data connection; nil for the control connection.
  private let transfer: DataTransfer?
  /// How long a call may wait; nil is for ever.
  var limit: Duration?
  private(set) var isClosed = false

  /// The control connection of a session.
  init(controlOf session: FTPSession, limit: Duration?) {
    self.session = session
    self.limit = limit
    transfer = nil
  }

  /// A data connection of a session.
  init(_ transfer: DataTransfer, of session: FTPSession) {
    self.session = session
    self.transfer = transfer
    limit = transfer.idleTimeout
  }

  deinit { if !isClosed { transfer?.breakOff() } }

  /// The content of such an object; nil for any other object.
  static func of(_ object: PythonObject, _ state: ModuleState) -> SharedStream? {
    object.isExactly(state.streamType) ? NativeObject.content(object, as: SharedStream.self) : nil
  }

  /// Where the bytes inside TLS go.
  var stream: any ByteStream { transfer?.stream ?? session.control.stream }

  /// The size that was announced for a download.
  var announced: UInt64? { transfer?.announced }

  /// Whether the peer, or somebody on the way, ended a download without TLS's `close_notify`.
  var endedWithoutNotice: Bool { transfer?.ending == .unannounced }

  /// The descriptor of the connection below TLS; -1 when it is closed.
  private var descriptor: CInt {
    if isClosed { return -1 }
    guard let transfer else { return session.socket.descriptor }
    return transfer.socket?.descriptor ?? -1
  }

  /// Throws when it has been closed.
  func requireOpen() throws(FTPError) {
    if descriptor < 0 { throw FTPError(errno: EBADF, "use a connection that is closed") }
  }

  /// Ends a transfer behind its last byte: see `DataTransfer.end`. Detached.
  func end() throws(FTPError) {
    guard !isClosed else { return }
    isClosed = true
    try transfer?.end()
  }

  /// Closes in the middle of a transfer.
  func breakOff() {
    guard !isClosed else { return }
    isClosed = true
    transfer?.breakOff()
  }

  /// `close()`: ends an upload and a download that has come to its end, breaks off any other. Of the control connection it
  /// only lets go: that is the session's. What goes wrong is dropped, for the server's reply decides; what interrupts it, as a signal's
  /// handler, is thrown. Detached.
  func close() throws(FTPError) {
    guard let transfer else { return isClosed = true }
    if transfer.command?.isUpload ?? false || transfer.ending != nil {
      do { try end() } catch { if case .interrupted = error.kind { throw error } }
    } else {
      breakOff()
    }
  }

  // MARK: As a Python object

  /// Makes the type of these objects.
  static func makeType(_ module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    let documentation: StaticString = "A connection in TLS that a Swift program shares: some of a socket's methods."
    return try PythonBridge.makeType(
      in: module, name: "\(name)._SharedStream", size: NativeObject.size, flags: py_collected_type_flags,
      slots: NativeObject.slots + [
        PyType_Slot(Py_tp_methods, methods.start),
        PyType_Slot(Py_tp_doc, documentation.cString),
      ])
  }

  private static let methods = StaticTable<PyMethodDef>(
    [
      .method("recv", "recv($self, bufsize, /)\n--\n\nRead at most so many bytes; b'' at the end.") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("recv", ["bufsize"], required: 1)) {
          stream, state, arguments in
          try stream.receive(atMost: arguments.required(0).integer())
        }
      },
      .method("sendall", "sendall($self, data, /)\n--\n\nWrite all bytes.") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("sendall", ["data"], required: 1)) {
          stream, state, arguments in
          _ = try stream.send(arguments.required(0))
          return .none
        }
      },
      .method("send", "send($self, data, /)\n--\n\nWrite all bytes, and return how many these are.") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("send", ["data"], required: 1)) {
          stream, state, arguments in
          try .integer(stream.send(arguments.required(0)))
        }
      },
      .method("close", "close($self, /)\n--\n\nEnd the transfer. (The control connection stays the program's.)") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("close")) { stream, _, _ in
          try Attachment.detach { () throws(FTPError) in try stream.close() }
          return .none
        }
      },
      .method("fileno", "fileno($self, /)\n--\n\nThe descriptor below TLS; -1 when closed.") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("fileno")) { stream, _, _ in
          try .integer(Int(stream.descriptor))
        }
      },
      .method("settimeout", "settimeout($self, value, /)\n--\n\nSet how long a call may wait: seconds, or None.") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("settimeout", ["value"])) { stream, _, arguments in
          stream.limit = try arguments.value(0).map { Duration(try $0.double()) }
          return .none
        }
      },
      .method("gettimeout", "gettimeout($self, /)\n--\n\nHow long a call may wait: seconds, or None.") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("gettimeout")) { stream, _, _ in
          try stream.limit.map { limit in try .float(limit.inSeconds) } ?? .none
        }
      },
      .method("getpeername", "getpeername($self, /)\n--\n\nThe server's address.") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("getpeername")) { stream, state, _ in
          try stream.asking(state) { try $0.callMethod(state.names[.getpeername]) }
        }
      },
      .method("getsockname", "getsockname($self, /)\n--\n\nThis side's address.") {
        instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("getsockname")) { stream, state, _ in
          try stream.asking(state) { try $0.callMethod(state.names[.getsockname]) }
        }
      },
      .method("__enter__", "__enter__($self, /)\n--\n\n") { instance, type, arguments, count, keywords in
        call(instance, type, arguments, count, keywords, Signature("__enter__")) { _, _, _ in
          instance.map { PythonObject(borrowed: $0) } ?? .none
        }
      },
      .method("__exit__", "__exit__($self, type, value, traceback, /)\n--\n\nClose.") {
        instance, type, arguments, count, keywords in
        let signature = Signature("__exit__", ["type", "value", "traceback"])
        return call(instance, type, arguments, count, keywords, signature) { stream, _, arguments in
          let hasFailed = arguments.value(0) != nil
          try Attachment.detach { () throws(FTPError) in
            if hasFailed { stream.breakOff() } else { try stream.close() }
          }
          return .none
        }
      },
    ], end: PyMethodDef())

  private static func call(
    _ instance: ObjectPointer?, _ type: OpaquePointer?, _ arguments: UnsafePointer<ObjectPointer?>?, _ count: Int,
    _ keywords: ObjectPointer?, _ signature: Signature,
    _ body: (SharedStream, ModuleState, Arguments) throws -> PythonObject
  ) -> ObjectPointer? {
    trampoline(definedBy: type) { state in
      guard
        let instance, let stream = NativeObject.content(PythonObject(borrowed: instance), as: SharedStream.self)
      else { throw PythonError.type("this method needs the connection that it is a method of") }
      return try body(stream, state, Arguments(signature, arguments, count, keywords: keywords))
    }
  }

  private func receive(atMost size: Int) throws -> PythonObject {
    try requireOpen()
    guard size >= 0 else { throw PythonError.value("negative buffersize in recv") }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(max(size, 1), 256 * 1024), alignment: 16)
    defer { buffer.deallocate() }
    guard size > 0 else { return try .bytes(UnsafeRawBufferPointer(rebasing: buffer.prefix(0))) }
    let count = try Attachment.detach { try stream.read(into: buffer, until: .after(limit)) }
    return try .bytes(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
  }

  private func send(_ data: PythonObject) throws -> Int {
    try requireOpen()
    return try data.withBytes { bytes in
      try Attachment.detach { try stream.write(bytes, idleTimeout: limit) }
      return bytes.count
    }
  }

  /// Calls `body` with a plain socket over the same connection, which lives as long as the call.
  func asking(_ state: ModuleState, _ body: (PythonObject) throws -> PythonObject) throws -> PythonObject {
    try requireOpen()
    let socket = try plainSocket(overCopyOf: descriptor, state)
    defer { PythonError.closing { try socket.callMethod(state.names[.close]) } }
    return try body(socket)
  }
}

/// A `socket.socket` over a copy of a descriptor.
func plainSocket(overCopyOf descriptor: CInt, _ state: ModuleState) throws(PythonError) -> PythonObject {
  let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
  guard copy >= 0 else { throw .system(errno) }
  do {
    let keywords = try PythonObject.dictionary()
    try keywords.set(.integer(Int(copy)), for: "fileno")
    return try state.socket().attribute("socket").call(arguments: .tuple([]), keywords: keywords)
  } catch {
    Glibc.close(copy)
    throw error
  }
}
