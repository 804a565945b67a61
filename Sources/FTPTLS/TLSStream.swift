internal import COpenSSL
internal import FTPClient
internal import Glibc

/// One connection inside TLS: OpenSSL's `SSL` over a `Socket`, which does all the waiting.
///
/// OpenSSL reads and writes the socket through `SocketBIO`. What goes wrong there waits in `failure` until the call into OpenSSL is back.
final class TLSStream: SecureStream, Waitable {
  private let ssl: OpaquePointer
  private let context: TLSContext
  let socket: Socket
  private let host: String
  /// Shared by the connections of a session.
  let tickets: SessionTickets
  /// The control connection's certificate, which a data connection may show in place of a proof of the host; to be freed.
  private let known: OpaquePointer?

  /// Until when the running call may wait for the socket.
  var deadline = Deadline.never
  /// How long the running call may wait for the socket to take something.
  var idleTimeout: Duration?
  /// Whether the deadline is for silence: over a slow way a record takes longer than a connection may be silent. Of a reply it is for the whole.
  private let isForSilence: Bool
  private var isReading = false
  /// Whether OpenSSL may read the socket, and wait: not for the sake of a record more.
  var mayRead = true
  /// What the socket threw during the running call.
  var failure: FTPError?
  /// Whether the socket has come to its end.
  var socketHasEnded = false
  /// Why the peer's certificate is refused.
  private var verdict: String?
  /// Why nothing can be written any more: a record has gone out in part.
  private var breakdown: FTPError?
  /// What went wrong behind bytes that were handed on first.
  private var pending: FTPError?

  private(set) var ending: SecureEnding?

  var waitable: CInt? { socket.waitable }
  var tellsAll: Bool { false }

  /// The most that one record holds (RFC 8446 section 5.1).
  private static let record = 16 * 1024
  /// How much to take from the socket at once.
  private static let readAhead = 128 * 1024

  /// A client on a connected socket, before the handshake. `control` makes it a data connection.
  init(_ context: TLSContext, over socket: Socket, host: String, control: TLSStream?) throws(FTPError) {
    guard let ssl = SSL_new(context.pointer) else { throw OpenSSLError.take("cannot start TLS") }
    self.ssl = ssl
    self.context = context
    self.socket = socket
    self.host = host
    tickets = control?.tickets ?? SessionTickets()
    known = control.flatMap { openssl_peer_certificate($0.ssl) }
    isForSilence = control != nil
    SSL_set_ex_data(ssl, Self.index, Unmanaged.passUnretained(self).toOpaque())
    guard let bio = SocketBIO.make(for: self) else { throw OpenSSLError.take("cannot start TLS") }
    SSL_set_bio(ssl, bio, bio)
    try expect(host)
    if control != nil {
      if context.resumesSessions { tickets.offer(to: ssl) }
      // Not on the control connection: after CCC it goes on without TLS, and nothing may have been read of that.
      SSL_set_read_ahead(ssl, 1)
      SSL_set_default_read_buffer_len(ssl, Self.readAhead)
    }
  }

  deinit {
    SSL_free(ssl)
    X509_free(known)
  }

