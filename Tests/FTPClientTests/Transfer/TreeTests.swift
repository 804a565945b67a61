import FTPClient
import FTPClientAsync
import FTPTLS
import Foundation
import Synchronization
import Testing

@testable import FTPClient

@Suite struct TreePatternTests {
  @Test(arguments: [
    ("*.log", "a.log", true), ("*.log", "old/a.log", true), ("*.log", "a.log.1", false), ("*.log", ".log", true),
    ("?.txt", "ab.txt", false), ("?.txt", "ä.txt", true), ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false),
    ("[]a]", "]", true), ("a[b", "a[b", true), ("[z-a]", "m", true), ("", "a", false), ("/", "a", false),
    ("logs/*", "logs/a", true), ("logs/*", "x/logs/a", false), ("logs/*", "logs/b/a", false),
    ("logs/**", "logs/b/a", true), ("logs/**", "logs", false), ("**/a", "a", true), ("**/a", "b/c/a", true),
    ("b/**/a", "b/a", true), ("b/**/a", "b/c/d/a", true), ("b/**/a", "b/c/d", false), ("./a", "a", true),
    ("**", "a/b", true), ("*a*b*c", "xaybzc", true), ("*a*b*c", "xaybz", false), ("old/", "old", false),
  ])
  func `files`(_ pattern: String, _ path: String, _ expected: Bool) {
    let path = path.split(separator: "/").map(String.init)
    #expect(TreePattern(pattern).matches(path, isDirectory: false) == expected)
  }

  @Test func `a slash at the end means directories`() {
    #expect(TreePattern("old/").matches(["a", "old"], isDirectory: true))
    let filter = TreeFilter(including: [TreePattern("old/")], excluding: [TreePattern("*.bak")])
    #expect(filter.takes(file: ["old", "a"]))
    #expect(!filter.takes(file: ["old", "a.bak"]))
    #expect(!filter.takes(file: ["new", "a"]))
    #expect(!filter.enters(directory: ["x.bak"]))
  }

  /// The time is bounded by the product of the lengths, not by a power of the stars.
  @Test(.timeLimit(.minutes(1))) func `many stars`() {
    let pattern = TreePattern(String(repeating: "a*", count: 500) + "b")
    #expect(!pattern.matches([String(repeating: "a", count: 5_000)], isDirectory: false))
    let deep = TreePattern(String(repeating: "**/a/", count: 200) + "b")
    #expect(!deep.matches(Array(repeating: "a", count: 2_000), isDirectory: false))
  }
}

