import FTPClient
import FTPClientAsync
import Foundation
import Glibc
import Testing

extension ClientTests {
  /// The Swift side of Tests/Endurance and of Tests/Python/test_disk_full.py, in their smallest form.
  @Suite(.enabled(if: RealServer.areInstalled, "Tests/Servers/install.sh has not been run, or nobody is root"))
  struct EnduranceTests {
    /// What this process holds. The tests of the client run one after the other; some of ScriptRuntime's, which start programs, beside them.
    private struct Held {
      let descriptors: Int
      let resident: Int

      init() throws {
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .ascii).split(separator: " ")
        resident = (Int(pages[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
      }
    }

    private static let rounds = 50

    @Test(arguments: [("vsftpd", "plain"), ("vsftpd", "tls-reuse"), ("pureftpd", "tls"), ("pyftpdlib", "plain")])
    func `sessions with transfers leave nothing behind`(_ name: String, _ mode: String) throws {
      let content = pattern(5_000)
      try RealServer.run(name, mode, files: ["file": content]) { server in
        let configuration = mode == "plain" ? FTPSession.Configuration.brisk : try .secure()
        func work() throws {
          for _ in 1...Self.rounds {
            weak var released: FTPSession?
            try server.session(configuration) { session in
              released = session
              guard try session.bytes(of: "file") == content else { throw ScriptFault(description: "RETR") }
              try session.puts("up", content)
              guard try server.content(of: "up") == content else { throw ScriptFault(description: "STOR") }
              try session.quit()
            }
            guard released == nil else { throw ScriptFault(description: "the session lives on") }
          }
        }
        // The allocator's caches fill up meanwhile.
        try work()
        let before = try Held()
        try work()
        let after = try Held()
        // Less than one for each session.
        #expect(after.descriptors - before.descriptors < Self.rounds / 2)
        // A sanitizer keeps freed memory for a while.
        if ProcessInfo.processInfo.environment["ASAN_OPTIONS"] == nil {
          #expect(after.resident - before.resident < 1 << 20)
        }
      }
    }

    @Test(arguments: [("vsftpd", "plain"), ("vsftpd", "tls-reuse"), ("pureftpd", "tls")])
    func `a full disk of the server's is its refusal, and the session goes on`(_ name: String, _ mode: String) throws {
      try RealServer.run(name, mode, environment: ["FTP_TEST_FILE_LIMIT": "256"]) { server in
        try server.session(mode == "plain" ? .brisk : .secure()) { session in
          #expect(thrown { try session.puts("up", pattern(3_000_000)) } == "reply 451")
          try session.puts("small", bytes("content"))
          try session.gives("small", bytes("content"))
          try session.quit()
        }
      }
    }

    @Test func `a full disk of this computer's is an error, and the connection goes on`() async throws {
      let content = pattern(3_000_000)
      try await RealServer.run("vsftpd", files: ["file": content]) { server in
        let connection = try await FTPConnection(host: server.host, port: server.port, configuration: .brisk)
        try await connection.logIn(user: RealServer.user, password: RealServer.password)
        let error = await #expect(throws: FTPError.self) { try await connection.download("file", toFile: "/dev/full") }
        #expect(error?.word == "system \(ENOSPC)")
        #expect(error?.description.contains("/dev/full") == true)
        var received: [UInt8] = []
        for try await block in connection.download("file") { received += block }
        #expect(received == content)
        try await connection.quit()
      }
    }
  }
}
