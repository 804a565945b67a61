import CPython
import FTPClient
import PythonBridge

/// The end of TLS on a data connection, before it is closed.
///
/// Never skipped, for the peer must see that the data is whole, and a connection that is closed with something unread
/// in it, such as a session ticket, is reset. Never waited for in vain, for some servers never answer it.
struct TLSClosing {
  private let socket: PythonObject
  private let tls: any TLSLayer
  private let connection: Connection?
  private let state: ModuleState
  private let deadline: Deadline

  /// Ends TLS on a stream's socket, in the time that the server may be silent; attached. Without TLS there is nothing to do.
  ///
  /// `throughProxy` puts the half-close off (`TLSPatience.proxiedClose`).
  ///
  /// What goes wrong is dropped: the final reply decides. Throws `.timedOut` when neither connection has moved in that time, and what
  /// a signal's handler raises.
  static func end(
    _ stream: PythonStream, _ connection: Connection?, idleTimeout: Duration?, throughProxy: Bool, state: ModuleState
  ) throws {
    guard let tls = stream.tls else { return }
    let closing = TLSClosing(
      socket: stream.socket, tls: tls, connection: connection, state: state, deadline: .after(idleTimeout))
    do {
      try stream.socket.callMethod(state.names[.settimeout], .integer(0))
      guard try closing.sendNotice() else { return }
      try closing.drain(throughProxy: throughProxy)
    } catch let error as FTPError {
      switch error.kind {
      case .system, .state: return
      case .interrupted(let cause) where cause is TLSFailure: return
      default: throw error
      }
    } catch {
      guard PythonError.matches(.osError, .valueError) else { throw error }
      PythonError.clear()
    }
  }

  /// Sends `close_notify` (RFC 8446 section 6.1), behind the data that still waits to be sent. False when that was the end: the peer's
  /// had come, or it has closed, or it has said on the control connection what became of the transfer.
  private func sendNotice() throws -> Bool {
    while true {
      switch try tls.sendNotice() {
      case .reading: return true
      case nil: return false
      case .writing: break
      }
      switch try moved(.writing, until: deadline) {
      case .data: continue
      case .control: return false
      case nil: throw timedOut
      }
    }
  }

  /// Half-closes, and reads below TLS what still comes, until the server closes or says on the control connection how the
  /// transfer ended.
  private func drain(throughProxy: Bool) throws {
    if throughProxy, try reachesEnd(until: .earlier(deadline, .after(TLSPatience.proxiedClose))) { return }
    let plain = try state.socket().attribute("socket")
    try plain.callMethod(state.names[.shutdown], socket, .integer(1))
    guard try reachesEnd(until: deadline) else { throw timedOut }
  }

  /// Reads below TLS until one of these; false when the time is over first.
  private func reachesEnd(until limit: Deadline) throws -> Bool {
    let plain = try state.socket().attribute("socket")
    while true {
      switch try moved(.reading, until: limit) {
      case .data: if try !plain.callMethod(state.names[.recv], socket, .integer(65536)).isTrue() { return true }
      case .control: return true
      case nil: return false
      }
    }
  }

  /// The connection that has something to say.
  private enum Mover { case data, control }

  /// Waits until the data connection can be read or written, or the control connection has something to say; nil when the time is over
  /// first.
  private func moved(_ want: TLSWant, until limit: Deadline) throws -> Mover? {
    var end = limit
    var mayBeAnswer = false
    while true {
      if try Attachment.detach({ try tls.wait(for: want, until: .earlier(end, .after(TLSPatience.glance))) }) {
        return .data
      }
      if let connection, !mayBeAnswer, try Attachment.detach({ try connection.control.hasInput() }) {
        guard connection.control.awaitsKeepAliveAnswer else { return .control }
        // That may be the answer to a `NOOP`, and what is still to be sent must go. With the transfer's reply behind it, the server is done with
        // the connection soon.
        mayBeAnswer = true
        if want == .reading { end = .earlier(end, .after(TLSPatience.proxiedClose)) }
      }
      if end.hasPassed { return mayBeAnswer && want == .reading ? .control : nil }
    }
  }

  private var timedOut: FTPError {
    let server = connection?.control.host ?? "the server"
    return FTPError(
      .timedOut, "\(server) neither ends the data connection nor says what became of the transfer: timed out")
  }
}
