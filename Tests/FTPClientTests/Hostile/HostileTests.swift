import Glibc
import Synchronization
import Testing

extension ClientTests {
  /// Every row of Tests/Python/hostile, whose servers are what no client should meet.
  @Suite(.enabled(if: ServerContext.areCertificatesThere, "Tests/Servers/install.sh has not been run"))
  struct HostileTests {
    /// In shares: each has to end within the suite's time limit.
    private static let shares = 6

    @Test(arguments: 0..<shares)
    func `the client survives every hostile server`(_ share: Int) throws {
      let server = try HostileServer()
      let rows = try server.rows().filter { $0.number % Self.shares == share }
      #expect(rows.count > 100)
      // The slow ones first.
      let queue = Mutex(rows.sorted { $0.deadline < $1.deadline })
      let done = Mutex([HostileCase]())
      let port = server.port
      let crew = try (0..<24).map { _ in
        try Worker {
          let door = try HostileDoor(port)
          while let row = queue.withLock({ $0.popLast() }) {
            var hostileCase = HostileCase(row)
            try hostileCase.run(door)
            done.withLock { [hostileCase] in $0.append(hostileCase) }
          }
        }
      }
      try withExtendedLifetime(server) { for worker in crew { try worker.join() } }
      let cases = done.withLock { $0 }
      #expect(cases.count == rows.count)
      for hostileCase in cases {
        for problem in hostileCase.problems { Issue.record("\(hostileCase.row.name): \(problem)") }
      }
      if let longest = cases.max(by: { $0.waited / $0.row.deadline < $1.waited / $1.row.deadline }) {
        print(
          "hostile servers: \(cases.count) cases, longest wait \(longest.waited) of \(longest.row.deadline):",
          longest.row.name)
      }
    }
  }
}

/// A thread of a test.
private final class Worker: @unchecked Sendable {
  private var thread = pthread_t()
  private let body: @Sendable () throws -> Void
  private var failure: (any Error)?

  init(_ body: @escaping @Sendable () throws -> Void) throws {
    self.body = body
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let worker = Unmanaged<Worker>.fromOpaque(context).takeRetainedValue()
        do { try worker.body() } catch { worker.failure = error }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard status == 0 else { throw ScriptFault(description: "no thread: errno \(status)") }
  }

  /// Waits for the end; throws what the body threw.
  func join() throws {
    pthread_join(thread, nil)
    if let failure { throw failure }
  }
}
