import FTPClient
import FTPTLS
import Testing

extension ClientTests {
  /// TLS with the real servers: the table that the Python side has too.
  @Suite(.enabled(if: RealServer.areInstalled, "Tests/Servers/install.sh has not been run, or nobody is root"))
  struct SecureServerTests {
    struct Row: CustomTestStringConvertible, Sendable {
      let server: String
      let mode: String
      var isImplicit: Bool { mode.hasPrefix("implicit") }
      /// Whether a data connection must have resumed the control connection's session.
      var mustResume: Bool { mode.hasSuffix("reuse") }
      var testDescription: String { "\(server) \(mode)" }

      static let all =
        ["vsftpd", "proftpd"].flatMap { server in
          ["tls", "tls-reuse", "implicit", "implicit-reuse", "mtls"].map { Row(server: server, mode: $0) }
        } + [
          Row(server: "pureftpd", mode: "tls"), Row(server: "pyftpdlib", mode: "tls"),
          Row(server: "pyftpdlib", mode: "implicit"), Row(server: "aioftp", mode: "implicit"),
        ]
    }

    private static let content = pattern(300_000)

    private static func security(_ row: Row, _ version: TLS.Version) throws -> TLS {
      let client = TLS.ClientCertificate(certificateFile: RealServer.certificate("client.pem"))
      return try TLS(
        trust: .testAuthority, clientCertificate: row.mode == "mtls" ? client : nil, versions: version...version)
    }

    @Test(arguments: Row.all, [TLS.Version.tls12, .tls13])
    func `a session with downloads, uploads and listings`(_ row: Row, _ version: TLS.Version) throws {
      try RealServer.run(row.server, row.mode, files: ["file": Self.content, "empty": []]) { server in
        let configuration = try FTPSession.Configuration.secure(
          Self.security(row, version), implicit: row.isImplicit)
        try server.session(configuration) { session in
          #expect(session.isSecure)
          // Small uploads one behind the other are what loses data where the close is wrong, and where tickets run out.
          for round in 1...4 {
            try session.gives("file", Self.content)
            try session.puts("up\(round)", Self.content)
            #expect(try server.content(of: "up\(round)") == Self.content)
            try session.store("small") { _ in 0 }
            #expect(try server.content(of: "small") == [])
            try session.gives("empty", [])
            let names = try session.entries().map { String(decoding: $0.name, as: UTF8.self) }
            #expect(names.sorted().prefix(3) == ["empty", "file", "small"])
          }
          try session.quit()
        }
      }
    }

    @Test(arguments: Row.all.filter(\.mustResume), [TLS.Version.tls12, .tls13])
    func `every data connection resumes the session`(_ row: Row, _ version: TLS.Version) throws {
      try RealServer.run(row.server, row.mode, files: ["file": bytes("content")]) { server in
        let configuration = try FTPSession.Configuration.secure(
          Self.security(row, version), implicit: row.isImplicit)
        try server.session(configuration) { session in
          try session.setRepresentation(.binary)
          for _ in 1...30 {
            let transfer = try session.beginTransfer(Command("RETR", "file"))
            let stream = try #require(transfer.stream as? any SecureStream)
            #expect(stream.isResumed)
            #expect(stream.summary.hasPrefix(version == .tls12 ? "TLSv1.2, " : "TLSv1.3, "))
            try transfer.receive(blockSize: 1000) { _ in }
            #expect(stream.ending == .announced)
            try session.endTransfer(transfer)
          }
        }
      }
    }

    @Test(arguments: ["vsftpd", "proftpd"])
    func `a data connection that does not resume is refused with the server's words`(_ name: String) throws {
      try RealServer.run(name, "tls-reuse", files: ["file": Self.content]) { server in
        let security = try TLS(trust: .testAuthority, resumesSessions: false)
        try server.session(.secure(security)) { session in
          let error = #expect(throws: FTPError.self) { try session.bytes(of: "file") }
          #expect(error?.word == (name == "vsftpd" ? "reply 522" : "reply 425"), "\(error as Any)")
        }
      }
    }

    @Test(arguments: ["vsftpd", "proftpd", "pyftpdlib"])
    func `without a resumed session the data connection's certificate is verified`(_ name: String) throws {
      try RealServer.run(name, "tls", files: ["file": Self.content]) { server in
        try server.session(.secure(TLS(trust: .testAuthority, resumesSessions: false))) { session in
          try session.gives("file", Self.content)
        }
      }
    }

