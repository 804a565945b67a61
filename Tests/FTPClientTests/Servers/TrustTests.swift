import FTPClient
import FTPTLS
import Testing

extension ClientTests {
  /// Whom a client believes, with real servers and the certificates of Tests/Servers/certificates.sh.
  @Suite(.enabled(if: RealServer.areInstalled, "Tests/Servers/install.sh has not been run, or nobody is root"))
  struct TrustTests {
    struct Refusal: CustomTestStringConvertible, Sendable {
      let certificate: String
      let trust: TLS.Trust
      let cause: String
      var testDescription: String { "\(certificate), \(trust)" }

      static let all = [
        Refusal(
          certificate: "wrong-host", trust: .testAuthority,
          cause: "the server's certificate is not for localhost, but for wrong.invalid"),
        Refusal(
          certificate: "expired", trust: .testAuthority,
          cause: "the server's certificate has expired on 2020-01-02"),
        Refusal(
          certificate: "self-signed", trust: .testAuthority,
          cause: "the server's certificate is signed by itself, and is not among those that are trusted"),
        Refusal(
          certificate: "server", trust: .system,
          cause: "the server's certificate is signed by nobody who is trusted "
            + "(unable to get local issuer certificate)"),
      ]
    }

    @Test(arguments: Refusal.all, ["vsftpd", "pyftpdlib"])
    func `a certificate that proves nothing is refused, with host and cause`(
      _ refusal: Refusal, _ name: String
    ) throws {
      for implicit in [false, true] {
        try RealServer.run(name, implicit ? "implicit" : "tls", certificate: refusal.certificate) { server in
          let configuration = try FTPSession.Configuration.secure(TLS(trust: refusal.trust), implicit: implicit)
          let error = #expect(throws: FTPError.self) {
            try FTPSession(host: "localhost", port: server.port, configuration: configuration)
          }
          #expect(error?.word == "untrusted")
          #expect(
            error?.message
              == "cannot secure the connection to localhost (127.0.0.1 port \(server.port)): \(refusal.cause)")
        }
      }
    }

    @Test(arguments: ["wrong-host", "expired", "self-signed", "server"])
    func `asked to, it believes anybody`(_ certificate: String) throws {
      try RealServer.run("vsftpd", "tls-reuse", certificate: certificate, files: ["file": bytes("content")]) { server in
        try server.session(.secure(TLS(trust: .dangerouslyAcceptAnyServer))) { session in
          try session.gives("file", bytes("content"))
        }
      }
    }

    @Test func `a server's own certificate may be the one to trust`() throws {
      let trust = TLS.Trust.certificates(inFile: RealServer.certificate("self-signed.crt"))
      try RealServer.run("vsftpd", "tls", certificate: "self-signed", files: ["file": bytes("content")]) { server in
        try server.session(.secure(TLS(trust: trust)), host: "localhost") { session in
          try session.gives("file", bytes("content"))
        }
      }
    }

    @Test(arguments: ["server", "server-ec"], ["localhost", "127.0.0.1"])
    func `names, addresses and kinds of keys`(_ certificate: String, _ host: String) throws {
      try RealServer.run("proftpd", "tls-reuse", certificate: certificate, files: ["file": bytes("content")]) {
        server in
        try server.session(.secure(), host: host) { session in
          try session.gives("file", bytes("content"))
        }
      }
    }

    @Test func `IPv6`() throws {
      try RealServer.run("vsftpd", "tls-reuse", bind: "::1", files: ["file": bytes("content")]) { server in
        try server.session(.secure()) { session in
          try session.gives("file", bytes("content"))
        }
      }
    }

    @Test(arguments: ["vsftpd", "proftpd"])
    func `a server that wants a certificate says so`(_ name: String) throws {
      try RealServer.run(name, "mtls") { server in
        let error = #expect(throws: FTPError.self) { try server.session(.secure()) { _ in } }
        // ProFTPD closes without an alert over TLS 1.3.
        #expect(["security", "closed", "system 104"].contains(error?.word), "\(error as Any)")
      }
    }

    @Test(arguments: [
      ("/nowhere.pem", "client.pem", "cannot read certificates to trust from /nowhere.pem: No such file or directory"),
      ("ca.pem", "/nowhere.pem", "cannot read the client's certificate from /nowhere.pem: No such file or directory"),
      ("server.key", "client.pem", "cannot read certificates to trust from "),
      ("ca.pem", "client.crt", "cannot use the client's key from "),
    ])
    func `a file that is no certificate is named`(_ authorities: String, _ client: String, _ message: String) throws {
      func file(_ name: String) -> String { name.hasPrefix("/") ? name : RealServer.certificate(name) }
      let error = #expect(throws: FTPError.self) {
        try TLS(
          trust: .certificates(inFile: file(authorities)),
          clientCertificate: TLS.ClientCertificate(certificateFile: file(client)))
      }
      #expect(error?.word == "security")
      #expect(error?.message.hasPrefix(message) == true, "\(error as Any)")
    }

    @Test func `a key that belongs to another certificate is refused`() throws {
      let error = #expect(throws: FTPError.self) {
        try TLS(
          clientCertificate: TLS.ClientCertificate(
            certificateFile: RealServer.certificate("client.crt"), keyFile: RealServer.certificate("server.key")))
      }
      #expect(error?.message.contains("key values mismatch") == true, "\(error as Any)")
    }
  }
}