@Suite struct TreeNameTests {
  @Test(arguments: [
    "..", ".", "", "a/b", "../a", "/etc/passwd", "a\\b", "C:\\a", "a\0b", "con", "NUL.txt", "Com1", "lpt9.tar.gz",
    "aux .x", String(repeating: "a", count: 256), "cr\rx", "nl\nx",
  ])
  func `refused`(_ name: String) { #expect(TreeName.refusal(Array(name.utf8)) != nil) }

  @Test(arguments: ["a", "..a", "a..", "console", "com", ".hidden", "with blank", "ümlaut", "-dash", "com10"])
  func `taken`(_ name: String) { #expect(TreeName.refusal(Array(name.utf8)) == nil) }
}

extension ClientTests {
  @Suite(.enabled(if: RealServer.areInstalled, "Tests/Servers/install.sh has not been run, or nobody is root"))
  struct TreeTests {
    @Test(arguments: ["vsftpd", "proftpd", "pureftpd", "pyftpdlib"])
    func `down, what differs, up`(_ name: String) throws {
      let folder = try Folder()
      let files = (0..<12).map { ("file \($0)", pattern(5_000 + $0)) }
      try RealServer.run(name, files: Dictionary(uniqueKeysWithValues: files)) { server in
        let tree = FTPTree {
          let session = try FTPSession(host: server.host, port: server.port, configuration: .brisk)
          try session.logIn(user: RealServer.user, password: RealServer.password)
          return session
        }
        let down = try tree.download("", to: folder.file("copy"))
        #expect(down.transferred == 12 && down.failures.isEmpty && down.refused.isEmpty)
        for (file, content) in files { #expect(try folder.content("copy/\(file)") == content) }

        let nothing = try tree.download("", to: folder.file("copy"))
        #expect(nothing.transferred == 0 && nothing.unchanged == 12)

        try folder.write("copy/new", Array("new".utf8))
        try folder.write("copy/left.bak", Array("old".utf8))
        tree.options.filter = TreeFilter(excluding: [TreePattern("*.bak")])
        tree.options.isDryRun = true
        #expect(try tree.upload(folder.file("copy"), to: "").actions.map(\.kind) == [.copy])
        tree.options.isDryRun = false
        let up = try tree.upload(folder.file("copy"), to: "")
        #expect(up.transferred == 1)
        #expect(try server.content(of: "new") == Array("new".utf8))

        tree.options.deletes = true
        try FileManager.default.removeItem(atPath: folder.file("copy/file 3"))
        let deleted = try tree.upload(folder.file("copy"), to: "")
        #expect(deleted.deleted == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: server.root).count == 12)
        tree.quit()
      }
    }

    @Test func `what fails is told by the client's own errors`() throws {
      let folder = try Folder()
      try RealServer.run("vsftpd", files: ["a": [1], "locked": [2]]) { server in
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: "\(server.root)/locked")
        let isRefused = Mutex(false)
        let tree = FTPTree {
          let session = try FTPSession(host: server.host, port: server.port, configuration: .brisk)
          try session.logIn(user: RealServer.user, password: isRefused.withLock { $0 } ? "x" : RealServer.password)
          return session
        }
        let down = try tree.download("", to: folder.file("copy"))
        #expect(down.transferred == 1 && down.failures.map(\.path) == [Array("locked".utf8)])
        let error = try #require(down.failures.first?.error as? FTPError)
        guard case .reply(let reply) = error.kind else {
          Issue.record("\(error)")
          return
        }
        #expect(reply.code == 550 && error.message.contains("downloading 'locked'"))

        tree.quit()
        isRefused.withLock { $0 = true }
        tree.options.transfer.retries = 0
        let refusal = #expect(throws: FTPError.self) { try tree.download("", to: folder.file("copy")) }
        guard case .reply(let reply) = refusal?.kind else {
          Issue.record("\(String(describing: refusal))")
          return
        }
        #expect(reply.code == 530)
      }
    }

    private func connection(
      _ server: RealServer, _ options: sending FTPTransfer.Options = FTPTransfer.Options()
    ) throws -> FTPTransferConnection {
      try FTPTransferConnection(host: server.host, port: server.port, configuration: .brisk, options: options) {
        session in
        try session.logIn(user: RealServer.user, password: RealServer.password)
      }
    }

    @Test(arguments: ["vsftpd", "proftpd", "pureftpd", "pyftpdlib"])
    func `async, over several connections`(_ name: String) async throws {
      let folder = try Folder()
      let files = Dictionary(uniqueKeysWithValues: (0..<40).map { ("file \($0)", pattern(5_000 + $0)) })
      try await RealServer.run(name, files: files) { server in
        let transfers = try connection(server)
        let names = Mutex<Set<String>>([])
        let down = try await transfers.downloadTree("", to: folder.file("copy")) { progress in
          _ = names.withLock { $0.insert(progress.name) }
        }
        #expect(down.transferred == 40 && down.failures.isEmpty && down.connections > 1)
        #expect(names.withLock { $0 } == Set(files.keys))
        for (file, content) in files { #expect(try folder.content("copy/\(file)") == content) }
        #expect(try await transfers.sync("", folder.file("copy")).unchanged == 40)

        for number in 0..<10 { try folder.write("copy/new \(number)", pattern(100 + number)) }
        let up = try await transfers.sync("", folder.file("copy"), direction: .up)
        #expect(up.transferred == 10 && up.failures.isEmpty)
        #expect(try server.content(of: "new 7") == pattern(107))
        // The connection is still one for single files.
        try await transfers.download("new 7", to: folder.file("one"))
        #expect(try folder.content("one") == pattern(107))
        await transfers.quit()
      }
    }

    @Test func `cancelling ends all connections`() async throws {
      let folder = try Folder()
      let files = Dictionary(uniqueKeysWithValues: (0..<200).map { ("file \($0)", pattern(200_000)) })
      try await RealServer.run("vsftpd", files: files) { server in
        let transfers = try connection(server)
        let canceller = Canceller<FTPTree.Summary>()
        let target = folder.file("copy")
        let task = Task { try await transfers.downloadTree("", to: target) { _ in canceller.cancel() } }
        canceller.set(task)
        await #expect(throws: CancellationError.self) { try await task.value }
        let copied = try FileManager.default.contentsOfDirectory(atPath: folder.file("copy"))
        #expect(copied.count < 200 && !copied.contains { $0.hasSuffix(".part") })
        // The rest comes with the next call.
        let rest = try await transfers.downloadTree("", to: folder.file("copy"))
        #expect(rest.transferred + rest.unchanged == 200 && rest.unchanged == copied.count)
        await transfers.quit()
      }
    }

    @Test(arguments: ["vsftpd", "proftpd", "pureftpd", "pyftpdlib"])
    func `a cancelled upload leaves nothing on the server`(_ name: String) async throws {
      let folder = try Folder()
      try folder.write("up", pattern(40 << 20))
      try await RealServer.run(name, files: [:]) { server in
        var options = FTPTransfer.Options()
        options.resumes = false
        let transfers = try connection(server, options)
        let canceller = Canceller<Void>()
        let path = folder.file("up")
        let task = Task {
          _ = try await transfers.upload(path, to: "up") { if $0.done > 1 << 20 { canceller.cancel() } }
        }
        canceller.set(task)
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try FileManager.default.contentsOfDirectory(atPath: server.root).isEmpty)
        await transfers.quit()
      }
    }

    @Test func `segments log in at the same time`() async throws {
      let folder = try Folder()
      let content = pattern(6 << 20)
      try await RealServer.run("vsftpd", files: ["large": content]) { server in
        var options = FTPTransfer.Options()
        options.segments = 4
        let transfers = try connection(server, options)
        let result = try await transfers.download("large", to: folder.file("large")) { progress in
          // As a slow link: what the first connection does in a moment it does alone.
          if progress.done > 0, progress.done <= 1 << 20 { sleep(1) }
        }
        #expect(result.segments == 4)
        #expect(try folder.content("large") == content)
        await transfers.quit()
      }
    }

    @Test func `a server's CRC32`() throws {
      let folder = try Folder()
      let content = pattern(100_003)
      try RealServer.run("proftpd", files: ["f": content]) { server in
        var options = FTPTransfer.Options()
        options.hashing = OnlyCRC32()
        let transfer = FTPTransfer(options: options) {
          let session = try FTPSession(host: server.host, port: server.port, configuration: .brisk)
          try session.logIn(user: RealServer.user, password: RealServer.password)
          return session
        }
        let result = try transfer.download("f", to: folder.file("f"))
        #expect("\(result.verified)" == "hash CRC32")
        transfer.quit()
      }
    }
  }
}

/// Of OpenSSL's hashes the one that OpenSSL lacks.
private struct OnlyCRC32: ContentHashing {
  func begin(_ algorithm: HashAlgorithm) throws -> (any ContentHash)? {
    algorithm == .crc32 ? try OpenSSLHashing().begin(.crc32) : nil
  }
}

/// Cancels a task, once there is one.
private final class Canceller<Success: Sendable>: Sendable {
  private let task = Mutex<Task<Success, any Error>?>(nil)

  func set(_ task: Task<Success, any Error>) { self.task.withLock { $0 = task } }
  func cancel() { task.withLock { $0?.cancel() } }
}

@Suite struct CRC32Tests {
  /// The check value of the algorithm's catalogue, and blocks of all lengths.
  @Test func `values`() throws {
    for (text, expected) in [("123456789", "cbf43926"), ("", "00000000"), ("a", "e8b7be43")] {
      let hash = CRC32()
      Array(text.utf8).withUnsafeBytes { hash.update($0) }
      #expect(hash.finish().hexadecimalDigits == expected)
    }
    let content = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let whole = CRC32()
    content.withUnsafeBytes { whole.update($0) }
    let expected = whole.finish()
    for step in 1..<40 {
      let hash = CRC32()
      var rest = content[...]
      while !rest.isEmpty {
        rest.prefix(step).withUnsafeBytes { hash.update($0) }
        rest = rest.dropFirst(step)
      }
      #expect(hash.finish() == expected)
    }
  }
}
