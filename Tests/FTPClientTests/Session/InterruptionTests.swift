import FTPClient
import Testing

extension ClientTests {
  /// Ctrl-C ends every wait: the hook is asked at least every twentieth of a second. What it throws is the call's
  /// error, and a later call finds the session in step.
  @Suite struct InterruptionTests {
    /// How soon a wait must end.
    private static let limit = Duration.milliseconds(200)

    /// Runs a call that the alarm, which the call itself may set, is to end.
    private func interrupted(
      _ steps: [Step], ringing time: Duration? = .milliseconds(100),
      configure: (inout FTPSession.Configuration) -> Void = { _ in }, at location: SourceLocation = #_sourceLocation,
      before: (FTPSession) throws -> Void = { _ in }, call: (FTPSession, Alarm) throws -> Void,
      after: (FTPSession) throws -> Void = { _ in }
    ) throws {
      let alarm = Alarm()
      let configuration = FTPSession.Configuration.with {
        $0.interrupt = alarm.interrupt
        configure(&$0)
      }
      try ScriptedServer.session(steps, configuration: configuration, at: location) { session in
        try before(session)
        if let time { alarm.set(in: time) }
        let word = thrown { try call(session, alarm) }
        let delay = alarm.delay
        #expect(word == "interrupted stop", sourceLocation: location)
        #expect(delay < Self.limit, sourceLocation: location)
        alarm.stop()
        try after(session)
      }
    }

    @Test func `a connect ends`() throws {
      let (listener, occupants) = try Wire.silent(on: "127.0.0.1")
      let addresses = try SocketAddress.resolve("127.0.0.1", port: listener.port)
      let alarm = Alarm()
      alarm.set(in: .milliseconds(100))
      let word = thrown {
        try Socket.connect(to: "x", addresses + addresses, until: .after(.seconds(5)), interrupt: alarm.interrupt)
      }
      #expect(word == "interrupted stop")
      #expect(alarm.delay < Self.limit)
      withExtendedLifetime(occupants) {}
    }

    @Test func `a wait for the greeting ends`() throws {
      let alarm = Alarm()
      try ScriptedServer.run([.farewell]) { server in
        alarm.set(in: .milliseconds(100))
        let word = thrown {
          try FTPSession(
            host: server.host, port: server.port, configuration: .with { $0.interrupt = alarm.interrupt })
        }
        #expect(word == "interrupted stop")
        #expect(alarm.delay < Self.limit)
      }
    }

    @Test func `a wait for a reply ends, and the late reply is not the next command's`() throws {
      try interrupted(
        [.hear("SYST"), .quiet(.milliseconds(250)), .say("215 late")] + .inStep,
        call: { session, _ in _ = try session.system() },
        after: { try $0.isInStep() })
    }

    @Test func `a wait without a time-out ends`() throws {
      try interrupted(
        [.hear("SYST"), .farewell], configure: { $0.timeout = nil }, call: { session, _ in _ = try session.system() })
    }

    @Test func `a wait within a reply ends`() throws {
      try interrupted(
        [.hear("HELP"), .say("214-a\n214-b"), .quiet(.milliseconds(250)), .say("214 c")] + .inStep,
        call: { session, _ in _ = try session.help() }, after: { try $0.isInStep() })
    }

    @Test func `a wait whether a reply has ended ends`() throws {
      try interrupted([.hear("HELP"), .say("214-a\n550 b"), .farewell], call: { session, _ in _ = try session.help() })
    }

    @Test func `a wait for data ends, and the session goes on`() throws {
      try interrupted(
        .begin("RETR f") + [.data(bytes("a")), .dataGone, .endData, .say("426 broken")] + .inStep, ringing: nil,
        call: { session, alarm in try session.retrieve("f") { _ in alarm.set(in: .milliseconds(50)) } },
        after: { try $0.isInStep() })
    }

    @Test func `a wait for the server to take data ends, and the session goes on`() throws {
      try interrupted(
        .begin("STOR f") + [.quiet(.milliseconds(800)), .dataGone, .endData, .say("426 broken")] + .inStep,
        ringing: .milliseconds(500), call: { session, _ in try session.store("f") { $0.count } },
        after: { session in
          #expect(try session.control.stream.isReadable(within: .seconds(5)))
          try session.isInStep()
        })
    }

