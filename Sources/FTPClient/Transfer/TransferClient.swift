/// A session that can be reopened: what transfers that finish are made with. `FTPSession` is driven by `SessionClient`, Python's `FTP`
/// object by the Python module.
///
/// Paths are bytes as the session sends them. One thread at a time; calls block.
package protocol TransferClient: AnyObject {
  /// Who is spoken with, as in "127.0.0.1 port 21".
  var server: String { get }
  /// What tells a file of this server, seen by this user, from another's of the same path. It is known once there has been a connection.
  var scope: String { get }
  /// Connects and logs in as before, to the same directory with the same options, unless that connection is there.
  func connect() throws
  /// Drops the connection without a word.
  func disconnect()
  /// Whether whoever made the session has closed it: then nothing is to be tried again.
  var isClosedByCaller: Bool { get }
  /// What the server calls the current directory (`PWD`), in its very bytes; nil where it has no name for it.
  func currentDirectory() throws -> [UInt8]?
  /// What tells a path from the same one in another directory, as far as that is known.
  func identity(of path: [UInt8]) -> [UInt8]
  /// Sends a command and returns its reply, whatever that is. Throws when there is none.
  func execute(_ verb: String, _ argument: [UInt8]?) throws -> Reply
  /// What the server says of itself; asked once for each connection.
  func features() throws -> ServerFeatures
  /// The same, where it has been asked already.
  var knownFeatures: ServerFeatures? { get }
  /// Whether the representation is known to be binary.
  var isBinary: Bool { get }
  /// Makes the representation binary, unless it is.
  func beBinary() throws
  /// Opens a data connection and sends the command that uses it, `REST` last before it.
  func begin(_ verb: String, _ path: [UInt8], from offset: UInt64) throws -> any ClientTransfer
  /// Sends commands before their turn; the next calls must send just these. False when that cannot be done here: nothing was sent then.
  func pipeline(_ commands: [(verb: String, argument: [UInt8]?)]) throws -> Bool
  /// Whether the server has taken commands that were sent before the reply to the one before, while no transfer was running; nil where that has not been
  /// tried on this session, false where it is not to be. Outlives the connection.
  var allowsPipelining: Bool? { get set }
  /// Whether the reply to a command of `pipeline` comes within this time.
  func hasReply(within time: Duration) throws -> Bool
  /// The next command like this one is not sent: it has this reply.
  func keep(_ reply: Reply, for verb: String) throws
  /// Whether the reply of `keep` has not been used.
  var keepsReply: Bool { get }
  /// The command that `begin` asks for a data connection with; nil where that is not known beforehand.
  var passiveCommand: String? { get }
  /// The server's greeting.
  var welcome: String { get }
  /// Whether data connections are in TLS.
  var protectsData: Bool { get }
  /// What an error of this client's means.
  func fault(of error: any Error) -> TransferFault
  /// Whether an error is that the server has said nothing for the time that it has.
  func isTimeout(_ error: any Error) -> Bool
  /// Another session like this one, not connected yet.
  func sibling() throws -> any TransferClient
  /// Runs `work` with each number below `count`: 0 on this thread, the others at the same time on threads of their own, or before it where there
  /// are none. All have ended when it returns; what they wait for ends when `isStopped` says so. Throws when it was interrupted.
  func together(_ count: Int, isStopped: @escaping () -> Bool, _ work: @escaping (Int) -> Void) throws
  /// Runs `body` so that others can go on meanwhile: without Python's lock.
  func detached(_ body: () throws -> Void) throws
  /// Asks whether the call shall stop; in `detached` too.
  func checkInterrupt() throws
  /// Runs what leaves the server clean behind something that was broken off: for some seconds not even that stops it which stops the others.
  func cleaningUp(_ body: () -> Void)
  /// Waits, as long as nobody interrupts.
  func pause(_ time: Duration) throws
  /// Hears of an error that ends nothing. Where that is an interruption which comes once, as Ctrl-C, it must come again.
  func drop(_ error: any Error)
}

extension TransferClient {
  package func currentDirectory() throws -> [UInt8]? {
    let reply = try execute("PWD", nil)
    if reply.code == 421 { throw FTPError(unexpected: reply) }
    guard let path = PathReply.path(of: reply), !path.isEmpty else { return nil }
    return path
  }

  package func identity(of path: [UInt8]) -> [UInt8] { path }
  package var isClosedByCaller: Bool { false }
  package var protectsData: Bool { false }
  package func drop(_ error: any Error) {}

  package func cleaningUp(_ body: () -> Void) { Interrupt.deferring(for: .seconds(5), body) }

  /// Runs what may fail without failing the call. An interruption comes again.
  func trying<Result>(_ body: () throws -> Result) -> Result? {
    do { return try body() } catch {
      drop(error)
      return nil
    }
  }
}

/// A data connection that a client has opened.
package protocol ClientTransfer: AnyObject {
  /// What goes over it.
  var data: DataTransfer { get }
  /// Runs the data phase, as `TransferClient.detached` does; `abort` and `close` of the session end it.
  func run(_ body: (DataTransfer) throws -> Void) throws
  /// Closes behind the last byte and reads the final reply, which must be 2yz; checks the announced size. Returns the
  /// reply, where it is known.
  @discardableResult
  func end() throws -> Reply?
  /// Whether data in TLS has ended without TLS's `close_notify`: of a listing, which has no size, nobody knows then whether that was all.
  var endedWithoutNotice: Bool { get }
  /// Closes in the middle. Returns `error`, or the server's word on it where that explains more.
  @discardableResult
  func breakOff(after error: any Error) -> any Error
}

/// What an error means for the next attempt.
package enum TransferFault {
  /// The connection is of no use any more.
  case lost
  /// The server will not now, and may later (4yz).
  case refused
  /// Another attempt would end the same way.
  case permanent
}

extension TransferClient {
  /// Sends a command; nil when its reply is not 2yz. Throws a 421, by which the server takes its leave.
  func completes(_ verb: String, _ argument: [UInt8]?) throws -> Reply? {
    try completion(execute(verb, argument))
  }

  /// Has the server listen no more for a data connection that has been asked for and is not needed: some say a while later that nobody came.
  func releasePort() throws {
    guard keepsReply else { return }
    _ = try execute("ABOR", nil)
  }

  /// The same for a reply that has come.
  func completion(_ reply: Reply) throws -> Reply? {
    if reply.code == 421 { throw FTPError(unexpected: reply) }
    return reply.category == .completion ? reply : nil
  }
}
