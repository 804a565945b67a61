public import FTPClient
internal import Synchronization

/// A session with an FTP server for `async` code.
///
///     let connection = try await FTPConnection(host: "ftp.example.org")
///     try await connection.logIn(user: "me", password: "secret")
///     try await connection.download("firmware.bin", toFile: "firmware.bin")
///     try await connection.quit()
///
/// A call is the one of `FTPSession`, with its contract where it says nothing else; it blocks a thread of the connection's own and suspends the caller. Calls
/// are done one after the other. What a call throws is `FTPError`, or what a progress handler, a source or the interrupt hook threw.
///
/// Cancelling a task ends the call that it waits in within a tenth of a second, by `CancellationError`; the TLS handshake of a data connection, and
/// the wait for a download's first bytes, within a second more, and not the resolving of a host's name, which the system does not let go. Afterwards the session is usable: what the server still says about the call that was broken off is
/// read before the next command. Where that is impossible the next call throws `.state`, "connect again". A call that waits for another to finish is cancelled
/// when that has finished. A connection whose last reference goes is closed without a word to the server.
public actor FTPConnection {
  private let thread: ConnectionThread
  let session: FTPSession
  /// The download that is read block by block, or the upload that is written so.
  private var running: RunningTransfer?
  private let closing: Closing

  /// The host that was asked for.
  public nonisolated let host: String

  /// The thread that does the waiting.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private struct RunningTransfer {
    let transfer: DataTransfer
    /// Who goes on with it; when nobody is left it is broken off.
    weak var owner: TransferOwner?
  }

  /// Connects and reads the greeting; with TLS shakes hands. See `FTPSession.init`. The configuration's `interrupt` is asked besides the
  /// task's cancellation.
  public init(
    host: String, port: UInt16? = nil, configuration: FTPSession.Configuration = FTPSession.Configuration()
  ) async throws {
    let thread = try ConnectionThread()
    let opening = Opening(thread)
    var configuration = configuration
    let own = configuration.interrupt
    let closing = Closing(host)
    configuration.interrupt = Interrupt {
      try Task.checkCancellation()
      try closing.check()
      try own?.check()
    }
    self.closing = closing
    self.thread = thread
    self.host = host
    session = try await opening.open(host, port, configuration)
  }

  /// Whether the connection is to be closed: known to the call that is running, and to those behind it.
  private final class Closing: Sendable {
    private let host: String
    private let hasBegun = Atomic(false)

    init(_ host: String) { self.host = host }

    func begin() { hasBegun.store(true, ordering: .relaxed) }

    func check() throws(FTPError) {
      if hasBegun.load(ordering: .relaxed) { throw FTPError(.state, "the connection to \(host) was closed") }
    }
  }

  /// Does the connecting on the thread, before there is a connection.
  private actor Opening {
    private let thread: ConnectionThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ thread: ConnectionThread) { self.thread = thread }

    func open(
      _ host: String, _ port: UInt16?, _ configuration: FTPSession.Configuration
    ) throws -> sending FTPSession {
      do throws(FTPError) { return try FTPSession(host: host, port: port, configuration: configuration) } catch {
        throw FTPConnection.outward(error)
      }
    }
  }

  /// Lets `body` use the session on the connection's thread, for what has no method here.
  ///
  /// `body` must not keep the session. Throws what it throws, `.interrupted` as what was thrown.
  public func withSession<Result: Sendable>(_ body: @Sendable (FTPSession) throws -> Result) throws -> Result {
    try usable { (session) throws(FTPError) in
      do { return try body(session) } catch { throw error as? FTPError ?? FTPError(interruptedBy: error) }
    }
  }

  /// Calls the session, when no transfer is in the way.
  func usable<Result>(_ body: (FTPSession) throws(FTPError) -> Result) throws -> Result {
    try Task.checkCancellation()
    try closing.check()
    dropAbandoned()
    guard running == nil else {
      throw FTPError(
        .state, "a transfer is running on the connection to \(host): read it to its end, or let go of it")
    }
    do throws(FTPError) { return try body(session) } catch { throw Self.outward(error) }
  }

  /// What was thrown into a call comes out as it is: a cancellation is `CancellationError`.
  private static func outward(_ error: FTPError) -> any Error {
    if case .interrupted(let cause) = error.kind { return cause }
    return error
  }

  // MARK: Transfers in steps

  /// Begins a transfer that `owner` goes on with.
  func begin(_ command: Command, from offset: UInt64, owner: TransferOwner) throws {
    running = RunningTransfer(
      transfer: try usable { (session) throws(FTPError) in
        try session.setRepresentation(.binary)
        return try session.beginTransfer(command, from: offset)
      }, owner: owner)
  }

  /// The next block of a download; nil when it is whole.
  func receive(_ owner: TransferOwner) throws -> [UInt8]? {
    try step(owner) { (transfer) throws(FTPError) in
      let block = try [UInt8](capacity: Self.blockSize) { (buffer) throws(FTPError) in
        try transfer.receive(into: buffer)
      }
      if block.isEmpty {
        try session.endTransfer(transfer)
        running = nil
        return nil
      }
      return block
    }
  }

  /// Sends a block of an upload.
  func send(_ block: [UInt8], _ owner: TransferOwner) throws {
    try step(owner) { (transfer) throws(FTPError) in
      try block.withUnsafeBufferPointer { (bytes) throws(FTPError) in
        try transfer.send(UnsafeRawBufferPointer(bytes))
      }
    }
  }

  /// Ends an upload behind its last block.
  func end(_ owner: TransferOwner) throws -> Reply {
    try step(owner) { (transfer) throws(FTPError) in
      let reply = try session.endTransfer(transfer)
      running = nil
      return reply
    }
  }

  private func step<Result>(
    _ owner: TransferOwner, _ body: (DataTransfer) throws(FTPError) -> Result
  ) throws -> Result {
    guard let running, running.owner === owner else {
      throw FTPError(.state, "the transfer on the connection to \(host) was broken off")
    }
    do throws(FTPError) {
      if Task.isCancelled { throw FTPError(interruptedBy: CancellationError()) }
      return try body(running.transfer)
    } catch {
      self.running = nil
      throw Self.outward(session.breakOff(running.transfer, after: error))
    }
  }

  /// Breaks off a transfer whose owner has failed.
  func abandon(_ owner: TransferOwner) {
    guard let running, running.owner === owner else { return }
    self.running = nil
    session.breakOff(running.transfer, after: FTPError(interruptedBy: CancellationError()))
  }

  /// Breaks off a transfer whose owner has gone.
  func dropAbandoned() {
    guard let running, running.owner == nil else { return }
    self.running = nil
    session.breakOff(running.transfer, after: FTPError(interruptedBy: CancellationError()))
  }

  /// The most that a block of a download holds.
  private static let blockSize = 256 * 1024

  // MARK: The end

  /// Takes leave with `QUIT` and closes, whatever the server answers. In a cancelled task, and while a transfer is running, it closes without a
  /// word, and throws.
  @discardableResult
  public func quit() throws -> Reply {
    defer { shut() }
    return try usable { (session) throws(FTPError) in try session.quit() }
  }

  /// Closes without a word to the server. The call that is running ends within a tenth of a second, as it does when its task is cancelled; it throws
  /// `.state`, and so do those that wait, and later ones.
  public nonisolated func close() async {
    closing.begin()
    await shut()
  }

  private func shut() {
    closing.begin()
    running = nil
    session.close()
  }
}

/// Who reads or writes a transfer block by block. When it goes, the connection breaks the transfer off.
final class TransferOwner: Sendable {
  private let connection: FTPConnection

  init(_ connection: FTPConnection) { self.connection = connection }

  deinit {
    let connection = connection
    Task { await connection.dropAbandoned() }
  }
}

extension [UInt8] {
  /// As many bytes as `body` puts into a buffer of `capacity`.
  init(capacity: Int, _ body: (UnsafeMutableRawBufferPointer) throws(FTPError) -> Int) throws(FTPError) {
    let result = Swift.Result { () throws(FTPError) in
      var failure: FTPError?
      let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        do throws(FTPError) { count = try body(UnsafeMutableRawBufferPointer(buffer)) } catch { failure = error }
      }
      if let failure { throw failure }
      return bytes
    }
    self = try result.get()
  }
}
