import FTPClient
import FTPClientAsync
import FTPTLS
import Foundation
import Testing

extension ClientTests {
  /// Transfers that finish, with real servers whose sessions are lost in the middle. (What a scripted server shows is in the Python tests: the engine
  /// is the same.)
  @Suite(.enabled(if: RealServer.areInstalled, "Tests/Servers/install.sh has not been run, or nobody is root"))
  struct TransferTests {
    /// A client of a server, and its sessions.
    private final class Sessions {
      var made: [FTPSession] = []
      let server: RealServer
      let isSecure: Bool
      let user: String

      init(_ server: RealServer, isSecure: Bool = false, user: String = RealServer.user) {
        self.server = server
        self.isSecure = isSecure
        self.user = user
      }

      func transfer(_ change: (inout FTPTransfer.Options) -> Void = { _ in }) -> FTPTransfer {
        var options = FTPTransfer.Options()
        options.hashing = OpenSSLHashing()
        options.firstPause = .milliseconds(50)
        change(&options)
        return FTPTransfer(options: options) { [self] in
          let session = try FTPSession(
            host: server.host, port: server.port, configuration: isSecure ? .secure() : .brisk)
          try session.logIn(user: user, password: RealServer.password)
          made.append(session)
          return session
        }
      }

      /// Cuts the running session off, once each time that another tenth of the file is there.
      func cutter(_ times: Int) -> (FTPTransfer.Progress) -> Void {
        var cuts = 0
        return { [self] progress in
          guard cuts < times, progress.done > 0, progress.attempt == cuts + 1 else { return }
          cuts += 1
          made.last?.control.stream.shutdown()
        }
      }
    }

    @Test(arguments: [
      ("vsftpd", "plain"), ("proftpd", "plain"), ("pureftpd", "plain"), ("pyftpdlib", "plain"), ("vsftpd", "tls-reuse"),
      ("proftpd", "tls-reuse"), ("pyftpdlib", "tls"),
    ])
    func `sessions that are lost in the middle`(_ name: String, _ mode: String) throws {
      let (large, folder) = (pattern(20_000_000), try Folder())
      try RealServer.run(name, mode, files: ["large": large]) { server in
        let sessions = Sessions(server, isSecure: mode != "plain")
        let transfer = sessions.transfer()
        let down = try transfer.download("large", to: folder.file("copy"), progress: sessions.cutter(2))
        #expect(try folder.content("copy") == large)
        #expect(down.attempts == 3 && down.size == 20_000_000)
        #expect(sessions.made.count == 3)
        if name == "proftpd" {
          guard case .hash(.sha256, _) = down.verified else {
            Issue.record("no hash: \(down.verified)")
            return
          }
        } else {
          #expect(down.verified == .size)
        }

        let up = try transfer.upload(folder.file("copy"), to: "up", progress: sessions.cutter(1))
        #expect(try server.content(of: "up") == large)
        #expect(up.size == 20_000_000)
        let names = try FileManager.default.contentsOfDirectory(atPath: server.root)
        #expect(names.sorted() == ["large", "up"])
        transfer.quit()
      }
    }

    @Test func `several connections`() throws {
      let (large, folder) = (pattern(20_000_000), try Folder())
      try RealServer.run("vsftpd", "tls-reuse", files: ["large": large]) { server in
        let sessions = Sessions(server, isSecure: true)
        let result = try sessions.transfer { $0.segments = 4 }.download("large", to: folder.file("copy"))
        #expect(try folder.content("copy") == large)
        #expect(result.segments == 4 && result.bytes == 20_000_000)
      }
    }

    @Test func `one clear error, and the old file`() throws {
      let folder = try Folder()
      try Data("old".utf8).write(to: URL(filePath: folder.file("copy")))
      let transfer = FTPTransfer { throw FTPError(.closed, "nobody is there") }
      transfer.options.retries = 2
      transfer.options.firstPause = .milliseconds(1)
      let error = #expect(throws: FTPError.self) { try transfer.download("a", to: folder.file("copy")) }
      #expect(error?.message.hasPrefix("nobody is there (downloading 'a' from the server to ") == true)
      #expect(error?.message.contains("3 attempts") == true)
      #expect(try folder.content("copy") == Array("old".utf8))
    }

