import FTPClient
import Testing

extension ClientTests {
  /// `ABOR` in the middle of a file that fills all buffers on the way: most servers read it when the data connection is gone.
  @Suite(.enabled(if: RealServer.areInstalled, "Tests/Servers/install.sh has not been run, or nobody is root"))
  struct AbortServerTests {
    private static let large = pattern(60_000_000)

    @Test(arguments: [
      ("vsftpd", "plain"), ("proftpd", "plain"), ("pureftpd", "plain"), ("pyftpdlib", "plain"), ("aioftp", "plain"),
      ("twisted", "plain"), ("inetutils-ftpd", "plain"), ("vsftpd", "tls-reuse"), ("proftpd", "tls-reuse"),
      ("pyftpdlib", "tls"),
    ])
    func `a sink may abort, and the session goes on`(_ name: String, _ mode: String) throws {
      try RealServer.run(name, mode, files: ["large": Self.large, "small": bytes("content")]) { server in
        try server.session(mode == "plain" ? .brisk : .secure()) { session in
          var (count, answer) = (0, "")
          let word = thrown {
            try session.retrieve("large") { block in
              count += block.count
              if count > 1_000_000 { answer = thrown { try session.abort() } }
            }
          }
          #expect(word == "state" && count < Self.large.count)
          // These two may end the session with a data connection that is broken off; Twisted knows no ABOR behind the transfer's own 426.
          let mayHangUp = ["aioftp", "inetutils-ftpd"].contains(name)
          if mayHangUp, ["closed", "system 104"].contains(answer) { return }
          #expect(answer == "nothing")
          try session.gives("small", bytes("content"))
        }
      }
    }
  }
}
