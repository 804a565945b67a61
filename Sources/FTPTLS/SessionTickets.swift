internal import COpenSSL

/// The TLS session that the data connections of one FTP session resume: the newest that the server has given.
final class SessionTickets {
  private var newest: OpaquePointer?

  deinit { SSL_SESSION_free(newest) }

  /// Keeps a session in place of the one before. A copy: OpenSSL spoils a session whose connection ends badly.
  func keep(_ session: OpaquePointer) {
    guard SSL_SESSION_is_resumable(session) == 1, let copy = SSL_SESSION_dup(session) else { return }
    SSL_SESSION_free(newest)
    newest = copy
  }

  /// Has a connection offer the session to the server.
  func offer(to ssl: OpaquePointer) {
    guard let newest, let copy = SSL_SESSION_dup(newest) else { return }
    SSL_set_session(ssl, copy)
    SSL_SESSION_free(copy)
  }
}
