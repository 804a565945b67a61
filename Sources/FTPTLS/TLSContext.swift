internal import COpenSSL
internal import FTPClient
internal import Glibc

/// What all connections of a `TLS` have in common: OpenSSL's `SSL_CTX`, which does not change once it is made.
///
/// OpenSSL lets any number of threads use one.
final class TLSContext: @unchecked Sendable {
  let pointer: OpaquePointer
  let resumesSessions: Bool
  let isVerifying: Bool

  init(versions: ClosedRange<TLS.Version>, resumesSessions: Bool, isVerifying: Bool) throws(FTPError) {
    guard let pointer = SSL_CTX_new(TLS_client_method()) else { throw OpenSSLError.take("cannot start OpenSSL") }
    self.pointer = pointer
    self.resumesSessions = resumesSessions
    self.isVerifying = isVerifying
    guard openssl_set_versions(pointer, versions.lowerBound.number, versions.upperBound.number) == 1 else {
      throw OpenSSLError.take("cannot choose the version of TLS")
    }
    openssl_set_options(pointer)
    openssl_let_buffers_move(pointer)
    openssl_keep_no_sessions(pointer)
    // The certificates are judged by the stream: what it must prove differs from connection to connection.
    SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
    SSL_CTX_set_cert_verify_callback(pointer, { store, _ in TLSStream.of(store: store)?.judge(store) ?? 0 }, nil)
    SSL_CTX_sess_set_new_cb(pointer) { ssl, session in
      if let ssl, let session { TLSStream.of(ssl)?.tickets.keep(session) }
      return 0
    }
    // OpenSSL would ask at the terminal for the passphrase of a key.
    SSL_CTX_set_default_passwd_cb(pointer) { buffer, size, _, passphrase in
      guard let buffer, let passphrase else { return -1 }
      let text = passphrase.assumingMemoryBound(to: CChar.self)
      let length = strlen(text)
      guard length <= max(0, size) else { return -1 }
      memcpy(buffer, text, length)
      return CInt(clamping: length)
    }
  }

  deinit { SSL_CTX_free(pointer) }

  /// Loads whom to believe.
  func trust(_ trust: TLS.Trust) throws(FTPError) {
    switch trust {
    case .system:
      guard SSL_CTX_set_default_verify_paths(pointer) == 1 else {
        throw OpenSSLError.take("cannot read the system's certificates")
      }
    case .certificates(let file):
      try file.utf8.requireNoNUL(Self.texts)
      guard SSL_CTX_load_verify_locations(pointer, file, nil) == 1 else {
        throw OpenSSLError.take("cannot read certificates to trust from \(file)")
      }
      // A server's own certificate may stand in the file too.
      X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(pointer), openssl_partial_chain)
    case .dangerouslyAcceptAnyServer: break
    }
  }

  /// What a NUL would end for OpenSSL.
  private static let texts = "a certificate's file name and a key's passphrase"

  /// Loads what to show to servers.
  func show(_ certificate: TLS.ClientCertificate) throws(FTPError) {
    let file = certificate.certificateFile
    let keyFile = certificate.keyFile ?? file
    for text in [file, keyFile, certificate.passphrase ?? ""] { try text.utf8.requireNoNUL(Self.texts) }
    guard SSL_CTX_use_certificate_chain_file(pointer, file) == 1 else {
      throw OpenSSLError.take("cannot read the client's certificate from \(file)")
    }
    let status = withPassphrase(certificate.passphrase) {
      SSL_CTX_use_PrivateKey_file(pointer, keyFile, SSL_FILETYPE_PEM)
    }
    guard status == 1 else { throw OpenSSLError.take("cannot use the client's key from \(keyFile)") }
  }

  private func withPassphrase(_ passphrase: String?, _ body: () -> CInt) -> CInt {
    defer { SSL_CTX_set_default_passwd_cb_userdata(pointer, nil) }
    guard let passphrase else { return body() }
    return passphrase.withCString { text in
      SSL_CTX_set_default_passwd_cb_userdata(pointer, UnsafeMutableRawPointer(mutating: text))
      return body()
    }
  }
}

/// The errors that OpenSSL keeps for a thread.
enum OpenSSLError {
  /// Takes the first and drops the rest; `action` is what was tried.
  static func take(_ action: String? = nil) -> FTPError {
    let code = ERR_get_error()
    ERR_clear_error()
    let cause = words(code)
    return FTPError(.security, action.map { "\($0): \(cause)" } ?? cause)
  }

  private static func words(_ code: UInt) -> String {
    if code == 0 { return "unknown" }
    // Its reason is the `errno` of a file, for which OpenSSL itself has no words.
    if openssl_is_from_system(code) == 1 { return String(cString: strerror(openssl_reason(code))) }
    let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "OpenSSL error \(code)"
    guard openssl_is_from_tls(code) == 1 else { return reason }
    switch openssl_reason(code) {
    case SSL_R_WRONG_VERSION_NUMBER: return "what the server sent is not TLS (\(reason))"
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, SSL_R_TLSV1_ALERT_UNKNOWN_CA, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
      SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return "the server refuses this side's certificate, or misses one (\(reason))"
    default: return reason
    }
  }
}
