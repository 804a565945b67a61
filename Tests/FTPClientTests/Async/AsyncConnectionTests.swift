import FTPClient
import FTPClientAsync
import Foundation
import Testing

/// The kind of error that the body throws, or "nothing".
func thrown(_ body: () async throws -> Void) async -> String {
  do {
    try await body()
    return "nothing"
  } catch let error as FTPError {
    return error.word
  } catch is CancellationError {
    return "cancelled"
  } catch {
    return "foreign \(error)"
  }
}

extension FTPConnection {
  /// Expects that the next command gets its own answer; the script ends with `inStep`.
  func isInStep(at location: SourceLocation = #_sourceLocation) throws {
    let path = try workingDirectory()
    #expect(path == "/in/step", sourceLocation: location)
  }
}

/// A folder of its own, which goes with the test.
final class Folder {
  let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func content(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: file(name)))) }

  func write(_ name: String, _ content: [UInt8]) throws { try Data(content).write(to: URL(filePath: file(name))) }
}

/// What a progress handler was told.
final class Reports: @unchecked Sendable {
  private let lock = NSLock()
  private var kept: [TransferProgress] = []

  func add(_ report: TransferProgress) { lock.withLock { kept.append(report) } }

  var all: [TransferProgress] { lock.withLock { kept } }
}

extension ClientTests {
  @Suite struct AsyncConnectionTests {
    @Test func `commands are the session's`() async throws {
      let steps: [Step] = [
        .answer("USER me", "331 and?"), .answer("PASS secret", "230 in"), .answer("MKD d", "257 \"/d\" made"),
        .answer("TYPE I", "200 ok"), .answer("SIZE f", "213 7"), .answer("DELE f", "550 no"),
      ]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        #expect(try await connection.welcome.text == "220 ready")
        try await connection.logIn(user: "me", password: "secret")
        let (path, size) = (try await connection.makeDirectory("d"), try await connection.size(of: "f"))
        #expect(path == "/d" && size == 7)
        #expect(await thrown { try await connection.delete("f") } == "reply 550")
        try await connection.isInStep()
      }
    }

