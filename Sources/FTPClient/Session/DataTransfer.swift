/// One transfer on its data connection: what went over it, and whether that was all.
///
/// The owner receives or sends, closes, reads the final reply, and then asks `verify()`. One of a session's, by `beginTransfer`, that is dropped before its
/// final reply has been read is broken off, and the session goes on.
public final class DataTransfer {
  /// The data connection.
  public let stream: any ByteStream
  /// The size that the reply to the command announced; nil when it named none.
  public let announced: UInt64?
  /// Where a resumed transfer began.
  public let offset: UInt64
  /// How long the data connection may be silent; nil is for ever.
  public let idleTimeout: Duration?
  /// The same for each wait.
  private let idleNanoseconds: Int64?
  /// The control connection to keep alive meanwhile.
  private let control: ControlConnection?
  /// How TLS is ended on the data connection; nil without TLS.
  private let closing: SecureClosing?
  /// Until when the first data may be awaited before a reset.
  @exclusivity(unchecked) private var firstData: Deadline
  /// The command that the transfer belongs to, where the session sent it.
  package let command: Command?
  /// Bytes received or sent so far.
  @exclusivity(unchecked) public private(set) var transferred: UInt64 = 0
  /// The control connection's count as long as its reply is owed; nil where somebody else sees to that.
  @exclusivity(unchecked) private var settlement: Int?
  /// Whether it was broken off.
  @exclusivity(unchecked) private var isBrokenOff = false
  /// Hears after each block how many bytes have gone until then.
  @exclusivity(unchecked) package var onProgress: ((UInt64) -> Void)?

  /// The size of the first read. A larger one costs page faults that a small file does not repay.
  package static let firstRead = 64 * 1024
  /// The largest read: above it the block no longer fits the processor's cache beside its copy.
  package static let largestRead = 256 * 1024

  /// A transfer over a connected stream. `control` is kept alive meanwhile as its `keepAlive(every:)` says.
  public init(
    _ stream: any ByteStream, announced: UInt64?, offset: UInt64, idleTimeout: Duration?,
    control: ControlConnection? = nil
  ) {
    self.control = control
    self.stream = stream
    self.announced = announced
    self.offset = offset > 0 ? offset : control?.startOfTransfer ?? 0
    self.idleTimeout = idleTimeout
    idleNanoseconds = idleTimeout.map(\.wholeNanoseconds)
    closing = nil
    firstData = .never
    command = nil
    settlement = nil
  }

  /// The transfer that a session's command began. An upload has no announced size to fall short of.
  init(
    of command: Command, _ socket: Socket, _ closing: SecureClosing?, announced: UInt64?, offset: UInt64,
    idleTimeout: Duration?, control: ControlConnection
  ) {
    self.command = command
    self.control = control
    self.closing = closing
    firstData = closing == nil ? .never : .after(TLSPatience.firstData)
    stream = closing?.stream ?? socket
    self.announced = command.isUpload ? nil : announced
    self.offset = offset > 0 ? offset : control.startOfTransfer
    self.idleTimeout = idleTimeout
    idleNanoseconds = idleTimeout.map(\.wholeNanoseconds)
    settlement = control.settlements
  }

  deinit {
    guard let settlement, let control, control.settlements == settlement else { return }
    breakOff()
    control.keepAlive(every: nil)
    control.abandonReplies()
  }

  /// Says that the reply is no matter of this object's any more: it has come, or somebody else awaits it.
  func disown() { settlement = nil }

  /// Gives it to somebody who reads the stream without this object, which then does not know whether anything has come.
  func lend() {
    settlement = nil
    firstData = .never
  }

  /// How the server ended TLS; nil without TLS, and before the end.
  package var ending: SecureEnding? { closing?.stream.ending }
  /// The connection below TLS, or itself.
  package var socket: Socket? { closing?.socket ?? stream as? Socket }

