import FTPClient
import FTPTLS
import Testing

extension ClientTests {
  /// How TLS begins, and what must not pass for a beginning.
  @Suite(.enabled(if: ServerContext.areCertificatesThere, "Tests/Servers/install.sh certificates has not been run"))
  struct SecurityTests {
    private func connect(
      _ server: ScriptedServer, _ change: (inout FTPSession.Configuration) throws -> Void = { _ in }
    ) throws -> FTPSession {
      try FTPSession(host: server.host, port: server.port, configuration: .secure(nil, implicit: false, change))
    }

    @Test(arguments: ["500 what?", "502 no", "504 not that", "534 no", "431 not now", "334 more", "120 wait"])
    func `a server that refuses TLS gets neither name nor password`(_ refusal: String) throws {
      try ScriptedServer.run(.greeting + [.answer("AUTH TLS", refusal), .farewell]) { server in
        let error = #expect(throws: FTPError.self) { try connect(server) }
        #expect(error?.word == "reply \(refusal.prefix(3))")
        #expect(error?.message == "127.0.0.1 port \(server.port) refuses TLS: \(refusal)")
      }
    }

    @Test func `a greeting that says logged in does not skip TLS`() throws {
      let steps: [Step] = [.say("230 you are in"), .answer("AUTH TLS", "234 go"), .secure] + .inStep
      try ScriptedServer.run(steps) { server in
        let session = try connect(server)
        defer { session.close() }
        #expect(session.isSecure)
        try session.isInStep()
      }
    }

    @Test(arguments: ["230 you are in\r\n", "230-you", "\r\n"])
    func `what comes in the clear behind the reply to AUTH is no reply`(_ injected: String) throws {
      try ScriptedServer.run(.greeting + [.hear("AUTH TLS"), .sayRaw("234 go\r\n" + injected), .farewell]) { server in
        let error = #expect(throws: FTPError.self) { try connect(server) }
        #expect(error?.word == "security")
        #expect(
          error?.message == "127.0.0.1 port \(server.port) sent something between its reply to AUTH and the TLS "
            + "handshake, where nothing may come")
      }
    }

    @Test func `a server that goes away at the handshake is an error`() throws {
      try ScriptedServer.run(.greeting + [.answer("AUTH TLS", "234 go"), .hangUp]) { server in
        #expect(["closed", "security", "system 104"].contains(thrown { try connect(server) }))
      }
    }

