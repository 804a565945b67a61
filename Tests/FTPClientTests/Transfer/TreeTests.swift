import FTPClient
import Foundation
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
    "aux .x", String(repeating: "a", count: 256),
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
  }
}
