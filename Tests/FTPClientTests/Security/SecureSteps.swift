import COpenSSL
import FTPClient
import FTPTLS
import Foundation
import Testing

/// The server's side of TLS: a certificate of Tests/Servers/certificates.sh.
enum ServerContext {
  static let areCertificatesThere = FileManager.default.fileExists(atPath: RealServer.certificate("complete"))

  nonisolated(unsafe) static let server = make("server")
  nonisolated(unsafe) static let wrongHost = make("wrong-host")

  private static func make(_ name: String) -> OpaquePointer? {
    let context = SSL_CTX_new(TLS_server_method())
    SSL_CTX_use_certificate_chain_file(context, RealServer.certificate("\(name).crt"))
    SSL_CTX_use_PrivateKey_file(context, RealServer.certificate("\(name).key"), SSL_FILETYPE_PEM)
    return context
  }
}

extension Step {
  private static func handshake(_ wire: Wire, _ context: OpaquePointer?) throws {
    guard let context else { throw ScriptFault(description: "no certificate") }
    try wire.startTLS(context)
  }

  /// Shakes hands on the control connection.
  static let secure = Step("shake hands") { try handshake($0.control, ServerContext.server) }

  /// Shakes hands on the data connection.
  static let secureData = Step("shake hands on the data connection") {
    try handshake($0.transfer, ServerContext.server)
  }

  /// Shakes hands on the data connection with the certificate of another server; the client must refuse.
  static let secureDataAsAnother = Step("shake hands on the data connection as another server") { conversation in
    do { try handshake(conversation.transfer, ServerContext.wrongHost) } catch is ScriptFault { return }
    // Over TLS 1.3 the server is done before the client has judged.
    try conversation.transfer.awaitSocketEnd()
  }

  /// Sends `close_notify` on the data connection.
  static let notifyData = Step("send close_notify on the data connection") { try $0.transfer.endTLS() }

  /// Waits until the client has closed, or half-closed, the data connection below TLS.
  static let awaitDataEnd = Step("await the end below TLS") { try $0.transfer.awaitSocketEnd() }
}

extension [Step] {
  /// From the greeting to the agreement on data connections.
  static let secured: [Step] =
    .greeting + [.answer("AUTH TLS", "234 go"), .secure, .answer("USER me", "230 in")]
    + [.answer("PBSZ 0", "200 ok"), .answer("PROT P", "200 ok")]

  /// A data connection inside TLS for `command`.
  static func beginSecurely(_ command: String, type: String? = "I", _ reply: String = "150 here it comes") -> [Step] {
    begin(command, type: type, reply) + [.secureData]
  }
}

extension ScriptedServer {
  /// Runs a script that begins after the agreement on data connections against a session that has logged in.
  static func secureSession(
    _ steps: [Step], configuration: FTPSession.Configuration? = nil, _ body: (FTPSession) throws -> Void
  ) throws {
    try run(.secured + steps) { server in
      let session = try FTPSession(host: server.host, port: server.port, configuration: configuration ?? .secure())
      defer { session.close() }
      try session.logIn(user: "me")
      try body(session)
    }
  }
}
