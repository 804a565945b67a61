import CPython
import FTPClient
import PythonBridge

/// The end of TLS on a data connection, before it is closed.
///
/// Never skipped, for the peer must see that the data is whole, and a connection that is closed with something unread
/// in it, such as a session ticket, is reset. Never waited for in vain, for some servers never answer it.
struct TLSClosing {
  /// How long to look at one connection before the other.
  private static let glance = Duration.milliseconds(20)

  private let socket: PythonObject
  private let tls: TLSChannel
  private let connection: Connection?
  private let state: ModuleState
  private let deadline: Deadline

  /// Ends TLS on a stream's socket, in the time that the server may be silent; attached. Without TLS there is nothing to do.
  ///
  /// What goes wrong is dropped: the final reply decides. Throws `.timedOut` when neither connection has moved in that time, and what
  /// a signal's handler raises.
  static func end(
    _ stream: PythonStream, _ connection: Connection?, silence: Duration?, state: ModuleState
  ) throws {
    guard let tls = stream.tls else { return }
    let closing = TLSClosing(
      socket: stream.socket, tls: tls, connection: connection, state: state, deadline: .after(silence))
    do {
      try stream.socket.callMethod(state.names[.settimeout], .integer(0))
      guard try closing.sendNotice() else { return }
      try closing.drain()
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
    // Python's own: a popular recipe for CPython overrides it, to do nothing, because there it may hang.
    let unwrap = try state.ssl().attribute("SSLSocket").attribute("unwrap")
    while true {
      do {
        _ = try unwrap.call(socket)
        return false
      } catch {
        guard let want = try tls.want() else { throw error }
        if want == .reading { return true }
      }
      guard try hasMoved(.writing) else { return false }
    }
  }

  /// Half-closes, and reads below TLS what still comes, until the server closes or says on the control connection how the
  /// transfer ended.
  private func drain() throws {
    let plain = try state.socket().attribute("socket")
    try plain.callMethod(state.names[.shutdown], socket, .integer(1))
    while try hasMoved(.reading) {
      guard try plain.callMethod(state.names[.recv], socket, .integer(65536)).isTrue() else { return }
    }
  }

  /// Waits until the data connection can be read or written; false when the control connection has something to say first.
  private func hasMoved(_ want: TLSChannel.Want) throws -> Bool {
    while true {
      if try Attachment.detach({ try tls.wait(for: want, until: .earlier(deadline, .after(Self.glance))) }) {
        return true
      }
      if let connection, try Attachment.detach({ try connection.control.hasInput() }) { return false }
      if deadline.hasPassed {
        throw FTPError(.timedOut, "the server does not end the data connection, and sends no reply: timed out")
      }
    }
  }
}
