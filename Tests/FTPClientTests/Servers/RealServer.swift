import FTPClient
import FTPTLS
import Foundation
import Testing

/// A real FTP server, or a real proxy, by the scripts in Tests/Servers, which say what the modes are.
///
/// The counterpart of servers.py for the Python tests.
struct RealServer: Sendable {
  let host: String
  let port: UInt16
  /// What users see as `/`.
  let root: String

  static let user = "ftptest"
  static let password = "ftptest-pw"

  private static let scripts = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Servers").standardizedFileURL.path
  private static let home =
    ProcessInfo.processInfo.environment["FTP_SERVERS_HOME"]
    ?? URL(filePath: scripts).appending(path: "../../.build/servers").standardizedFileURL.path
  private static let isRoot = geteuid() == 0

  /// A file of certificates.sh, such as `ca.pem`.
  static func certificate(_ name: String) -> String { "\(home)/certificates/\(name)" }

  /// Whether Tests/Servers/install.sh has been run, and the servers that only root can start can be started.
  static let areInstalled =
    ["vsftpd", "proftpd", "pureftpd", "venv", "microsocks", "tinyproxy"].allSatisfy {
      FileManager.default.fileExists(atPath: "\(home)/\($0)")
    } && (isRoot || (try? Program.output(of: ["sudo", "-n", "true"])) != nil)

  /// Runs a server on a free port of `bind` while `body` runs. `files` are its first files; `environment` is for its script.
  static func run<Result>(
    _ name: String, _ mode: String = "plain", bind: String = "127.0.0.1", certificate: String = "server",
    files: [String: [UInt8]] = [:], environment: [String: String] = [:], _ body: (RealServer) throws -> Result
  ) throws -> Result {
    let server = try start(name, mode, bind: bind, certificate: certificate, files: files, environment: environment)
    defer { server.stop() }
    return try body(server.server)
  }

  /// The same for `async` code.
  static func run<Result>(
    _ name: String, _ mode: String = "plain", files: [String: [UInt8]] = [:], environment: [String: String] = [:],
    _ body: (RealServer) async throws -> Result
  ) async throws -> Result {
    let server = try start(
      name, mode, bind: "127.0.0.1", certificate: "server", files: files, environment: environment)
    defer { server.stop() }
    return try await body(server.server)
  }

  private static func start(
    _ name: String, _ mode: String, bind: String, certificate: String, files: [String: [UInt8]],
    environment: [String: String]
  ) throws -> Running {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(name)-\(UUID().uuidString)").path
    let root = "\(folder)/root"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    for path in [folder, root] {
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    for (file, content) in files { try Data(content).write(to: URL(filePath: "\(root)/\(file)")) }
    var settings = environment
    settings["FTP_SERVERS_HOME"] = home
    settings["FTP_TEST_STATE"] = folder
    settings["FTP_TEST_BIND"] = bind
    settings["FTP_TEST_USER"] = user
    settings["FTP_TEST_PASS"] = password
    settings["FTP_TEST_CERTIFICATE"] = certificate
    settings["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    let needsRoot = ["vsftpd", "pureftpd"].contains(name) && !isRoot
    if needsRoot { settings["FTP_TEST_ACCOUNT"] = NSUserName() }
    let clean = (needsRoot ? ["sudo", "-n"] : []) + ["env", "-i"] + settings.map { "\($0)=\($1)" }
    let script = "\(scripts)/\(name).sh"
    // The port is free when it is chosen, but not reserved: somebody else may be quicker.
    for attempt in 1...3 {
      let port = try Wire.listening(on: bind).port
      do {
        let said = try Program.output(of: clean + [script, "start", String(port), root, mode])
        let pid = String(said.split(separator: "\n").last ?? "")
        return try Running(
          server: RealServer(host: bind, port: port, root: root), stop: clean + [script, "stop", pid], folder: folder)
      } catch let fault as ScriptFault where fault.description.contains("in use") && attempt < 3 { continue }
    }
    throw ScriptFault(description: "no free port")
  }

  /// A server and its guard, which stops it also when this process ends without a word.
  private struct Running {
    let server: RealServer
    private let guardian: Program

    init(server: RealServer, stop: [String], folder: String) throws {
      self.server = server
      // It waits on a pipe, whose other end closes with this process.
      guardian = try Program(["setsid", "-w", "sh", "-c", "read -r _; \"$@\"; rm -rf \"$0\"", folder] + stop)
    }

    func stop() { guardian.end() }
  }
}

extension RealServer {
  /// A session that has logged in; closed afterwards.
  func session(
    _ configuration: FTPSession.Configuration, host: String? = nil, _ body: (FTPSession) throws -> Void
  ) throws {
    let session = try FTPSession(host: host ?? self.host, port: port, configuration: configuration)
    defer { session.close() }
    try session.logIn(user: Self.user, password: Self.password)
    try body(session)
  }

  /// The content of a file on the server.
  func content(of file: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: "\(root)/\(file)"))) }

  /// Gives a file on the server the time that all have.
  func setTime(of file: String) throws {
    let time = Date(timeIntervalSince1970: 1_700_000_000)
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: "\(root)/\(file)")
  }
}

extension FTPSession {
  /// Expects that a download gives this.
  func gives(_ path: String, _ content: [UInt8], at location: SourceLocation = #_sourceLocation) throws {
    let received = try bytes(of: path)
    #expect(received.count == content.count && received == content, sourceLocation: location)
  }

  /// Uploads this, or only the blocks before the given one.
  func puts(_ path: String, _ content: [UInt8], stoppingAt last: Int = .max) throws {
    var source = BlockSource(content)
    var blocks = 0
    try store(path) { buffer in
      blocks += 1
      if blocks == last { throw Stop() }
      return source.fill(buffer)
    }
  }
}

extension FTPSession.Configuration {
  /// TLS with the tests' own authority, with changes.
  static func secure(
    _ security: TLS? = nil, implicit: Bool = false, _ change: (inout Self) throws -> Void = { _ in }
  ) throws -> Self {
    var configuration = Self.brisk
    configuration.security = try security ?? TLS(trust: .testAuthority)
    configuration.isImplicitlySecure = implicit
    try change(&configuration)
    return configuration
  }
}

extension TLS.Trust {
  static var testAuthority: Self { .certificates(inFile: RealServer.certificate("ca.pem")) }
}