    @Test func `an error names the server`() async throws {
      let folder = try Folder()
      try folder.write("a", [1])
      try await RealServer.run("vsftpd") { server in
        let name = "127.0.0.1 port \(server.port)"
        let down = #expect(throws: FTPError.self) {
          try Sessions(server).transfer().download("none", to: folder.file("copy"))
        }
        #expect(down?.message.contains("(downloading 'none' from \(name) to '") == true, "\(down as Any)")
        let up = #expect(throws: FTPError.self) {
          try Sessions(server).transfer().upload(folder.file("a"), to: "none/a")
        }
        #expect(up?.message.contains("to 'none/a' on \(name)") == true, "\(up as Any)")
        let transfers = try FTPTransferConnection(host: server.host, port: server.port, configuration: .brisk) {
          session in try session.logIn(user: "nobody", password: "knows")
        }
        let copy = folder.file("copy")
        let login = await #expect(throws: FTPError.self) { try await transfers.download("a", to: copy) }
        #expect(login?.message.contains("(downloading 'a' from \(name) to '") == true, "\(login as Any)")
      }
    }

    private static let large = 8 << 20

    /// Has half of a file downloaded, as a part.
    private func leavePart(_ transfer: FTPTransfer, _ path: String) {
      #expect(
        thrown { try transfer.download("f", to: path) { if $0.done >= Self.large / 2 { throw Stop() } } }
          == "interrupted stop")
    }

    @Test func `a part of another server's file is none of this one's`() throws {
      let (one, two, folder) = (pattern(Self.large), [UInt8](repeating: 7, count: Self.large), try Folder())
      try RealServer.run("vsftpd", files: ["f": one]) { first in
        try RealServer.run("vsftpd", files: ["f": two]) { second in
          for server in [first, second] { try server.setTime(of: "f") }
          leavePart(Sessions(first).transfer(), folder.file("f"))
          let result = try Sessions(second).transfer().download("f", to: folder.file("f"))
          #expect(result.kept == 0)
          #expect(try folder.content("f") == two)
          leavePart(Sessions(first).transfer(), folder.file("g"))
          #expect(try Sessions(first).transfer().download("f", to: folder.file("g")).kept > 0)
          #expect(try folder.content("g") == one)
        }
      }
    }

    @Test func `a part of another user's file is none of this one's`() async throws {
      let (one, two, folder) = (pattern(Self.large), [UInt8](repeating: 7, count: Self.large), try Folder())
      let file = folder.file("g")
      try await RealServer.run("pyftpdlib", "plain-anon", files: ["f": one]) { server in
        for name in ["f", "g"] {
          try Data(one).write(to: URL(filePath: "\(server.root)/f"))
          try server.setTime(of: "f")
          leavePart(Sessions(server).transfer(), folder.file(name))
          try Data(two).write(to: URL(filePath: "\(server.root)/f"))
          try server.setTime(of: "f")
          if name == "f" {
            let result = try Sessions(server, user: "anonymous").transfer().download("f", to: folder.file(name))
            #expect(result.kept == 0)
          } else {
            let transfers = try FTPTransferConnection(host: server.host, port: server.port, configuration: .brisk) {
              session in try session.logIn()
            }
            #expect(try await transfers.download("f", to: file).kept == 0)
          }
          #expect(try folder.content(name) == two)
        }
      }
    }

    @Test func `a pipe whose reader leaves is an error, and no signal's end of the program`() throws {
      let folder = try Folder()
      let path = folder.file("pipe")
      try #require(mkfifo(path, 0o600) == 0)
      let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      try #require(reader >= 0 && fcntl(reader, F_SETFL, 0) == 0)
      Thread.detachNewThread {
        var byte: UInt8 = 0
        while read(reader, &byte, 1) == 0 { usleep(1000) }
        close(reader)
      }
      let before = signal(SIGPIPE, SIG_DFL)
      defer { signal(SIGPIPE, before) }
      try RealServer.run("vsftpd", files: ["f": pattern(8 << 20)]) { server in
        let error = #expect(throws: FTPError.self) { try Sessions(server).transfer().download("f", to: path) }
        #expect(error?.message.hasPrefix("cannot write '\(path)': Broken pipe") == true)
      }
    }

    @Test func `cancelled, and gone on with`() async throws {
      let (large, folder) = (pattern(30_000_000), try Folder())
      let file = folder.file("copy")
      try await RealServer.run("proftpd", files: ["large": large]) { server in
        let transfers = try FTPTransferConnection(host: server.host, port: server.port, configuration: .brisk) {
          session in try session.logIn(user: RealServer.user, password: RealServer.password)
        }
        let task = Task {
          try await transfers.download("large", to: file) { progress in
            if progress.done > 0 { withUnsafeCurrentTask { $0?.cancel() } }
          }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        let result = try await transfers.download("large", to: file)
        #expect(result.kept > 0 && result.kept + result.bytes == 30_000_000)
        #expect(try folder.content("copy") == large)
        try await transfers.upload(file, to: "up")
        #expect(try server.content(of: "up") == large)
        await transfers.quit()
      }
    }

    @Test(arguments: [0, 951_782_400, 951_868_799, 1_577_934_245, 4_107_542_399, -1, -62_167_219_200])
    func `times`(_ seconds: Int) throws {
      let time = try #require(FileStatus.Time(seconds: seconds))
      #expect(time.seconds == seconds)
      #expect(FileStatus.Time(Array(time.digits.utf8)) == time)
      var parts = tm()
      var moment = seconds
      gmtime_r(&moment, &parts)
      #expect(
        time.year == Int(parts.tm_year) + 1900 && time.month == Int(parts.tm_mon) + 1 && time.day == Int(parts.tm_mday))
    }
  }
}
