import Foundation
import Glibc

/// The program that serves the table of hostile servers: Tests/Python/hostile/serve.py, where the rows are.
final class HostileServer {
  private let program: Program
  let port: UInt16

  /// Starts it; needs a `python3`.
  init() throws {
    let tests = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL.path
    let python = ProcessInfo.processInfo.environment["PYTHON3"] ?? "python3"
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ScriptFault(description: "no pipe: errno \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    do {
      defer { close(ends[1]) }
      program = try Program(
        ["env", "PYTHONPATH=\(tests)/Python:\(tests)/Servers", python, "-m", "hostile.serve"], output: ends[1])
    }
    var line = ""
    var byte: UInt8 = 0
    while read(ends[0], &byte, 1) == 1, byte != 0x0A { line.unicodeScalars.append(UnicodeScalar(byte)) }
    guard let port = UInt16(line) else {
      program.end()
      throw ScriptFault(description: "hostile.serve: \(line)")
    }
    self.port = port
  }

  deinit { program.end() }

  /// The rows that are for the Swift client.
  func rows() throws -> [HostileRow] {
    let door = try HostileDoor(port)
    return try door.ask("list").compactMap(HostileRow.init)
  }
}

/// A connection to that program: one row at a time.
final class HostileDoor {
  private let wire: Wire

  init(_ port: UInt16) throws { wire = try Wire.connected(to: "127.0.0.1", port: port) }

  /// A server for a row: its port.
  func start(_ number: Int) throws -> UInt16 {
    try wire.send(bytes("start \(number)\r\n"))
    guard let port = UInt16(try wire.readLine()) else { throw ScriptFault(description: "no server for row \(number)") }
    return port
  }

  /// The lines of an answer.
  func ask(_ words: String) throws -> [String] {
    try wire.send(bytes("\(words)\r\n"))
    var lines: [String] = []
    while true {
      let line = try wire.readLine()
      if line.isEmpty { return lines }
      lines.append(line)
    }
  }
}

/// A row of the table: what is asked of the client, and what must come of it.
struct HostileRow: Sendable {
  let number: Int
  let name: String
  let call: String
  let timeout: Duration
  let deadline: Duration
  let isEndless: Bool
  let says: String
  let outcomes: [String]
  let states: [String]

  init?(_ line: String) {
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 14, fields[12] != "-", let number = Int(fields[0]), let timeout = Double(fields[4]),
      let deadline = Double(fields[5])
    else { return nil }
    self.number = number
    name = "\(fields[1]): \(fields[2]) [\(fields[3])]"
    call = fields[3]
    self.timeout = .seconds(timeout)
    self.deadline = .seconds(deadline)
    isEndless = fields[6] == "1"
    says = fields[7]
    outcomes = [fields[12]] + fields[12].split(separator: "|").map(String.init)
    states = fields[13].split(separator: "|").map(String.init)
  }
}
