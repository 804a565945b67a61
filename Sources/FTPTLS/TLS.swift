internal import COpenSSL
public import FTPClient

/// TLS for `FTPSession` by OpenSSL (RFC 4217).
///
///     var configuration = FTPSession.Configuration()
///     configuration.security = try TLS()
///     let session = try FTPSession(host: "ftp.example.org", configuration: configuration)
///
/// As it stands the server must prove to be the host that was asked for by a certificate that leads to an authority of the system's; TLS 1.2 is
/// the least; and each data connection resumes the TLS session of the control connection, or shows the same certificate, or proves the
/// host as well. One object serves any number of sessions, on any threads.
public struct TLS: TransportSecurity {
  /// Whom to believe that a server is the host that was asked for.
  public enum Trust: Sendable, Equatable {
    /// The authorities of the system: on Debian those in `/etc/ssl/certs`, from the package `ca-certificates`; `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` in the environment name others.
    case system
    /// In place of these the certificates in a PEM file: of authorities, or of the server itself when that is to be the only one.
    case certificates(inFile: String)
    /// Nobody: any server is taken for the host, and so is anybody on the way, who then gets the password and all files. For a server in the
    /// same room. Data connections must still be the same server's.
    case dangerouslyAcceptAnyServer
  }

  /// A version of the protocol.
  public enum Version: Sendable, Comparable {
    /// RFC 5246.
    case tls12
    /// RFC 8446.
    case tls13
  }

  /// The certificate that this side shows to a server that asks for one.
  public struct ClientCertificate: Sendable {
    /// A PEM file with the certificate, and those that lead from it to the authority.
    public var certificateFile: String
    /// A PEM file with the private key; nil when that is in the same file.
    public var keyFile: String?
    /// What the key is encrypted with; nil when it is not.
    public var passphrase: String?

    /// Takes the names of the files, which `TLS` reads.
    public init(certificateFile: String, keyFile: String? = nil, passphrase: String? = nil) {
      self.certificateFile = certificateFile
      self.keyFile = keyFile
      self.passphrase = passphrase
    }
  }

  private let context: TLSContext

  /// Reads the certificates that are named.
  ///
  /// - Parameters:
  ///   - trust: Whom to believe. Default: the authorities of the system.
  ///   - clientCertificate: What to show to a server that asks. Default: nothing.
  ///   - versions: The protocol versions to speak. Default: both.
  ///   - resumesSessions: Whether data connections resume the control connection's TLS session. vsftpd and ProFTPD refuse data
  ///     connections that do not, unless they are configured otherwise. Default: yes.
  ///
  /// Throws `.security` for a file that cannot be read, that holds no certificate or key, or a key that does not fit; `.invalidArgument` for a
  /// NUL in a file's name or the passphrase.
  public init(
    trust: Trust = .system, clientCertificate: ClientCertificate? = nil,
    versions: ClosedRange<Version> = .tls12 ... .tls13, resumesSessions: Bool = true
  ) throws(FTPError) {
    context = try TLSContext(versions: versions, resumesSessions: resumesSessions, isVerifying: trust.isVerifying)
    try context.trust(trust)
    if let clientCertificate { try context.show(clientCertificate) }
  }

  /// Shakes hands as the client. See `TransportSecurity.secure`.
  public func secure(
    _ socket: Socket, host: String, control: (any SecureStream)?, until deadline: Deadline
  ) throws(FTPError) -> any SecureStream {
    let stream = try TLSStream(context, over: socket, host: host, control: control as? TLSStream)
    try stream.shakeHands(until: deadline)
    return stream
  }
}

extension TLS.Trust {
  var isVerifying: Bool { self != .dangerouslyAcceptAnyServer }
}

extension TLS.Version {
  var number: CInt {
    switch self {
    case .tls12: CInt(TLS1_2_VERSION)
    case .tls13: CInt(TLS1_3_VERSION)
    }
  }
}
