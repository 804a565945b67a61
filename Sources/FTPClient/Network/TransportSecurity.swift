/// TLS for a session's connections (RFC 4217): the seam to a library that has it.
///
/// `FTPClient` has no TLS of its own, and so no dependency. The product `FTPTLS` brings one by OpenSSL; another library, or another
/// policy of trust, is another implementation.
public protocol TransportSecurity: Sendable {
  /// Shakes hands, as the client, on a connected socket; returns the stream of what travels inside TLS, which closes the socket when
  /// it is closed.
  ///
  /// The peer must prove to be `host`. For a data connection `control` is what this method returned for the control connection of the same
  /// session: its TLS session is to be resumed, which vsftpd and ProFTPD require by default, with the newest ticket; and where the server
  /// declines that, the peer must prove to be the same server.
  ///
  /// Blocks until `deadline`. Throws `.untrusted`, `.security`, `.timedOut`, or what the socket throws; the message is the cause alone, the
  /// session puts before it what was tried. Then the socket is still the caller's to close.
  func secure(
    _ socket: Socket, host: String, control: (any SecureStream)?, until deadline: Deadline
  ) throws(FTPError) -> any SecureStream
}

/// A connection inside TLS.
public protocol SecureStream: ByteStream {
  /// How the peer ended the stream; nil as long as `read` has not come to the end.
  var ending: SecureEnding? { get }
  /// Whether the TLS session of an earlier connection was resumed.
  var isResumed: Bool { get }
  /// The protocol and the ciphers for a reader, as in "TLSv1.3, TLS_AES_256_GCM_SHA384".
  var summary: String { get }

  /// Says that nothing more will be written (`close_notify`, RFC 8446 section 6.1). Does not wait for the peer's.
  ///
  /// Blocks at most `idleTimeout`. Throws as `write`.
  func endWriting(idleTimeout: Duration?) throws(FTPError)
}

/// How a peer ended a TLS stream.
public enum SecureEnding: Sendable {
  /// By `close_notify`: what came is all that was sent.
  case announced
  /// By closing the connection below TLS, which anybody on the way can do as well: what came may be cut short.
  case unannounced
}