  /// Receives to the end of the stream and hands each block to `sink`.
  ///
  /// A block holds at least one byte and at most `blockSize`; nothing is waited for to fill it. Its memory is reused
  /// after the call. Blocks at most `idleTimeout` for each read; throws `.timedOut`, what the stream throws, or
  /// `.interrupted` with what the sink threw.
  public func receive(
    blockSize: Int, _ sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws(FTPError) {
    let largest = max(1, min(blockSize, Self.largestRead))
    var buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(largest, Self.firstRead), alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = try receive(into: buffer)
      guard count > 0 else { return }
      try callingOut { try sink(UnsafeRawBufferPointer(rebasing: buffer.prefix(count))) }
      if count == buffer.count, count < largest {
        let size = min(largest, buffer.count * 2)
        buffer.deallocate()
        buffer = .allocate(byteCount: size, alignment: 16)
      }
    }
  }

  /// Receives what is there, at least one byte, at most the buffer; 0 is the end. Keeps the control connection alive meanwhile.
  ///
  /// Blocks at most `idleTimeout`; throws `.timedOut` or what the stream throws.
  public func receive(into buffer: UnsafeMutableRawBufferPointer) throws(FTPError) -> Int {
    let count = try stream.read(into: buffer, until: waiting())
    self.count(received: count)
    return count
  }

  /// Whether `receive(moving:)` may be of use.
  package var canMoveToFiles: Bool { (stream as? any FileReceiving)?.receivesFiles ?? false }

  /// Receives what is there by `move`, which gets the stream and until when to wait, and has its bytes go where they belong without a copy in this
  /// process. Returns how many they were, 0 at the end; nil where the stream, or `move`, does not do that: nothing was taken then.
  package func receive(moving move: (any FileReceiving, Deadline) throws -> Int?) throws -> Int? {
    guard let stream = stream as? any FileReceiving, stream.receivesFiles else { return nil }
    let count = try move(stream, waiting())
    if let count { self.count(received: count) }
    return count
  }

  /// Counts bytes that a reader with its own way to the stream has received: after `waiting()`.
  package func count(received count: Int) {
    guard count > 0 else { return }
    transferred &+= UInt64(count)
    onProgress?(transferred)
  }

  /// Whether the control connection is kept alive meanwhile: then `waiting()` waits.
  package var isKeptAlive: Bool { control?.keepAlivePause != nil }

  /// Before a read: waits, as long as the control connection is to be kept alive, for something to come. Returns until when to wait then.
  package func waiting() throws(FTPError) -> Deadline {
    try requireWhole()
    try control?.keepAlive()
    let deadline = Deadline.after(nanoseconds: idleNanoseconds)
    if let control, let pause = control.keepAlivePause {
      while !deadline.hasPassed {
        if try stream.isReadable(within: min(pause, deadline.remaining ?? pause)) { break }
        try control.keepAlive()
      }
    }
    return deadline
  }

  /// Sends one block. Blocks at most `idleTimeout` while the server takes nothing.
  public func send(_ block: UnsafeRawBufferPointer) throws(FTPError) {
    try requireWhole()
    try control?.keepAlive()
    try stream.write(block, idleTimeout: idleTimeout)
    transferred &+= UInt64(block.count)
    onProgress?(transferred)
  }

  /// Whether `send(file:from:)` may be of use.
  package var canSendFiles: Bool { (stream as? any FileSending)?.sendsFiles ?? false }

  /// Sends a regular file from `offset` on to its end, or as far as the stream does that by itself: see `FileSending`.
  ///
  /// Neither uses nor moves the descriptor's position; `transferred` says how far it came, when it throws as well. What is left is for
  /// `send(_:)`. Blocks at most `idleTimeout` while the server takes nothing. `sent` hears of each piece.
  package func send(
    file: CInt, from offset: UInt64, _ sent: (_ count: Int) throws -> Void = { _ in }
  ) throws(FTPError) {
    guard let stream = stream as? any FileSending else { return }
    var position = offset
    while true {
      try requireWhole()
      try control?.keepAlive()
      let count = try stream.send(file: file, from: position, idleTimeout: idleTimeout)
      guard count > 0 else { return }
      position &+= UInt64(count)
      transferred &+= UInt64(count)
      onProgress?(transferred)
      try callingOut { try sent(count) }
    }
  }

