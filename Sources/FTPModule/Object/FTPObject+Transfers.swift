import CPython
import FTPClient
import Glibc
import PythonBridge

/// Uploads and downloads: `retrbinary`, `retrlines`, `storbinary`, `storlines`.
extension FTPObject {
  /// The documented default of `blocksize`: 2048K.
  static let defaultBlockSize = 2048 * 1024

  /// `retrbinary(cmd, callback, blocksize, rest)`: the callback gets each block as `bytes`.
  func retrbinary(
    _ command: PythonObject, _ callback: PythonObject, blockSize: PythonObject?, rest: PythonObject?
  ) throws -> PythonObject {
    let callback = try self.callback(callback)
    let blockSize = try self.blockSize(blockSize) ?? Self.defaultBlockSize
    var blocks = try DownloadBlocks(atMost: blockSize)
    let isRaw = BinaryFile.isRawWrite(callback, try state.fileTypes())
    // Made attached, and let go with this function: also attached.
    var file: BinaryFile?
    return try transfer(command, as: (.binary, .voidcmd), rest: rest, checksSize: true) { transfer, _, attach in
      if let tls = (transfer.stream as? PythonStream)?.tls {
        if tls is TLSPipe, try Attachment.attach({ try BinaryFile.isWrite(callback, state.fileTypes()) }) {
          if transfer.announced ?? 0 >= BinaryFile.worthMoving {
            file = try Attachment.attach { try BinaryFile(written: callback, state.fileTypes()) }
            if try file?.receive(from: transfer, attach) ?? false { return }
          }
          return try receiveBlocks(transfer, atMost: min(blockSize, BlockSize.first), callback, isRaw, attach)
        }
        if tls.readsBytes {
          return try Attachment.attach {
            try receiveRecords(transfer, tls, atMost: min(blockSize, BlockSize.limit), callback, isRaw, attach)
          }
        }
      }
      var mayMove = true
      while true {
        if mayMove, max(transfer.announced ?? 0, transfer.transferred) >= BinaryFile.worthMoving {
          mayMove = false
          file = try Attachment.attach { try BinaryFile(written: callback, state.fileTypes()) }
          if try file?.receive(from: transfer, attach) ?? false { return }
        }
        let count = try transfer.receive(into: blocks.memory)
        guard count > 0 else { return }
        try attach {
          if isRaw {
            let block = UnsafeRawBufferPointer(rebasing: blocks.memory.prefix(count))
            try lend(block, to: callback, isRaw: true)
          } else {
            try blocks.pass(count, to: callback, from: transfer.stream as? PythonStream)
          }
        }
      }
    }
  }

  /// The same over TLS, attached: the callback gets each record as `ssl` hands it out, which detaches to decipher.
  private func receiveRecords(
    _ transfer: DataTransfer, _ tls: any TLSLayer, atMost size: Int, _ callback: PythonObject, _ isRaw: Bool,
    _ attach: (() throws -> Void) throws -> Void
  ) throws {
    while true {
      let deadline =
        try transfer.isKeptAlive ? Attachment.detach { try transfer.waiting() } : .after(transfer.idleTimeout)
      guard let record = try tls.readBytes(atMost: size, until: deadline) else { return }
      transfer.count(received: try record.withBytes { $0.count })
      try attach {
        if isRaw {
          try record.withBytes { try lend($0, to: callback, isRaw: true) }
        } else {
          _ = try callback.call(record)
        }
      }
    }
  }

  /// The same into a file of Python's own, whose `write` keeps nothing of what it is lent: always the same memory, which the processor's
  /// cache knows.
  private func receiveBlocks(
    _ transfer: DataTransfer, atMost size: Int, _ write: PythonObject, _ isRaw: Bool,
    _ attach: (() throws -> Void) throws -> Void
  ) throws {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { memory.deallocate() }
    while true {
      let count = try transfer.receive(into: memory)
      guard count > 0 else { return }
      let block = UnsafeRawBufferPointer(rebasing: memory.prefix(count))
      try attach { try lend(block, to: write, isRaw: isRaw) }
    }
  }