    @Test func `a server that does not speak TLS is an error that says so`() throws {
      let steps: [Step] = .greeting + [.answer("AUTH TLS", "234 go"), .quiet(.zero)]
      let answer = Step("answer in the clear") { conversation in
        _ = try conversation.control.read(count: 5)
        try conversation.control.send(bytes("421 what is this?\r\n"))
        try conversation.control.awaitEnd()
      }
      try ScriptedServer.run(steps.dropLast() + [answer]) { server in
        let error = #expect(throws: FTPError.self) { try connect(server) }
        #expect(error?.word == "security")
        #expect(
          error?.message == "cannot secure the connection to 127.0.0.1 (127.0.0.1 port \(server.port)): what the "
            + "server sent is not TLS (wrong version number)")
      }
    }

    @Test func `a silent handshake ends at the deadline, and Ctrl-C ends it at once`() throws {
      let steps: [Step] = .greeting + [.answer("AUTH TLS", "234 go"), .indifference]
      try ScriptedServer.run(steps) { server in
        let time = try elapsed {
          let error = #expect(throws: FTPError.self) {
            try connect(server) { $0.connectTimeout = .milliseconds(300) }
          }
          #expect(error?.word == "timedOut" && error?.message.hasSuffix(": timed out") == true)
        }
        #expect((.milliseconds(300) ..< .milliseconds(1500)).contains(time))
      }
      try ScriptedServer.run(steps) { server in
        let alarm = Alarm()
        alarm.set(in: .milliseconds(100))
        #expect(thrown { try connect(server) { $0.interrupt = alarm.interrupt } } == "interrupted stop")
        #expect(alarm.delay < .milliseconds(500))
      }
    }

    @Test(arguments: ["536 no", "534 policy", "431 not now"])
    func `a server that does not secure data is refused before any data`(_ refusal: String) throws {
      let steps: [Step] =
        .greeting + [.answer("AUTH TLS", "234 go"), .secure, .answer("USER me", "230 in")]
        + [.answer("PBSZ 0", "200 ok"), .answer("PROT P", refusal), .farewell]
      try ScriptedServer.run(steps) { server in
        let session = try connect(server)
        defer { session.close() }
        let error = #expect(throws: FTPError.self) { try session.logIn(user: "me") }
        #expect(
          error?.message
            == "127.0.0.1 port \(server.port) refuses to secure what data connections carry: \(refusal)")
      }
    }

    @Test func `an implicit server need not know PROT`() throws {
      let steps: [Step] =
        [.secure, .say("220 ready"), .answer("USER me", "230 in"), .answer("PBSZ 0", "502 what?")]
        + [.answer("PROT P", "500 what?")] + .beginSecurely("RETR f") + [
          .data(bytes("content")), .notifyData, .endData,
        ]
        + [.say("226 done")] + .inStep
      try ScriptedServer.run(steps) { server in
        let session = try FTPSession(host: server.host, port: server.port, configuration: .secure(implicit: true))
        defer { session.close() }
        try session.logIn(user: "me")
        try session.gives("f", bytes("content"))
        try session.isInStep()
      }
    }

    @Test func `after a command of the caller's own data is agreed on anew`() throws {
      let steps: [Step] =
        [.answer("PROT C", "200 ok"), .answer("PBSZ 0", "200 ok"), .answer("PROT P", "200 ok")]
      let script = [steps[0], .answer("TYPE I", "200 ok")] + steps[1...] + [.answer("PASV", "530 no")]
      try ScriptedServer.secureSession(script + .inStep) { session in
        _ = try session.execute("PROT C")
        #expect(thrown { try session.bytes(of: "f") } == "reply 530")
        try session.isInStep()
      }
    }

    // MARK: Data connections

    @Test(arguments: [TLS.Trust.testAuthority, .dangerouslyAcceptAnyServer])
    func `a data connection to another server is refused`(_ trust: TLS.Trust) throws {
      let steps: [Step] = .begin("RETR f") + [.secureDataAsAnother, .say("426 broken off")]
      try ScriptedServer.secureSession(
        steps + .inStep, configuration: .secure(TLS(trust: trust, resumesSessions: false))
      ) { session in
        let error = #expect(throws: FTPError.self) { try session.bytes(of: "f") }
        #expect(error?.word == "untrusted")
        let cause =
          trust == .testAuthority
          ? "the server's certificate is not for 127.0.0.1, but for wrong.invalid"
          : "the data connection's certificate is not that of the control connection"
        #expect(error?.message.hasPrefix("cannot secure the data connection of 127.0.0.1 port ") == true)
        #expect(error?.message.hasSuffix(": \(cause)") == true, "\(error as Any)")
        try session.isInStep()
      }
    }

    @Test func `the server's word on a data connection that failed is the error`() throws {
      let steps: [Step] = .begin("RETR f") + [.endData, .say("425 Unable to build data connection")]
      try ScriptedServer.secureSession(steps + .inStep) { session in
        #expect(thrown { try session.bytes(of: "f") } == "reply 425")
        try session.isInStep()
      }
    }

    @Test func `a NUL ends no file's name, and no passphrase`() throws {
      let (client, certificate) = (RealServer.certificate("client.pem"), RealServer.certificate("client.crt"))
      let trust = TLS.Trust.certificates(inFile: RealServer.certificate("ca.pem") + "\0x")
      #expect(thrown { try TLS(trust: trust) } == "invalidArgument")
      for shown in [
        TLS.ClientCertificate(certificateFile: client + "\0x"),
        TLS.ClientCertificate(certificateFile: certificate, keyFile: RealServer.certificate("client.key") + "\0x"),
        TLS.ClientCertificate(certificateFile: client, passphrase: "\0"),
      ] {
        #expect(thrown { try TLS(clientCertificate: shown) } == "invalidArgument")
      }
      #expect(thrown { try TLS(clientCertificate: TLS.ClientCertificate(certificateFile: client)) } == "nothing")
    }
  }
}