  /// Closes the data connection behind the last byte; with TLS says first that it was the last, and waits, at most `idleTimeout`, until the
  /// server has closed or has said on the control connection what became of the transfer.
  ///
  /// Throws `.timedOut` when it does neither, `.interrupted`, or `.state` when the transfer was broken off; closed it is in any case.
  public func end() throws(FTPError) {
    try requireWhole()
    defer { stream.close() }
    try closing?.run(until: .after(idleTimeout))
  }

  /// Closes the data connection in the middle of the transfer. Later calls throw `.state`.
  ///
  /// Inside TLS by a reset, behind a download's first data: that is awaited, until a second after the handshake at most.
  public func breakOff() {
    guard !isBrokenOff else { return }
    isBrokenOff = true
    closing?.reset(awaitingData: transferred == 0 && command?.isUpload == false, until: firstData)
    stream.close()
  }

  private func requireWhole() throws(FTPError) {
    if isBrokenOff { throw FTPError(.state, "the transfer was broken off") }
  }

  /// What to say of a final reply that did not come: the data did, all of it perhaps.
  package var unconfirmed: String {
    let announced = announced.map { ", of \($0) that were announced" } ?? ""
    return
      "; \(transferred) bytes went over the data connection\(announced), and whether that was all the server has not said"
  }

  /// Throws `.truncated` when a binary download ended before the announced size.
  ///
  /// Servers announce the whole file's size or what is left from `offset`: both are taken for whole. Where one of the two is wrong nevertheless
  /// `isDoubtful` says so.
  public func verify() throws(FTPError) { if let announced { try verify(announced: announced) } }

  /// The same for a size that was learned otherwise.
  public func verify(announced: UInt64) throws(FTPError) {
    // In another mode than stream a block is no piece of the file.
    guard transferred < announced, isStreamMode, reached < announced else { return }
    throw truncated(announced)
  }

  /// The same for what `SIZE` says of the whole file.
  package func verify(size: UInt64) throws(FTPError) {
    guard isStreamMode, reached < size || transferred == 0 && offset > size else { return }
    if reached < size { throw truncated(size - min(offset, size)) }
    throw FTPError(
      .truncated(received: 0, expected: 0),
      "the transfer was to begin behind \(offset) bytes, and the server's file has \(size)")
  }

  /// The same where less may have come than was announced, and nobody else vouches for the end.
  package func verify(sizeOfDoubtful size: UInt64) throws(FTPError) {
    // A file of this size has less behind the offset than was announced: that was the size of the whole, which has come, and it has grown since.
    if let announced, reached >= announced, offset <= size,
      size < (offset > .max - announced ? .max : offset + announced)
    {
      return
    }
    try verify(size: size)
  }

  /// Whether at least as much has come as was announced. Behind an offset `verify` takes less for whole, where that would be the size of the whole
  /// file; it may be what was left of it.
  package var hasAllAnnounced: Bool { announced.map { transferred >= $0 } ?? false }

  /// Whether less has come than was announced and yet, with `offset`, more: something is missing if that was what is left, and nothing if it was
  /// the size of a file that has grown meanwhile. `SIZE` tells.
  package var isDoubtful: Bool {
    guard let announced else { return false }
    return isStreamMode && transferred < announced && reached > announced
  }

  private var isStreamMode: Bool { control?.isStreamMode ?? true }
  /// Where it has come to in the file.
  private var reached: UInt64 {
    let (end, overflow) = transferred.addingReportingOverflow(offset)
    return overflow ? .max : end
  }

  private func truncated(_ expected: UInt64) -> FTPError {
    FTPError(
      .truncated(received: transferred, expected: expected),
      "the download ended early: received \(transferred) of \(expected) bytes")
  }
}

extension FTPError {
  /// The same for a final reply that did not come, with what had been transferred until then.
  func unconfirmed(_ transfer: DataTransfer) -> FTPError {
    switch kind {
    case .closed, .timedOut, .system: FTPError(kind, message + transfer.unconfirmed)
    default: self
    }
  }
}
