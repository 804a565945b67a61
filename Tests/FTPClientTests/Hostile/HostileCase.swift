import FTPClient
import FTPTLS
import Testing

/// A row tried by the Swift client.
struct HostileCase {
  let row: HostileRow
  private(set) var outcome = ""
  private(set) var state = ""
  /// The longest call.
  private(set) var waited = Duration.zero
  private(set) var problems: [String] = []

  private static let ends = ["closed", "state", "reset", "reply 421", "timed out", "too long", "malformed", "security"]

  init(_ row: HostileRow) { self.row = row }

  mutating func run(_ door: HostileDoor) throws {
    let port = try door.start(row.number)
    var session: FTPSession?
    outcome = attempt(says: row.says) { row in
      var opened = try Self.connect(row, port)
      session = opened
      var code = try Self.logIn(opened)
      let name = row.call.hasPrefix("tls ") ? String(row.call.dropFirst(4)) : row.call
      if name == "connect twice" {
        opened.close()
        opened = try Self.connect(row, port)
        session = opened
        code = try Self.logIn(opened)
      }
      return name.hasPrefix("connect") ? code : try HostileCall.run(name, opened)
    }
    state = afterwards(session, port)
    session?.close()
    problems += try door.ask("end")
    judge()
  }

  private static func connect(_ row: HostileRow, _ port: UInt16) throws -> FTPSession {
    var configuration = FTPSession.Configuration()
    configuration.connectTimeout = row.timeout
    configuration.timeout = row.timeout
    configuration.isPassive = row.call != "active download"
    if row.call == "kept alive download" { configuration.keepAlive = .milliseconds(100) }
    if row.call.hasPrefix("tls ") { configuration.security = try TLS(trust: .testAuthority) }
    return try FTPSession(host: "127.0.0.1", port: port, configuration: configuration)
  }

  private static func logIn(_ session: FTPSession) throws -> String {
    try "\(session.logIn(user: "user", password: "password", account: "account").code ?? 0)"
  }

  /// What a call comes to, and how long it took.
  private mutating func attempt(says: String = "", _ body: (HostileRow) throws -> String) -> String {
    let begin = ContinuousClock.now
    defer { waited = max(waited, ContinuousClock.now - begin) }
    do { return try body(row) } catch {
      if "\(error)".isEmpty, HostileCall.word(error) != "malformed" { problems.append("an error without a word") }
      if !"\(error)".contains(says), !says.isEmpty { problems.append("'\(error)' does not say '\(says)'") }
      return HostileCall.word(error)
    }
  }

  /// Whether the session goes on in step, or says that it must connect again.
  private mutating func afterwards(_ session: FTPSession?, _ port: UInt16) -> String {
    if let session {
      let first = attempt { _ in try session.workingDirectory() }
      if first == "/in/step" {
        let rest = attempt { _ in
          let system = try session.system()
          let content = try HostileCall.run("download", session)
          return try "\(system), \(content), \(session.workingDirectory())"
        }
        return rest == "UNIX Type: L8, whole, /in/step" ? "step" : "out of step: \(rest)"
      }
      let second = attempt { _ in try session.workingDirectory() }
      for found in [first, second] where !Self.ends.contains(found) {
        return "neither in step nor at an end: \(first), then \(second)"
      }
      if second == "timed out" { return "still waits for a server that has not answered" }
    }
    let again = attempt { row in
      let session = try Self.connect(row, port)
      defer { session.close() }
      _ = try Self.logIn(session)
      return try session.workingDirectory()
    }
    return again == "/in/step" ? "again" : "out of step after connecting again: \(again)"
  }

  private mutating func judge() {
    let kinds = Self.ends + ["stopped", "refused", "untrusted", "truncated", "invalid"]
    let isValue = !kinds.contains(outcome) && !outcome.hasPrefix("reply ")
    if !row.outcomes.contains(outcome), !(row.outcomes.contains("*") && isValue) {
      problems.append("\(outcome) in the place of \(row.outcomes[0])")
    }
    if !row.states.contains(state) { problems.append("afterwards: \(state) in the place of \(row.states)") }
    if waited > row.deadline { problems.append("waited \(waited), deadline \(row.deadline)") }
  }
}
