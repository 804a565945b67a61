import FTPClient
import Foundation
import Testing

extension ClientTests {
  /// examples/SwiftClient, as it is built beside the tests.
  @Suite(.enabled(if: RealServer.areInstalled, "Tests/Servers/install.sh has not been run, or nobody is root"))
  struct ExampleTests {
    private static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "SwiftClient").path

    @Test(arguments: [("plain", []), ("tls-reuse", ["--tls"]), ("implicit-reuse", ["--implicit-tls"])])
    func `lists, downloads and uploads`(_ mode: String, _ options: [String]) throws {
      let (content, folder) = (pattern(1_000_000), try Folder())
      try RealServer.run("vsftpd", mode, files: ["file.bin": content]) { server in
        let trust = options.isEmpty ? [] : ["--ca", RealServer.certificate("ca.pem")]
        let said = try Program.output(
          of: [Self.program] + options + trust
            + ["127.0.0.1:\(server.port)", RealServer.user, RealServer.password, "file.bin", folder.file("file.bin")])
        let lines = said.split(separator: "\n").map(String.init)
        #expect(lines.first == "220 (vsFTPd 3.0.3)")
        for line in [
          "file 1000000 file.bin", "down 1000000 of 1000000", "downloaded 1000000", "up 1000000 of 1000000",
          "uploaded 1000000",
        ] {
          #expect(lines.contains(line), "\(said)")
        }
        #expect(lines.last == "221 Goodbye.")
        #expect(try folder.content("file.bin") == content)
        #expect(try server.content(of: "file.bin.copy") == content)
      }
    }
  }
}
