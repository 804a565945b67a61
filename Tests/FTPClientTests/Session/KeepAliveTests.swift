import FTPClient
import Glibc
import Testing

extension ClientTests {
  /// A `NOOP` during a transfer is answered before or behind the transfer's end: neither answer is taken for the other.
  @Suite struct KeepAliveTests {
    private let lively = FTPSession.Configuration.with { $0.keepAlive = .milliseconds(100) }

    /// What servers say, and when: pyftpdlib, Pure-FTPd and aioftp before the data's end, vsftpd and ProFTPD behind it.
    @Test(
      arguments: [
        [.say("200 noop"), .endData, .say("226 done")],
        [.say("500 Unknown command"), .endData, .say("226 done")],
        [.say("502 Not implemented"), .endData, .say("200 done")],
        [.endData, .say("226 done"), .say("200 noop")],
        [.endData, .say("226 done"), .quiet(.milliseconds(300)), .say("200 noop")],
        [.endData, .say("226 done\n200 noop")],
      ] as [[Step]])
    func `its answer is told from the transfer's`(_ end: [Step]) throws {
      let steps: [Step] = .begin("RETR f") + [.data(bytes("half")), .hear("NOOP")] + end
      try ScriptedServer.session(steps + .inStep, configuration: lively) { session in
        var received: [UInt8] = []
        let reply = try session.retrieve("f") { received.append(contentsOf: $0) }
        #expect(["226 done", "200 done"].contains(reply.text))
        #expect(received == bytes("half"))
        try session.isInStep()
      }
    }

    @Test func `a NOOP that is never answered is asked after and given up`() throws {
      let steps: [Step] =
        .begin("RETR f") + [.hear("NOOP"), .endData, .say("226 done"), .answer("NOOP", "200 the second")]
      try ScriptedServer.session(steps + .inStep, configuration: lively) { session in
        #expect(try session.retrieve("f") { _ in }.text == "226 done")
        try session.isInStep()
      }
    }

    @Test func `a refusal of the transfer is no answer to a NOOP`() throws {
      let steps: [Step] = .begin("RETR f") + [.hear("NOOP"), .endData, .say("451 disk error\n200 noop")]
      try ScriptedServer.session(steps + .inStep, configuration: lively) { session in
        #expect(thrown { try session.retrieve("f") { _ in } } == "reply 451")
        try session.isInStep()
      }
    }

    @Test func `an upload from a slow source keeps alive too`() throws {
      let steps: [Step] =
        .begin("STOR f") + [.hear("NOOP"), .say("200 noop"), .take(bytes("ab")), .endData, .say("226 done")]
      try ScriptedServer.session(steps + .inStep, configuration: lively) { session in
        var blocks = [bytes("a"), bytes("b")][...]
        try session.store("f") { buffer in
          guard let block = blocks.popFirst() else { return 0 }
          if block == bytes("b") { _ = poll(nil, 0, 150) }
          buffer.copyBytes(from: block)
          return block.count
        }
        try session.isInStep()
      }
    }

    @Test func `nothing is sent without being asked for`() throws {
      let steps: [Step] = .begin("RETR f") + [.quiet(.milliseconds(300)), .endData, .say("226 done")]
      try ScriptedServer.session(steps + .inStep) { session in
        try session.retrieve("f") { _ in }
        try session.isInStep()
      }
    }
  }
}
