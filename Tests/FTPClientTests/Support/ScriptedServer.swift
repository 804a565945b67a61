import FTPClient
import FTPClientAsync
import Glibc
import Testing

/// The server's side of one session: its connections, used by its own thread alone.
final class Conversation: @unchecked Sendable {
  /// The address that the server listens on.
  let host: String
  let control: Wire
  /// Where the control connection came in: a proxy gets the data connections there too.
  let door: Wire
  var listener: Wire?
  var data: Wire?
  var stranger: Wire?
  var clientPort: UInt16 = 0

  init(host: String, door: Wire) throws {
    self.host = host
    self.door = door
    control = try door.accept()
  }

  /// The passive data listener, and its port.
  var listening: Listening { get throws { try Listening(wire: listener.orFault("no data listener")) } }

  /// The data connection.
  var transfer: Wire { get throws { try data.orFault("no data connection") } }

  struct Listening {
    let wire: Wire
    let port: UInt16

    init(wire: Wire) throws {
      self.wire = wire
      port = try wire.port
    }

    func accept() throws -> Wire { try wire.accept() }
  }
}

extension Optional {
  fileprivate func orFault(_ description: String) throws -> Wrapped {
    guard let self else { throw ScriptFault(description: description) }
    return self
  }
}

/// A server that follows a script: for the faults that real servers do not show on demand.
///
/// It serves one session on a thread of its own. A client that leaves the script, or an end that comes too
/// soon, is an issue of the test.
final class ScriptedServer: @unchecked Sendable {
  let host: String
  let port: UInt16
  private let listener: Wire
  private let steps: [Step]
  private var thread = pthread_t()
  private var fault: String?

  /// Listens at once; the steps begin with the client's connection.
  private init(on host: String, _ steps: [Step]) throws {
    self.host = host
    self.steps = steps
    listener = try Wire.listening(on: host)
    port = try listener.port
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<ScriptedServer>.fromOpaque(context).takeRetainedValue().serve()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard status == 0 else { throw ScriptFault(description: "no thread: errno \(status)") }
  }

  private func serve() {
    // OpenSSL's own writing raises it when the client has closed.
    var pipe = sigset_t()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipe, nil)
    do {
      let conversation = try Conversation(host: host, door: listener)
      for (number, step) in steps.enumerated() {
        do {
          try step.run(conversation)
        } catch {
          fault = "step \(number + 1), \(step.words): \(error)"
          return
        }
      }
    } catch {
      fault = "\(error)"
    }
  }

  /// Runs a script against what `body` does with the server's port.
  static func run<Result>(
    _ steps: [Step], on host: String = "127.0.0.1", at location: SourceLocation = #_sourceLocation,
    _ body: (ScriptedServer) throws -> Result
  ) throws -> Result {
    let server = try ScriptedServer(on: host, steps)
    defer {
      pthread_join(server.thread, nil)
      if let fault = server.fault { Issue.record("the server: \(fault)", sourceLocation: location) }
    }
    return try body(server)
  }

  /// The same for `async` code, which gets the connection.
  static func connection(
    _ steps: [Step], at location: SourceLocation = #_sourceLocation, _ body: (FTPConnection) async throws -> Void
  ) async throws {
    let server = try ScriptedServer(on: "127.0.0.1", .greeting + steps)
    defer {
      pthread_join(server.thread, nil)
      if let fault = server.fault { Issue.record("the server: \(fault)", sourceLocation: location) }
    }
    let connection = try await FTPConnection(host: server.host, port: server.port, configuration: .brisk)
    do { try await body(connection) } catch {
      await connection.close()
      throw error
    }
    await connection.close()
  }

  /// Runs a script that begins after the greeting against a session, which is closed afterwards.
  static func session(
    _ steps: [Step], on host: String = "127.0.0.1", configuration: FTPSession.Configuration = .brisk,
    at location: SourceLocation = #_sourceLocation, _ body: (FTPSession) throws -> Void
  ) throws {
    try run(.greeting + steps, on: host, at: location) { server in
      let session = try FTPSession(host: server.host, port: server.port, configuration: configuration)
      defer { session.close() }
      return try body(session)
    }
  }
}

extension FTPSession.Configuration {
  /// Time-outs that end a failing test soon.
  static var brisk: Self { with { _ in } }

  /// Brisk, with changes.
  static func with(_ change: (inout Self) -> Void) -> Self {
    var configuration = Self()
    configuration.connectTimeout = .seconds(5)
    configuration.timeout = .seconds(5)
    change(&configuration)
    return configuration
  }
}