  /// Has the `write` of a file of Python's own, which keeps nothing of what it is lent, write a block. One that is `isRaw` takes as much as the
  /// system does, which is less where a disk becomes full; `None` is that it would have to wait.
  private func lend(_ block: UnsafeRawBufferPointer, to write: PythonObject, isRaw: Bool) throws {
    var rest = block
    repeat {
      let count = try PythonObject.lending(rest, release: state.names[.release]) { try write.call($0) }
      guard isRaw else { return }
      guard !count.isNone else { throw PythonError.system(EAGAIN) }
      let written = try count.integer()
      guard written > 0 || rest.isEmpty else { throw PythonError.system(EIO) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
    } while !rest.isEmpty
  }

  /// `retrlines(cmd, callback)`: the callback gets each line, as `str` without its end and as bytes with it (`LineTypes`);
  /// a binary file's own `write` gets the bytes as they are.
  func retrlines(_ command: PythonObject, _ callback: PythonObject?) throws -> PythonObject {
    let codec = try codec
    if let callback, BinaryFile.isWrite(callback, try state.fileTypes()) {
      let isRaw = BinaryFile.isRawWrite(callback, try state.fileTypes())
      return try textBlocks(command) { lines in
        try lines.withUnsafeBytes { try lend($0, to: callback, isRaw: isRaw) }
      }
    }
    let callback = try callback.map(self.callback) ?? state.hooks.printLine.replacement
    if let callback, codec.isStrictUTF8, debugLevel <= 2 {
      let types = try state.lines.types(for: codec)
      let calls = try (StringCalls(callback, each: types.terminated), StringCalls(callback, each: types.unterminated))
      return try textLines(command) { lines, isTerminated, check in
        try (isTerminated ? calls.0 : calls.1).call(utf8: lines, check)
      }
    }
    return try eachTextLine(command) { line, isTerminated in
      let codec = codec.resolved(for: line)
      let text = try codec.decode(line)
      if debugLevel > 2 { try print(.string("*retr*"), text.representation()) }
      guard let callback else { return try print(text) }
      let types = try state.lines.types(for: codec)
      let type = isTerminated ? types.terminated : types.unterminated
      _ = try callback.call(type.call(text))
    }
  }

  /// `storbinary(cmd, fp, blocksize, callback, rest)`: sends what `fp.read(blocksize)` returns until that is empty.
  func storbinary(
    _ command: PythonObject, _ file: PythonObject, blockSize: PythonObject?, callback: PythonObject?,
    rest: PythonObject?
  ) throws -> PythonObject {
    // CPython's `fp.read(None)` reads all; nobody waits for that here.
    let blockSize = try self.blockSize(blockSize.flatMap { $0.isNone ? nil : $0 })
    let callback = try callback.map(self.callback)
    return try transfer(
      command, as: (.binary, .voidcmd), rest: rest, checksSize: false, isDetached: false, source: file
    ) { transfer, running, _ in
      let types = try state.fileTypes()
      if callback == nil, !file.isExactly(types.memory),
        let own = BinaryFile(reading: file, atLeast: BinaryFile.worthSending, types)
      {
        try own.send(over: transfer)
        try running.requireWhole()
      }
      var size = blockSize ?? BlockSize.first
      var argument = try PythonObject.integer(size)
      // What is no regular file is not waited for until it fills a block, while the server hears nothing.
      let read =
        try blockSize == nil && BinaryFile.mayWait(file, types) ? PythonObject.string("read1") : state.names[.read]
      while true {
        let block = try file.callMethod(read, argument)
        guard try block.isTrue() else { return }
        try running.requireWhole()
        let count = try send(bytes(of: block, from: file), transfer)
        if let callback { _ = try callback.call(block) }
        if blockSize == nil, count == size, size < BlockSize.limit {
          size = min(size * 2, BlockSize.limit)
          argument = try .integer(size)
        }
      }
    }
  }

  /// What is sent of a block: text in the file's encoding where the file, one of a device root in `ftpy`, says so by its attribute
  /// `sends_text`; otherwise the block as it is.
  private func bytes(of block: PythonObject, from file: PythonObject) throws(PythonError) -> PythonObject {
    guard block.isString, try file.optionalAttribute("sends_text")?.isTrue() == true else { return block }
    return try block.callMethod("encode", file.attribute("encoding"))
  }

  /// `storlines(cmd, fp, callback)`: sends the lines that `fp.readline` returns, each ended by CRLF.
  func storlines(_ arguments: Arguments) throws -> PythonObject {
    let command = try arguments.required(0)
    let file = try arguments.required(1)
    let callback = try arguments.value(2).map(self.callback)
    let limit = try maximumLine
    return try transfer(command, as: (.text, .voidcmd), checksSize: false, isDetached: false) { transfer, running, _ in
      if callback == nil, let own = BinaryFile(reading: file, try state.fileTypes()) {
        return try sendLines(of: own, limit, transfer, running)
      }
      // Line by line, as the file gives them: it may wait for each, and the callback is told of what has been sent.
      while true {
        let line = try file.callMethod(state.names[.readline], .integer(limit + 1))
        var sent: [UInt8] = []
        let count = try line.withBytes { bytes in
          if !bytes.isEmpty, bytes.count <= limit { sent.appendNetworkLine(bytes) }
          return bytes.count
        }
        guard count <= limit else {
          throw PythonError.raise(state.errors.error, "got more than \(limit) bytes")
        }
        if count == 0 { return }
        try running.requireWhole()
        try send(sent, transfer)
        if let callback { _ = try callback.call(sent.withUnsafeBytes(PythonObject.bytes)) }
        try running.requireWhole()
      }
    }
  }

  /// The same for a file whose lines nobody else sees, in whole blocks.
  private func sendLines(
    of file: BinaryFile, _ limit: Int, _ transfer: DataTransfer, _ running: Connection.RunningTransfer
  ) throws {
    var encoder = TextBlockEncoder()
    while true {
      let block = try file.object.callMethod(state.names[.read], .integer(BlockSize.first))
      guard try block.isTrue() else { return try send(encoder.finish(), transfer) }
      try running.requireWhole()
      do { try send(block.withBytes { try encoder.append($0, limit: limit) }, transfer) } catch let error as FTPError {
        guard case .tooLong = error.kind else { throw error }
        // Where `readline` would have left it.
        try file.object.callMethod("seek", .integer(-encoder.unread), .integer(1))
        throw PythonError.raise(state.errors.error, error.message)
      }
    }
  }

  // MARK: Text

  /// Downloads text; `body` gets each line without its end, and whether it had one. Attached, a block of lines at a time.
  func eachTextLine(
    _ command: PythonObject, _ body: (UnsafeRawBufferPointer, _ isTerminated: Bool) throws -> Void
  ) throws -> PythonObject {
    try textLines(command) { lines, isTerminated, check in
      for line in lines {
        try body(line, isTerminated)
        try check()
      }
    }
  }

  /// The same with many lines in one call of `body`, which calls `check` after each that Python code has seen: that may end the transfer.
  func textLines(
    _ command: PythonObject,
    _ body: ([UnsafeRawBufferPointer], _ isTerminated: Bool, _ check: () throws -> Void) throws -> Void
  ) throws -> PythonObject {
    let limit = try maximumLine
    return try transfer(command, as: (.text, .sendcmd), checksSize: false) { transfer, running, attach in
      var splitter = TextLineSplitter()
      func emit(_ lines: [UnsafeRawBufferPointer], _ isTerminated: Bool) throws(FTPError) {
        do { try body(lines, isTerminated) { try running.requireWhole() } } catch let error as FTPError {
          throw error
        } catch { throw FTPError(interruptedBy: error) }
      }
      try transfer.receive(blockSize: BlockSize.limit) { block in
        try attach {
          try splitter.cut(block, limit: limit) { (lines) throws(FTPError) in try emit(lines, true) }
        }
      }
      try attach { _ = try splitter.finish { (line) throws(FTPError) in try emit([line], false) } }
    }
  }

  /// Downloads text; `body` gets blocks of whole lines, each line but the last ended by LF as a text file has it. Attached.
  func textBlocks(_ command: PythonObject, _ body: @escaping ([UInt8]) throws -> Void) throws -> PythonObject {
    let limit = try maximumLine
    return try transfer(command, as: (.text, .sendcmd), checksSize: false) { transfer, _, attach in
      var decoder = TextBlockDecoder()
      func flush(_ lines: [UInt8]) throws {
        guard !lines.isEmpty else { return }
        try attach { try body(lines) }
      }
      try transfer.receive(blockSize: BlockSize.first) { block in try flush(decoder.append(block, limit: limit)) }
      try flush(decoder.finish())
    }
  }

  // MARK: One transfer

  /// Runs a transfer: has data represented, opens it, runs `body`, closes the data connection, reads the final reply, checks the size.
  ///
  /// `body` gets the transfer and a function that attaches for a call to Python; it runs detached unless `isDetached` is false.
  /// When it is broken off the data connection is closed, and the replies that the server still owes are left to be read before
  /// the next command. `source` is the file that a binary upload reads.
  private func transfer(
    _ command: PythonObject, as representation: (type: FTPSession.Representation, method: Name),
    rest: PythonObject? = nil, checksSize: Bool, isDetached: Bool = true, source: PythonObject? = nil,
    _ body: (
      DataTransfer, Connection.RunningTransfer, _ attach: @escaping (() throws -> Void) throws -> Void
    ) throws -> Void
  ) throws -> PythonObject {
    let plain = try prepareTransfer(command, rest, as: representation.type, by: representation.method)
    let (interval, offset) = try (keepAliveInterval, offset(rest))
    // As in CPython `rest` is said, though it be None, of binary transfers alone: a subclass may do without.
    let channel = try openChannel(plain, command, representation.type == .binary ? rest ?? PythonObject.none : nil)
    let transfer = try ObjectTransfer(
      self, command, on: channel, from: offset, keptAliveEvery: interval, isBinary: checksSize || source != nil,
      checksSize: checksSize, source: source)
    defer { transfer.finish(isWhole: false) }
    do {
      try transfer.run(isDetached: isDetached) { try body(transfer.data, transfer.running, transfer.attach) }
      try transfer.close()
    } catch { throw transfer.breakOff(after: error) }
    return try transfer.complete()
  }

  /// Sends one bytes-like block, detached; returns its size.
  private func send(_ block: PythonObject, _ transfer: DataTransfer) throws -> Int {
    guard !block.isString else {
      throw PythonError.type("a bytes-like object is required, not 'str': open the file in binary mode, as in 'rb'")
    }
    // The file's `read` and the callback may have done anything, and neither need have looked for signals.
    try Attachment.checkSignals()
    (transfer.stream as? PythonStream)?.revalidate()
    return try block.withBytes { bytes in
      try Attachment.detach { try transfer.send(bytes) }
      return bytes.count
    }
  }

  /// Sends bytes of our own, detached.
  private func send(_ bytes: [UInt8], _ transfer: DataTransfer) throws {
    guard !bytes.isEmpty else { return }
    try Attachment.checkSignals()
    (transfer.stream as? PythonStream)?.revalidate()
    try bytes.withUnsafeBytes { bytes in try Attachment.detach { try transfer.send(bytes) } }
  }

  // MARK: Arguments

  private func callback(_ value: PythonObject) throws(PythonError) -> PythonObject {
    guard value.isCallable else { throw .type("callback must be callable, not '\(value.typeName)'") }
    return value
  }

  /// `blocksize`: a positive integer.
  private func blockSize(_ value: PythonObject?) throws(PythonError) -> Int? {
    guard let value else { return nil }
    guard value.isInteger else { throw .type("blocksize must be an int, not '\(value.typeName)'") }
    guard let size = try? value.integer() else {
      // An int that Swift cannot hold: as good as no bound when it is positive.
      PythonError.clear()
      guard try !value.text().hasPrefix("-") else { throw .value("blocksize must be above 0, not \(try value.text())") }
      return .max
    }
    guard size > 0 else { throw .value("blocksize must be above 0, not \(size)") }
    return size
  }

  /// `rest` as a number, for the check of the size; 0 when it is none.
  private func offset(_ rest: PythonObject?) throws(PythonError) -> UInt64 {
    guard let rest, !rest.isNone else { return 0 }
    return UInt64(try rest.text()) ?? 0
  }
}
