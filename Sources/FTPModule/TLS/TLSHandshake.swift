import FTPClient
import PythonBridge

/// The way of one data connection into TLS, and how it ends where Ctrl-C, or another exception that is not the connection's, breaks it off.
///
/// The server has the command by then, and awaits the handshake. When the connection is closed instead, some end the session. So the
/// handshake is brought to its end first, in a short time (`TLSPatience.handshake`; a second Ctrl-C ends that at once), and then the connection is reset as
/// in the middle of a transfer.
final class TLSHandshake {
  /// The socket: the plain one, and then what has been wrapped around it.
  var socket: PythonObject
  /// The TLS where it goes by way of memory.
  var pipe: TLSPipe?
  private let state: ModuleState

  /// How long it may take to say something when all is done. ProFTPD 1.3.8 ends the session when a download in TLS 1.3 is reset right behind
  /// the client's last word of the handshake.
  fileprivate static let glance = Duration.milliseconds(200)

  init(_ socket: PythonObject, _ state: ModuleState) {
    self.socket = socket
    self.state = state
  }

  /// Whether what was thrown is none of the connection's own failures: a signal's handler has raised it, or a hook. Attached.
  static func isBrokenOff(by error: any Error, _ state: ModuleState) -> Bool {
    if let error = error as? FTPError {
      if case .interrupted(let cause) = error.kind { return !(cause is TLSFailure) }
      return false
    }
    if error is LocalFailure { return true }
    if let failure = error as? PythonFailure {
      let kind = failure.exception.type
      return ![.osError, .eofError, state.errors.error].contains(where: kind.isSubclass)
    }
    return error is PythonError && !PythonError.matches(.osError, .eofError, state.errors.error)
  }

  /// Closes the connection; where `isExpected` the handshake comes first, and the close is a reset. `make` begins it where nothing has yet.
  /// Returns whether the handshake came to its end. The exception that is set stays. Attached, but for the waiting.
  func breakOff(isExpected: Bool, _ make: (PythonObject) throws -> TLSPipe) -> Bool {
    var isWhole = false
    if isExpected {
      PythonError.preserving {
        let deadline = Deadline.after(TLSPatience.handshake)
        if try state.isTLS(socket) {
          try finish(socket, until: deadline)
        } else {
          let pipe = try self.pipe ?? make(socket)
          try pipe.shakeHands(until: deadline)
          isWhole = true
          try glance(pipe.transport, until: deadline)
        }
        isWhole = true
      }
    }
    if isWhole { PythonError.preserving { try state.resetOnClose(socket) } }
    PythonError.closing { try socket.callMethod(state.names[.close]) }
    return isWhole
  }

  /// The same for an `ssl.SSLSocket`.
  private func finish(_ socket: PythonObject, until deadline: Deadline) throws {
    try socket.callMethod(state.names[.settimeout], .integer(0))
    let connection = Socket(
      descriptor: CInt(clamping: try socket.callMethod(state.names[.fileno]).integer()), owned: false,
      peer: "the data connection", interrupt: Interrupt(Attachment.checkSignals))
    while true {
      do {
        try socket.callMethod(state.names[.do_handshake])
        return try glance(connection, until: deadline)
      } catch {
        guard let want = try TLSWant.raised(state) else { throw error }
        let isReady = try Attachment.detach {
          try want == .reading ? connection.isReadable(until: deadline) : connection.isWritable(until: deadline)
        }
        guard isReady else { throw FTPError(.timedOut, "the server does not shake hands: timed out") }
      }
    }
  }

  private func glance(_ connection: Socket, until deadline: Deadline) throws {
    _ = try Attachment.detach {
      try connection.isReadable(until: .earlier(deadline, .after(Self.glance)))
    }
  }
}

extension TLSLayer {
  /// Lets the server come behind the handshake, where a transfer is broken off by `error` before a byte of it has gone: see
  /// `TLSHandshake`. The exception that is set stays. Attached, but for the waiting.
  func awaitServer(_ transfer: DataTransfer, brokenOffBy error: any Error, _ state: ModuleState) {
    guard transfer.transferred == 0, TLSHandshake.isBrokenOff(by: error, state) else { return }
    PythonError.preserving {
      _ = try Attachment.detach { try wait(for: .reading, until: .after(TLSHandshake.glance)) }
    }
  }
}

extension ModuleState {
  /// Has the close of a socket of Python's be a reset. Attached.
  func resetOnClose(_ socket: PythonObject) throws(PythonError) {
    let descriptor = CInt(clamping: try socket.callMethod(names[.fileno]).integer())
    guard descriptor >= 0 else { return }
    Socket(descriptor: descriptor, owned: false, peer: "").resetOnClose()
  }
}