    @Test(arguments: ["vsftpd", "proftpd", "pureftpd", "pyftpdlib"])
    func `a transfer that is broken off leaves the session usable`(_ name: String) throws {
      let large = pattern(20_000_000)
      try RealServer.run(name, name == "vsftpd" || name == "proftpd" ? "tls-reuse" : "tls", files: ["file": large]) {
        server in
        try server.session(.secure()) { session in
          for _ in 1...3 {
            #expect(thrown { try session.retrieve("file") { _ in throw Stop() } } == "interrupted stop")
            _ = try session.workingDirectory()
            #expect(thrown { try session.puts("up", large, stoppingAt: 3) } == "interrupted stop")
          }
          try session.gives("file", large)
        }
      }
    }

    @Test(arguments: ["vsftpd", "proftpd", "pureftpd", "pyftpdlib"], [TLS.Version.tls12, .tls13])
    func `one that is broken off as soon as it has begun leaves the session usable`(
      _ name: String, _ version: TLS.Version
    ) throws {
      try RealServer.run(name, "tls", files: ["file": pattern(8_000_000)]) { server in
        try server.session(.secure(TLS(trust: .testAuthority, versions: version...version))) { session in
          try session.setRepresentation(.binary)
          for round in 1...30 {
            let command = try round % 3 == 0 ? Command("STOR", "up") : Command("RETR", "file")
            session.breakOff(try session.beginTransfer(command), after: FTPError(.state, "enough"))
            _ = try session.workingDirectory()
          }
        }
      }
    }

    @Test(arguments: [("proftpd", "tls-opt"), ("pureftpd", "tls")])
    func `the command channel is cleared, data stays secure`(_ name: String, _ mode: String) throws {
      try RealServer.run(name, mode, files: ["file": Self.content]) { server in
        try server.session(.secure()) { session in
          _ = try session.execute("NOOP")
          try session.clearCommandChannel()
          #expect(!session.isSecure)
          _ = try session.workingDirectory()
          _ = try session.execute("NOOP")
          try session.gives("file", Self.content)
          #expect(thrown { try session.clearCommandChannel() } == "state")
        }
      }
    }

    @Test(arguments: ["vsftpd", "proftpd"])
    func `active mode`(_ name: String) throws {
      try RealServer.run(name, "tls-reuse", files: ["file": Self.content]) { server in
        try server.session(.secure { $0.isPassive = false }) { session in
          try session.gives("file", Self.content)
        }
      }
    }

    @Test(arguments: ["microsocks", "tinyproxy"], ["vsftpd", "proftpd"])
    func `through a proxy`(_ proxy: String, _ name: String) throws {
      try RealServer.run(name, "tls-reuse", files: ["file": Self.content, "empty": []]) { server in
        try RealServer.run(proxy) { door in
          let url = "\(proxy == "tinyproxy" ? "http" : "socks5h")://127.0.0.1:\(door.port)"
          try server.session(.secure { $0.proxy = try Proxy(url: url) }) { session in
            for round in 1...5 {
              try session.gives("file", Self.content)
              try session.puts("up\(round)", Self.content)
              #expect(try server.content(of: "up\(round)") == Self.content)
              try session.gives("empty", [])
            }
          }
        }
      }
    }

    @Test func `data in the clear when that is asked for`() throws {
      try RealServer.run("proftpd", "tls-opt", files: ["file": Self.content]) { server in
        try server.session(.secure { $0.protectsData = false }) { session in
          let transfer = try session.beginTransfer(Command("RETR", "file"))
          #expect(!(transfer.stream is any SecureStream))
          try transfer.receive(blockSize: 1000) { _ in }
          try session.endTransfer(transfer)
        }
      }
    }

    @Test func `a server that has only plain data connections is an error before any file is named`() throws {
      try RealServer.run("pyftpdlib", "plain") { server in
        let error = #expect(throws: FTPError.self) { try server.session(.secure()) { _ in } }
        #expect(error?.word == "reply 500", "\(error as Any)")
        #expect(error?.message.hasPrefix("127.0.0.1 port \(server.port) refuses TLS: ") == true)
      }
    }
  }
}