    @Test func `a wait for the final reply ends, and the session goes on`() throws {
      try interrupted(
        .begin("RETR f") + [.data(bytes("a")), .endData, .quiet(.milliseconds(400)), .say("226 late")] + .inStep,
        call: { session, _ in try session.retrieve("f") { _ in } }, after: { try $0.isInStep() })
    }

    @Test func `a transfer that ends behind its REST does not have the next one begin there`() throws {
      try interrupted(
        [
          .passive(), .accept, .hear("REST 5"), .quiet(.milliseconds(250)), .say("350 ok"), .endData,
          .answer("REST 0", "350 ok"),
        ] + .download("RETR g", pattern(1000)) + .inStep,
        call: { session, _ in _ = try session.beginTransfer(Command("RETR", "f"), from: 5) },
        after: { session in
          #expect(try session.bytes(of: "g") == pattern(1000))
          try session.isInStep()
        })
    }

    @Test func `a wait for the server to connect ends`() throws {
      try interrupted(
        [
          .hearPort("PORT"), .say("200 ok"), .hear("RETR f"), .say("150 ok"), .quiet(.milliseconds(250)),
          .say("425 cannot connect"),
        ] + .inStep, configure: { $0.isPassive = false },
        call: { session, _ in _ = try session.beginTransfer(Command("RETR", "f")) }, after: { try $0.isInStep() })
    }

    @Test func `a data connection that does not come about ends`() throws {
      let (listener, occupants) = try Wire.silent(on: "127.0.0.1")
      let words = Step.pasvWords(port: try listener.port)
      try interrupted(
        [.answer("PASV", words)] + .inStep, call: { session, _ in _ = try session.beginTransfer(Command("RETR", "f")) },
        after: { try $0.isInStep() })
      withExtendedLifetime(occupants) {}
    }

    /// The reply of a transfer that was broken off is awaited for a second, then asked for with NOOP.
    @Test(arguments: [Duration.milliseconds(300), .milliseconds(1400)])
    func `a wait for a broken transfer's reply ends`(_ time: Duration) throws {
      let noop: [Step] = [.hear("NOOP")]
      let begin: [Step] = .begin("RETR f") + [.pour(pattern(10_000)), .dataGone, .endData]
      try interrupted(
        begin + (time > .seconds(1) ? noop : []) + [.farewell], ringing: time,
        before: { session in #expect(thrown { try session.retrieve("f") { _ in throw Stop() } } == "interrupted stop")
        },
        call: { session, _ in _ = try session.workingDirectory() })
    }

    /// Data that come without a pause are never waited for; Ctrl-C must end the transfer all the same.
    @Test func `a download without a pause ends`() throws {
      try interrupted(
        .begin("RETR f") + [.pour(pattern(100_000)), .endData, .say("426 broken")] + .inStep,
        call: { session, alarm in
          try session.retrieve("f") { _ in
            if alarm.delay > .seconds(1) { throw FTPError(.state, "the hook was not asked") }
          }
        }, after: { try $0.isInStep() })
    }

    @Test func `an upload without a pause ends`() throws {
      try interrupted(
        .begin("STOR f") + [.dataGone, .endData, .say("426 broken")] + .inStep,
        call: { session, alarm in
          try session.store("f") { _ in
            if alarm.delay > .seconds(1) { throw FTPError(.state, "the hook was not asked") }
            return 1
          }
        }, after: { try $0.isInStep() })
    }

    @Test func `a hook that does not throw is asked, and does no harm`() throws {
      let alarm = Alarm()
      try ScriptedServer.session(
        [.hear("SYST"), .quiet(.milliseconds(250)), .say("215 UNIX")] + .inStep,
        configuration: .with { $0.interrupt = alarm.interrupt }
      ) { session in
        #expect(try session.system() == "UNIX")
        #expect(alarm.questions >= 4)
        try session.isInStep()
      }
    }
  }
}
