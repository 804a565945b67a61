import FTPClient
import FTPClientAsync
import FTPTLS
import Testing

extension ClientTests {
  /// The `async` client with real servers.
  @Suite(.enabled(if: RealServer.areInstalled, "Tests/Servers/install.sh has not been run, or nobody is root"))
  struct AsyncServerTests {
    @Test(arguments: [("vsftpd", "plain"), ("vsftpd", "tls-reuse"), ("proftpd", "tls-reuse"), ("pyftpdlib", "tls")])
    func `files, blocks and cancellation`(_ name: String, _ mode: String) async throws {
      let (large, folder) = (pattern(30_000_000), try Folder())
      let file = folder.file("copy")
      try await RealServer.run(name, mode, files: ["large": large]) { server in
        let connection = try await FTPConnection(
          host: server.host, port: server.port, configuration: mode == "plain" ? .brisk : .secure())
        try await connection.logIn(user: RealServer.user, password: RealServer.password)

        // Cancelled in the middle, gone on with, and whole.
        let task = Task {
          try await connection.download("large", toFile: file) { _ in withUnsafeCurrentTask { $0?.cancel() } }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        let part = try folder.content("copy").count
        #expect(part > 0 && part < large.count)
        let end = try await connection.download("large", toFile: file, resume: true)
        #expect(end == TransferProgress(done: 30_000_000, total: 30_000_000))
        #expect(try folder.content("copy") == large)

        for try await _ in connection.download("large") { break }
        var received: [UInt8] = []
        for try await block in connection.download("large") { received += block }
        #expect(received == large)

        try await connection.upload(file: file, to: "up")
        #expect(try server.content(of: "up") == large)
        let names = try await connection.entries().map { String(decoding: $0.name, as: UTF8.self) }
        #expect(names.sorted() == ["large", "up"])
        try await connection.quit()
      }
    }
  }
}