    @Test func `so are the rarer ones`() async throws {
      let steps: [Step] =
        [
          .answer("SYST", "215 UNIX Type: L8"), .answer("STAT", "211 fine"), .answer("HELP x", "214 none"),
          .answer("OPTS UTF8 ON", "200 on"), .answer("SITE idle", "200 so"),
          .answer("MLST f", "250-here\r\n type=file;size=7; f\r\n250 end"),
        ] + .download("MLSD d", bytes("type=dir; sub\r\n"), type: "A")
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let texts = try await [connection.system(), connection.status(), connection.help(about: "x")]
        #expect(texts == ["UNIX Type: L8", "211 fine", "214 none"])
        let codes = try await [connection.setOption("UTF8 ON").code, connection.site("idle").code]
        #expect(codes == [200, 200])
        let status = try await connection.machineStatus(of: "f")
        #expect(status.value(of: "size").map { Array($0) } == bytes("7"))
        let names = try await connection.machineList("d").map { Array($0.name) }
        #expect(names == [bytes("sub")])
        #expect(await !connection.isSecure)
        #expect(await thrown { try await connection.clearCommandChannel() } == "state")
        try await connection.isInStep()
      }
    }

    @Test func `uploads behind a part, to the end, and under a name of the server's`() async throws {
      let data: [Step] = [.accept, .take(pattern(500)), .endData, .say("226 done")]
      let steps: [Step] =
        [.answer("TYPE I", "200 ok"), .passive(), .answer("REST 100", "350 ok"), .answer("STOR f", "150 ok")] + data
        + [.passive(), .answer("APPE f", "150 ok")] + data + [.passive(), .answer("STOU", "150 FILE: f1")] + data
      try await ScriptedServer.connection(steps + .inStep) { connection in
        try await connection.upload(pattern(500), to: "f", from: 100)
        try await connection.append(pattern(500), to: "f")
        try await connection.uploadUnique(pattern(500))
        try await connection.isInStep()
      }
    }

    @Test func `blocks of a download`() async throws {
      let content = pattern(700_000)
      try await ScriptedServer.connection(.download("RETR f", content) + .inStep) { connection in
        var received: [UInt8] = []
        for try await block in connection.download("f") {
          #expect((1...262_144).contains(block.count))
          received += block
        }
        #expect(received == content)
        try await connection.isInStep()
      }
    }

    @Test func `a download that is short is an error of the loop`() async throws {
      let steps: [Step] =
        .begin("RETR f", "150 ok (1000 bytes)") + [.data(pattern(500)), .endData, .say("226 done")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        var count = 0
        let word = await thrown { for try await block in connection.download("f") { count += block.count } }
        #expect(word == "truncated 500/1000" && count == 500)
        try await connection.isInStep()
      }
    }

    @Test func `leaving the loop breaks the download off`() async throws {
      let steps: [Step] = .begin("RETR f") + [.pour(pattern(65536)), .dataGone, .say("426 broken off")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        for try await _ in connection.download("f") { break }
        try await connection.isInStep()
      }
    }

    @Test func `while one is read another call is an error`() async throws {
      try await ScriptedServer.connection(.download("RETR f", pattern(100)) + .inStep) { connection in
        var iterator = connection.download("f").makeAsyncIterator()
        _ = try await iterator.next()
        #expect(await thrown { _ = try await connection.workingDirectory() } == "state")
        while try await iterator.next() != nil {}
        try await connection.isInStep()
      }
    }

    @Test func `an upload of a sequence`() async throws {
      let blocks = (0..<20).map { pattern(10_000 + $0) }
      try await ScriptedServer.connection(.upload("STOR f", Array(blocks.joined())) + .inStep) { connection in
        let stream = AsyncStream { continuation in
          for block in blocks { continuation.yield(block) }
          continuation.finish()
        }
        #expect(try await connection.upload(stream, to: "f").text == "226 done")
        try await connection.isInStep()
      }
    }

    @Test func `what a sequence throws breaks the upload off`() async throws {
      let steps: [Step] = .begin("STOR f") + [.dataGone, .say("426 broken off")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let stream = AsyncThrowingStream<[UInt8], any Error> { continuation in
          continuation.yield(pattern(1000))
          continuation.finish(throwing: Stop())
        }
        #expect(await thrown { try await connection.upload(stream, to: "f") } == "foreign stop")
        try await connection.isInStep()
      }
    }

    @Test func `bytes up and down`() async throws {
      let content = pattern(300_000)
      let steps: [Step] = .upload("STOR f", content) + .download("RETR f", content, type: nil)
      try await ScriptedServer.connection(steps + .inStep) { connection in
        try await connection.upload(content, to: "f")
        let received = try await connection.content(of: "f")
        #expect(received == content)
        try await connection.isInStep()
      }
    }

    @Test func `content above the limit is an error`() async throws {
      let steps: [Step] = .begin("RETR f") + [.pour(pattern(65536)), .dataGone, .say("426 broken off")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        #expect(await thrown { _ = try await connection.content(of: "f", limit: 100_000) } == "tooLong")
        try await connection.isInStep()
      }
    }

    // MARK: Cancellation

    /// Cancels a task some time after it has begun; returns how it ended, and how long that took.
    private func cancelled(
      after time: Duration = .milliseconds(150), _ body: @escaping @Sendable () async throws -> Void
    ) async -> (word: String, delay: Duration) {
      let task = Task { await thrown(body) }
      try? await Task.sleep(for: time)
      let start = ContinuousClock.now
      task.cancel()
      let word = await task.value
      return (word, ContinuousClock.now - start)
    }

    @Test func `cancelling ends an upload from a pipe that nobody writes to`() async throws {
      let folder = try Folder()
      let pipe = folder.file("pipe")
      try #require(mkfifo(pipe, 0o600) == 0)
      let steps: [Step] = .begin("STOR f") + [.dataGone, .say("426 broken off")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let end = await cancelled { try await connection.upload(file: pipe, to: "f") }
        #expect(end.word == "cancelled" && end.delay < .milliseconds(500), "\(end)")
        try await connection.isInStep()
      }
    }

    @Test func `cancelling ends a download into a pipe that nobody reads from`() async throws {
      let folder = try Folder()
      let pipe = folder.file("pipe")
      try #require(mkfifo(pipe, 0o600) == 0)
      let steps: [Step] =
        [.answer("TYPE I", "200 ok"), .answer("SIZE f", "550 no")]
        + .begin("RETR f", type: nil) + [.data(pattern(10)), .dataGone, .say("426 broken off")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let end = await cancelled { try await connection.download("f", toFile: pipe) }
        #expect(end.word == "cancelled" && end.delay < .milliseconds(500), "\(end)")
        try await connection.isInStep()
      }
    }

    @Test func `pipes are uploaded, and downloaded into`() async throws {
      let (content, folder) = (pattern(300_000), try Folder())
      let (pipe, copy) = (folder.file("pipe"), folder.file("copy"))
      try #require(mkfifo(pipe, 0o600) == 0)
      func beside(_ command: String) throws -> Process {
        try Process.run(URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", command])
      }
      try await RealServer.run("vsftpd", files: ["f": content]) { server in
        let connection = try await FTPConnection(host: server.host, port: server.port, configuration: .brisk)
        try await connection.logIn(user: RealServer.user, password: RealServer.password)
        let reader = try beside("cat '\(pipe)' > '\(copy)'")
        try await connection.download("f", toFile: pipe)
        reader.waitUntilExit()
        #expect(try folder.content("copy") == content)
        let writer = try beside("cat '\(copy)' > '\(pipe)'")
        try await connection.upload(file: pipe, to: "g")
        writer.waitUntilExit()
        #expect(try server.content(of: "g") == content)
        try await connection.quit()
      }
    }

    @Test func `cancelling ends a silent download`() async throws {
      let folder = try Folder()
      let file = folder.file("f")
      let steps: [Step] =
        [.answer("TYPE I", "200 ok"), .answer("SIZE f", "550 no")]
        + .begin("RETR f", type: nil) + [.data(pattern(10)), .dataGone, .say("426 broken off")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let end = await cancelled { try await connection.download("f", toFile: file) }
        #expect(end.word == "cancelled" && end.delay < .milliseconds(500), "\(end)")
        try await connection.isInStep()
      }
    }

    @Test func `cancelling ends a download that flows`() async throws {
      let steps: [Step] = .begin("RETR f") + [.pour(pattern(65536)), .dataGone, .say("426 broken off")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let end = await cancelled { for try await _ in connection.download("f") {} }
        #expect(end.word == "cancelled" && end.delay < .milliseconds(500), "\(end)")
        try await connection.isInStep()
      }
    }

    @Test func `cancelling ends the wait for a reply, which is not taken for the next one's`() async throws {
      let steps: [Step] = [.hear("NOOP"), .quiet(.milliseconds(400)), .say("200 late")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let end = await cancelled { try await connection.noOperation() }
        #expect(end.word == "cancelled" && end.delay < .milliseconds(300), "\(end)")
        try await connection.isInStep()
      }
    }

    @Test func `a sequence that ends because of the cancellation is no whole upload`() async throws {
      let steps: [Step] = .begin("STOR f") + [.dataGone, .say("426 broken off")]
      try await ScriptedServer.connection(steps + .inStep) { connection in
        let end = await cancelled {
          let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
          continuation.yield(pattern(10))
          try await connection.upload(stream, to: "f")
        }
        #expect(end.word == "cancelled" && end.delay < .milliseconds(500), "\(end)")
        try await connection.isInStep()
      }
    }

    @Test func `a cancelled task can quit: the session is closed without a word`() async throws {
      try await ScriptedServer.connection([.farewell]) { connection in
        let task = Task {
          withUnsafeCurrentTask { $0?.cancel() }
          return await thrown { try await connection.quit() }
        }
        #expect(await task.value == "cancelled")
        #expect(await thrown { try await connection.noOperation() } == "state")
      }
    }

    @Test func `to quit ends a download that somebody reads`() async throws {
      let steps: [Step] = .begin("RETR f") + [.pour(pattern(65536)), .dataGone, .farewell]
      try await ScriptedServer.connection(steps) { connection in
        var iterator = connection.download("f").makeAsyncIterator()
        _ = try await iterator.next()
        #expect(await thrown { try await connection.quit() } == "state")
        do {
          _ = try await iterator.next()
          Issue.record("a block of a download that is over")
        } catch let error as FTPError { #expect(error.word == "state") }
      }
    }

    // MARK: The end

    @Test func `closing ends the call that runs, and those behind it`() async throws {
      try await ScriptedServer.connection(.begin("RETR f") + [.data(pattern(10)), .dataGone, .farewell]) { connection in
        let running = Task { await thrown { _ = try await connection.content(of: "f") } }
        try await Task.sleep(for: .milliseconds(150))
        let behind = (0..<3).map { _ in Task { await thrown { try await connection.noOperation() } } }
        try await Task.sleep(for: .milliseconds(20))
        let time = await ContinuousClock().measure { await connection.close() }
        #expect(time < .milliseconds(500), "\(time)")
        #expect(await running.value == "state")
        for task in behind { #expect(await task.value == "state") }
        #expect(await thrown { _ = try await connection.welcome } == "state")
      }
    }

    @Test func `closing ends an upload that flows`() async throws {
      let folder = try Folder()
      try folder.write("f", [])
      try #require(truncate(folder.file("f"), 1 << 40) == 0)
      let file = folder.file("f")
      try await ScriptedServer.connection(.begin("STOR f") + [.dataGone, .farewell]) { connection in
        let running = Task { await thrown { try await connection.upload(file: file, to: "f") } }
        try await Task.sleep(for: .milliseconds(150))
        let time = await ContinuousClock().measure { await connection.close() }
        #expect(time < .milliseconds(500), "\(time)")
        #expect(await running.value == "state")
      }
    }

    @Test func `cancelling ends the connecting`() async throws {
      let (listener, occupants) = try Wire.silent(on: "127.0.0.1")
      let port = try listener.port
      let end = await cancelled { _ = try await FTPConnection(host: "127.0.0.1", port: port) }
      #expect(end.word == "cancelled" && end.delay < .milliseconds(500), "\(end)")
      withExtendedLifetime(occupants) {}
    }

    @Test func `the host's own hook is asked too`() async throws {
      let (listener, occupants) = try Wire.silent(on: "127.0.0.1")
      let port = try listener.port
      let word = await thrown {
        let configuration = FTPSession.Configuration.with { $0.interrupt = Interrupt { throw Stop() } }
        _ = try await FTPConnection(host: "127.0.0.1", port: port, configuration: configuration)
      }
      #expect(word == "foreign stop")
      withExtendedLifetime(occupants) {}
    }

    // MARK: Threads

    @Test func `connections that wait block nobody else`() async throws {
      // More than there are threads for `async` code, each waiting for a greeting.
      let (listener, waiting) = (try Wire.listening(on: "127.0.0.1"), 3 * ProcessInfo.processInfo.activeProcessorCount)
      let port = try listener.port
      await withTaskGroup(of: String.self) { group in
        for _ in 0..<waiting {
          group.addTask { await thrown { _ = try await FTPConnection(host: "127.0.0.1", port: port) } }
        }
        try? await Task.sleep(for: .milliseconds(300))
        let start = ContinuousClock.now
        await Task.yield()
        _ = await Task.detached { 1 }.value
        #expect(ContinuousClock.now - start < .milliseconds(200))
        group.cancelAll()
        for await word in group { #expect(word == "cancelled") }
      }
    }

    /// As programs keep it: for several connections, and for all the world.
    private static let shared = FTPSession.Configuration.with { $0.keepAlive = .seconds(60) }

    @Test func `one configuration serves several connections`() async throws {
      let (listener, configuration) = (try Wire.listening(on: "127.0.0.1"), Self.shared)
      let port = try listener.port
      await withTaskGroup(of: String.self) { group in
        for _ in 0..<3 {
          group.addTask {
            await thrown { _ = try await FTPConnection(host: "127.0.0.1", port: port, configuration: configuration) }
          }
        }
        group.cancelAll()
        for await word in group { #expect(word == "cancelled") }
      }
      let prepare: @Sendable (FTPSession) throws -> Void = { try $0.logIn() }
      for _ in 0..<2 {
        _ = try FTPTransferConnection(host: "127.0.0.1", port: port, configuration: configuration, prepare: prepare)
      }
    }

    @Test func `a thread ends with its connection`() async throws {
      func threads() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
      try await ScriptedServer.connection([.farewell]) { _ in }
      let before = try threads()
      for _ in 0..<20 { try await ScriptedServer.connection([.farewell]) { _ in } }
      let end = ContinuousClock.now + .seconds(5)
      while try threads() > before + 3, ContinuousClock.now < end { await Task.yield() }
      #expect(try threads() <= before + 3)
    }
  }
}
