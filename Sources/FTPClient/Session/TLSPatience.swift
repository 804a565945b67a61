/// How long servers get for their part of TLS on a data connection.
package enum TLSPatience {
  /// For a handshake that goes on behind an interruption: vsftpd 3.0.3 ("500 OOPS" in the clear on the control connection) and Pure-FTPd 1.0.50
  /// (without a word, in `tls_init_data_session`) end the session when the connection is closed before.
  package static let handshake = Duration.seconds(1)
  /// For the first data of a download that is broken off, from the handshake on: see `SecureClosing.reset`.
  package static let firstData = Duration.seconds(1)
  /// For the end of a connection through a proxy, before the client half-closes. A proxy may take a half-close for the end of both directions:
  /// microsocks closes both connections at once, which resets the server's when it has sent what nobody has read yet, and takes the end of an
  /// upload with it. To most servers `close_notify` says enough.
  package static let proxiedClose = Duration.seconds(1)
  /// How long to look at one connection before the other.
  package static let glance = Duration.milliseconds(20)
}