  /// Has the certificate be one for the host.
  private func expect(_ host: String) throws(FTPError) {
    // An interface (`fe80::1%eth0`) and the dot of an absolute name are no part of what certificates say.
    var name = String(host.prefix { $0 != "%" })
    if name.hasSuffix(".") { name.removeLast() }
    guard !name.isEmpty, !name.utf8.contains(0) else {
      throw FTPError(.untrusted, "'\(host)' is no name that a certificate could be for")
    }
    let parameters = SSL_get0_param(ssl)
    X509_VERIFY_PARAM_set_hostflags(parameters, openssl_host_flags)
    if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return }
    guard X509_VERIFY_PARAM_set1_host(parameters, name, 0) == 1, openssl_set_server_name(ssl, name) == 1 else {
      throw OpenSSLError.take("'\(host)' is no name that a certificate could be for")
    }
  }

  // MARK: From OpenSSL's callbacks

  /// Where an `SSL` keeps its stream: the place that OpenSSL reserves for applications.
  private static let index: CInt = 0

  static func of(_ ssl: OpaquePointer) -> TLSStream? {
    SSL_get_ex_data(ssl, index).map { Unmanaged<TLSStream>.fromOpaque($0).takeUnretainedValue() }
  }

  static func of(store: OpaquePointer?) -> TLSStream? {
    X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()).flatMap { of(OpaquePointer($0)) }
  }

  /// Judges the certificate that the peer shows: 1 when it may go on.
  func judge(_ store: OpaquePointer?) -> CInt {
    if let known, let shown = X509_STORE_CTX_get0_cert(store), X509_cmp(known, shown) == 0 {
      X509_STORE_CTX_set_error(store, X509_V_OK)
      return 1
    }
    if context.isVerifying {
      if X509_verify_cert(store) == 1 { return 1 }
    } else if known == nil {
      X509_STORE_CTX_set_error(store, X509_V_OK)
      return 1
    } else {
      X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
    }
    verdict = Untrusted.sentence(X509_STORE_CTX_get_error(store), host: host, X509_STORE_CTX_get0_cert(store))
    return 0
  }

  /// Bytes have come from the socket.
  func noteArrival() {
    if isForSilence, isReading { deadline = .after(idleTimeout) }
  }

  // MARK: The handshake

  /// Shakes hands. See `TransportSecurity.secure`.
  func shakeHands(until deadline: Deadline) throws(FTPError) {
    SSL_set_connect_state(ssl)
    prepare(until: deadline, idleTimeout: deadline.remaining)
    let status = SSL_do_handshake(ssl)
    guard status != 1 else { return }
    if let failure = take() { throw failure }
    if socketHasEnded { throw FTPError(.security, "the server closed the connection during the TLS handshake") }
    if let verdict {
      ERR_clear_error()
      throw FTPError(.untrusted, verdict)
    }
    throw OpenSSLError.take()
  }

  var isResumed: Bool { SSL_session_reused(ssl) == 1 }

  var summary: String {
    "\(String(cString: SSL_get_version(ssl))), \(String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))))"
  }

  /// Before a call into OpenSSL.
  private func prepare(until deadline: Deadline, idleTimeout: Duration?) {
    ERR_clear_error()
    failure = nil
    mayRead = true
    self.deadline = deadline
    self.idleTimeout = idleTimeout
  }

  /// What the socket threw; with the time that is up in fewer words.
  private func take() -> FTPError? {
    defer { failure = nil }
    guard let failure, case .timedOut = failure.kind else { return failure }
    return FTPError(.timedOut, "timed out")
  }

  // MARK: Reading

  func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) throws(FTPError) -> Int {
    if let pending { throw pending }
    guard ending == nil, let base = buffer.baseAddress else { return 0 }
    prepare(until: deadline, idleTimeout: deadline.remaining)
    isReading = true
    defer { isReading = false }
    var count = 0
    // As many records as are there and fit, in one block.
    while count < buffer.count {
      let got = SSL_read(ssl, base + count, CInt(clamping: buffer.count - count))
      guard got > 0 else {
        if let error = noteEnd(got, "read from") {
          guard count > 0 else { throw error }
          if !error.isPassing { pending = error }
        }
        return count
      }
      count += Int(got)
      guard buffer.count - count >= Self.record, SSL_has_pending(ssl) == 1 else { break }
      mayRead = false
    }
    return count
  }

  func isReadable(within timeout: Duration) throws(FTPError) -> Bool {
    if pending != nil || ending != nil { return true }
    prepare(until: .after(timeout), idleTimeout: timeout)
    var byte: UInt8 = 0
    let got = SSL_peek(ssl, &byte, 1)
    if got > 0 { return true }
    guard let error = noteEnd(got, "read from") else { return ending != nil }
    if case .timedOut = error.kind { return false }
    if error.isPassing { throw error }
    pending = error
    return true
  }

  /// After a call that brought nothing: notes the end of the stream, or returns what went wrong.
  private func noteEnd(_ status: CInt, _ action: String) -> FTPError? {
    if let failure {
      self.failure = nil
      return failure
    }
    switch SSL_get_error(ssl, status) {
    case SSL_ERROR_ZERO_RETURN: ending = .announced
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
    case _ where socketHasEnded: ending = .unannounced
    default:
      let error = OpenSSLError.take()
      return FTPError(.security, "cannot \(action) \(socket.peer): \(error.message)")
    }
    ERR_clear_error()
    return nil
  }

  // MARK: Writing

  func write(_ bytes: UnsafeRawBufferPointer, idleTimeout: Duration?) throws(FTPError) {
    if let breakdown { throw breakdown }
    var rest = bytes[...]
    while let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
      prepare(until: .after(idleTimeout), idleTimeout: idleTimeout)
      let written = SSL_write(ssl, base, CInt(clamping: rest.count))
      guard written > 0 else { throw broken() }
      rest = rest.dropFirst(Int(written))
    }
  }

  func endWriting(idleTimeout: Duration?) throws(FTPError) {
    if let breakdown { throw breakdown }
    prepare(until: .after(idleTimeout), idleTimeout: idleTimeout)
    guard SSL_shutdown(ssl) >= 0 else { throw broken() }
  }

  private func broken() -> FTPError {
    let error =
      failure ?? FTPError(.security, "cannot write to \(socket.peer): \(OpenSSLError.take().message)")
    failure = nil
    breakdown = error
    return error
  }

  func shutdown() { socket.shutdown() }

  func close() { socket.close() }
}

extension FTPError {
  /// Whether the same call may succeed later.
  fileprivate var isPassing: Bool {
    switch kind {
    case .timedOut, .interrupted: true
    default: false
    }
  }
}
