import FTPClient
import FTPClientAsync
import FTPTLS
import Glibc

/// Lists a directory, downloads a file with progress, and uploads it again under another name.
///
///     swift run SwiftClient --tls --ca ca.pem 127.0.0.1:2121 ftpuser ftpuser-pw ftp_file.bin
@main
enum SwiftClient {
  static func main() async {
    do {
      let request = try Request(CommandLine.arguments.dropFirst())
      try await run(request)
    } catch {
      print("\(error)")
      exit(1)
    }
  }

  static func run(_ request: Request) async throws {
    var configuration = FTPSession.Configuration()
    if request.isSecure {
      configuration.security = try TLS(trust: request.authorities.map { .certificates(inFile: $0) } ?? .system)
      configuration.isImplicitlySecure = request.isImplicit
    }
    let connection = try await FTPConnection(host: request.host, port: request.port, configuration: configuration)
    print(try await connection.welcome.text)
    try await connection.logIn(user: request.user, password: request.password)

    for entry in try await connection.entries() {
      print(entry.kind, entry.size.map(String.init) ?? "-", String(decoding: entry.name, as: UTF8.self))
    }

    let down = try await connection.download(request.file, toFile: request.target, resume: request.resumes) {
      progress in
      print("down", progress.done, "of", progress.total.map(String.init) ?? "?")
    }
    print("downloaded", down.done)
    let up = try await connection.upload(file: request.target, to: "\(request.file).copy") { progress in
      print("up", progress.done, "of", progress.total.map(String.init) ?? "?")
    }
    print("uploaded", up.done)
    print(try await connection.quit().text)
  }
}
