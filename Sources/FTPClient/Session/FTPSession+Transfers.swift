/// Transfers of files and listings.
extension FTPSession {
  /// Downloads a file in blocks (`RETR`, `TYPE I`).
  ///
  /// `sink` gets each block as it comes, at most `blockSize` bytes, valid during the call. `offset` skips that many bytes
  /// (`REST`). Returns the server's final 2yz reply.
  ///
  /// Throws `.truncated` when fewer bytes came than the server had announced, `.timedOut` when the connection went silent,
  /// `.reply`, `.system`, or `.interrupted` with what `sink` threw; then the file is not whole.
  @discardableResult
  public func retrieve(
    _ path: String, from offset: UInt64 = 0, blockSize: Int = 256 * 1024,
    into sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws(FTPError) -> Reply {
    let command = try Command("RETR", path)
    try setRepresentation(.binary)
    return try run(beginTransfer(command, from: offset)) { (transfer) throws(FTPError) in
      try transfer.receive(blockSize: blockSize, sink)
    }
  }

  /// Downloads a text file in lines (`RETR`, `TYPE A`): `sink` gets each line without its end, valid during the call.
  ///
  /// A line ends at CRLF, LF or CR and has at most `Limits.line` bytes. Throws as `retrieve`.
  @discardableResult
  public func retrieveLines(
    _ path: String, into sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws(FTPError) -> Reply {
    try lines(of: Command("RETR", path), into: sink)
  }

  /// Uploads a file (`STOR`, `TYPE I`), from `offset` on when resumed (`REST`).
  ///
  /// `source` fills the buffer that it is given and returns how many bytes it put there; 0 ends the upload. Returns the
  /// server's final 2yz reply. Throws `.timedOut`, `.reply`, `.system`, `.interrupted` with what `source` threw, or
  /// `.invalidArgument` when it returned less than 0, as `read` does when it fails, or more than the buffer holds; then
  /// the server may hold a part.
  @discardableResult
  public func store(
    _ path: String, from offset: UInt64 = 0,
    source: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws(FTPError) -> Reply {
    try upload(Command("STOR", path), from: offset, source)
  }

  /// Uploads under a name that the server chooses (`STOU`). The reply names the file on most servers.
  @discardableResult
  public func storeUnique(source: (UnsafeMutableRawBufferPointer) throws -> Int) throws(FTPError) -> Reply {
    try upload(Command("STOU"), from: 0, source)
  }

  /// Adds to the end of a file, or makes it (`APPE`).
  @discardableResult
  public func append(
    to path: String, source: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws(FTPError) -> Reply {
    try upload(Command("APPE", path), from: 0, source)
  }

  /// The names in a directory (`NLST`). Some servers answer 550 or 450 for an empty one.
  public func nameList(_ path: String? = nil) throws(FTPError) -> [String] {
    try collect(Command("NLST", path)) { $0.text }
  }

  /// The lines of a directory listing as the server writes them (`LIST`).
  public func list(_ path: String? = nil) throws(FTPError) -> [String] {
    try collect(Command("LIST", path)) { $0.text }
  }

  /// The entries of a directory with their facts (`MLSD`, RFC 3659 section 7).
  public func machineList(_ path: String? = nil) throws(FTPError) -> [MachineListingEntry] {
    try collect(Command("MLSD", path)) { MachineListingEntry(line: $0) }
  }

  /// Tells the server to end the running transfer (`ABOR`), closes its data connection, and returns the first reply: 225, 226 or 426.
  ///
  /// For a sink or a source to call: the call that it belongs to throws `.state` then. Most servers hear `ABOR` only when the data connection is
  /// gone. Plain, without Telnet signals: those break ProFTPD, Pure-FTPd and aioftp. The second reply that most servers send is read
  /// before the next command.
  @discardableResult
  public func abort() throws(FTPError) -> Reply {
    // Of an own transfer, not of one that somebody else runs on the same connection.
    if running == nil { try control.requireNobodyWaits(for: "send ABOR") }
    try control.send(Command("ABOR"))
    control.keepAlive(every: nil)
    running?.disown()
    running?.breakOff()
    running = nil
    // Pure-FTPd says how much it has sent, in a 150, before it answers.
    let reply = try control.readFinalReply()
    control.abandonReplies()
    guard reply.answersAbort else { throw FTPError(unexpected: reply) }
    return reply
  }

  // MARK: Parts

  /// Ends a transfer that `beginTransfer` began, behind its last byte: closes the data connection, reads the server's final reply, which is
  /// returned when it is 2yz, and checks the size of a binary download.
  ///
  /// Throws as `retrieve`; then the transfer is to be broken off.
  @discardableResult
  public func endTransfer(_ transfer: DataTransfer) throws(FTPError) -> Reply {
    try transfer.end()
    let reply: Reply
    // A 1yz may come behind the data, and name the size.
    var late: UInt64?
    do throws(FTPError) {
      reply = try control.readFinalReply { late = TransferSize.announced(in: $0) ?? late }
    } catch { throw error.unconfirmed(transfer) }
    control.keepAlive(every: nil)
    guard reply.category == .completion else { throw FTPError(unexpected: reply) }
    if representation == .binary {
      try transfer.verify()
      if let late, transfer.command?.isUpload == false { try transfer.verify(announced: late) }
      if transfer.isDoubtful, let size = try sizeOnServer(transfer.command) {
        try transfer.verify(sizeOfDoubtful: size)
      }
    }
    try requireWhole(transfer)
    transfer.disown()
    running = nil
    return reply
  }

  /// Breaks off a transfer that `beginTransfer` began. What the server still says about it is read before the next command.
  ///
  /// Returns `error`, or in its place what the server says about a data connection that broke, such as `552 Disk full`.
  @discardableResult
  public func breakOff(_ transfer: DataTransfer, after error: FTPError) -> FTPError {
    control.keepAlive(every: nil)
    running = nil
    transfer.disown()
    transfer.breakOff()
    let error = control.explanation(of: error)
    control.abandonReplies()
    return error
  }

  /// Runs a transfer's data phase and ends it, or breaks it off.
  private func run(
    _ transfer: DataTransfer, _ body: (DataTransfer) throws(FTPError) -> Void
  ) throws(FTPError) -> Reply {
    do throws(FTPError) {
      try body(transfer)
      return try endTransfer(transfer)
    } catch {
      throw breakOff(transfer, after: error)
    }
  }

  private func upload(
    _ command: Command, from offset: UInt64, _ source: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws(FTPError) -> Reply {
    try setRepresentation(.binary)
    return try run(beginTransfer(command, from: offset)) { (transfer) throws(FTPError) in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: DataTransfer.largestRead, alignment: 16)
      defer { buffer.deallocate() }
      while true {
        let count = try callingOut { try source(buffer) }
        guard count != 0 else { return }
        guard (1...buffer.count).contains(count) else {
          throw FTPError(
            .invalidArgument, "the source of the upload returned \(count) for a buffer of \(buffer.count) bytes")
        }
        try transfer.send(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
      }
    }
  }

  private func lines(
    of command: Command, into sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws(FTPError) -> Reply {
    try setRepresentation(.text)
    return try run(beginTransfer(command)) { (transfer) throws(FTPError) in
      var splitter = TextLineSplitter()
      func emit(_ line: UnsafeRawBufferPointer) throws(FTPError) {
        try callingOut { try sink(line) }
      }
      try transfer.receive(blockSize: DataTransfer.largestRead) { block in
        try splitter.append(block, limit: Limits.line, emit)
      }
      _ = try splitter.finish(emit)
    }
  }

  /// `ended` gets the server's final reply.
  func collect<Entry>(
    _ command: Command, ended: (Reply) throws(FTPError) -> Void = { (_) throws(FTPError) in },
    _ entry: (UnsafeRawBufferPointer) -> Entry
  ) throws(FTPError) -> [Entry] {
    var entries: [Entry] = []
    var size = ListingSize()
    let reply = try lines(of: command) { line in
      try size.add(line.count, lines: 1)
      entries.append(entry(line))
    }
    try ended(reply)
    return entries
  }
}
