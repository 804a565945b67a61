import CPython
import FTPClient
import Glibc
import PythonBridge

/// A file of Python's own `io` module that nobody has changed: what its methods do is known, and that nobody sees the single calls.
///
/// Exact classes alone: a subclass may do anything with a block or a line. So may an attribute of the object that hides a method.
struct BinaryFile {
  let object: PythonObject
  /// Whether what was written to it may still be in its buffer.
  private let isWritable: Bool
  private let isInMemory: Bool

  /// A file that is read; nil when it is another kind of object, or one that is neither in memory nor on a regular file of at least so many
  /// bytes.
  init?(reading object: PythonObject, atLeast least: UInt64 = 0, _ types: FileTypes) {
    isInMemory = object.isExactly(types.memory)
    isWritable = object.isExactly(types.random)
    let isRaw = object.isExactly(types.raw)
    guard isInMemory || isWritable || isRaw || object.isExactly(types.reader) else { return nil }
    do {
      if !isInMemory {
        let raw = isRaw ? object : try object.attribute("raw")
        // The size first: to ask for all methods takes as long as to send a small file.
        guard raw.isExactly(types.raw), try Self.hasOwn(["fileno"], raw), let status = try Self.status(of: raw),
          UInt64(clamping: status.st_size) >= least, try Self.hasOwn(["readinto", "readall", "seek"], raw),
          try raw.callMethod("readable").isTrue()
        else { return nil }
      }
      guard try Self.hasOwn(["read", "readline", "seek", "tell"], object) else { return nil }
      self.object = object
    } catch {
      PythonError.clear()
      return nil
    }
  }

  /// A regular file that a callback writes to, being its `write`; nil for any other callback, and for a file that is appended to.
  init?(written callback: PythonObject, _ types: FileTypes) {
    guard let file = callback.builtinSelf, Self.isWrite(callback, types) else { return nil }
    do {
      let isRaw = file.isExactly(types.raw)
      guard let raw = try isRaw ? file : file.optionalAttribute("raw"), raw.isExactly(types.raw),
        try raw.callMethod("writable").isTrue(),
        try Self.hasOwn(["flush", "seek", "tell", "fileno"], file), try Self.hasOwn(["write", "seek", "tell"], raw),
        try Self.status(of: raw) != nil
      else { return nil }
      let flags = fcntl(CInt(clamping: try raw.callMethod("fileno").integer()), F_GETFL)
      guard flags >= 0, flags & O_APPEND == 0 else { return nil }
      object = file
      isWritable = !isRaw
      isInMemory = false
    } catch {
      PythonError.clear()
      return nil
    }
  }

  /// From how many bytes on a download is worth a descriptor and a pipe of its own.
  static let worthMoving: UInt64 = 512 * 1024
  /// From how many on an upload is worth a descriptor and what `sendfile` asks for: a dozen calls, where its `read` takes three.
  static let worthSending: UInt64 = 64 * 1024

  /// Receives all that comes into a regular file from its position on, moved or copied, as is better; detached. Returns false, and has taken
  /// nothing, where that is for its `write`.
  ///
  /// The position moves with what comes, as by `write`: the file may be open elsewhere as well, as an output that others write to.
  ///
  /// `attach` is asked after each piece, as after each call of a callback.
  func receive(from transfer: DataTransfer, _ attach: (() throws -> Void) throws -> Void) throws -> Bool {
    let lent = try Attachment.attach { try (transfer.stream as? PythonStream)?.quickMemory() }
    guard transfer.canMoveToFiles || lent != nil, let (descriptor, _) = try Attachment.attach({ try descriptor() })
    else { return false }
    let buffer = lent ?? .allocate(byteCount: DataTransfer.largestRead, alignment: 16)
    defer {
      if lent == nil { buffer.deallocate() }
      Glibc.close(descriptor)
    }
    let pipe = lent == nil ? SplicePipe() : nil
    var trial = MovingTrial()
    // The object has a position of its own in mind.
    func settle() throws {
      let position = lseek(descriptor, 0, SEEK_CUR)
      if position >= 0 { try object.callMethod("seek", .integer(Int(position))) }
    }
    do {
      while true {
        let count = try trial.receive(
          from: transfer, into: buffer,
          moving: { stream, deadline in
            guard let pipe else { return nil }
            return try stream.receive(file: descriptor, at: nil, most: .max, through: pipe, until: deadline)
          },
          writing: { try $0.write(into: descriptor, at: nil) })
        if count == 0 {
          try Attachment.attach(settle)
          return true
        }
        try attach {
          // Which says so in its own words.
          guard try object.attribute("closed").isTrue() else { return }
          try object.callMethod("write", .bytes(UnsafeRawBufferPointer(start: nil, count: 0)))
        }
      }
    } catch {
      try Attachment.attach {
        PythonError.preserving(settle)
        if let failure = error as? FileFailure { throw PythonError.system(failure.errno) }
      }
      throw error
    }
  }

  /// Sends a regular file from its position on as far as that goes without a copy of it in this process, detached; leaves the position
  /// behind what was sent, in any case. What is left, and what is wrong with the file if something is, is for its `read`.
  func send(over transfer: DataTransfer) throws {
    guard !isInMemory, transfer.canSendFiles, let (descriptor, start) = try descriptor() else { return }
    defer { Glibc.close(descriptor) }
    // Where the object has read on, it must find the descriptor where it left it.
    let isShown = lseek(descriptor, 0, SEEK_CUR) == off_t(clamping: start)
    var position = start
    func settle() throws {
      if position > start { try object.callMethod("seek", .integer(position)) }
    }
    do {
      try Attachment.detach {
        try transfer.send(file: descriptor, from: start) { count in
          position &+= UInt64(count)
          // For who asks the file meanwhile how far it is.
          if isShown { _ = lseek(descriptor, off_t(clamping: position), SEEK_SET) }
        }
      }
    } catch {
      PythonError.preserving(settle)
      throw error
    }
    try settle()
  }

  /// A descriptor of our own on the file, for a script may close the file meanwhile, and its position; nil when there are none.
  private func descriptor() throws -> (CInt, UInt64)? {
    do {
      // What was written to it and is still in its buffer.
      if isWritable { try object.callMethod("flush") }
      guard let start = UInt64(exactly: try object.callMethod("tell").integer()) else { return nil }
      let descriptor = fcntl(CInt(clamping: try object.callMethod("fileno").integer()), F_DUPFD_CLOEXEC, 0)
      return descriptor < 0 ? nil : (descriptor, start)
    } catch {
      // `io.BytesIO` has none; a closed file says so better when it is read.
      PythonError.clear()
      return nil
    }
  }

  // MARK: Questions

  /// Whether `read` of a file of Python's own waits until it has all that it is asked for, as that of a pipe does, where `read1` returns what is there.
  static func mayWait(_ file: PythonObject, _ types: FileTypes) throws(PythonError) -> Bool {
    guard file.isExactly(types.reader), try hasOwn(["read", "read1"], file) else { return false }
    do { return try status(of: file) == nil } catch {
      PythonError.clear()
      return false
    }
  }

  /// Whether these methods are the class's, bound to the object.
  private static func hasOwn(_ methods: [String], _ object: PythonObject) throws(PythonError) -> Bool {
    for method in methods {
      guard let bound = try object.optionalAttribute(method) else { continue }
      guard let owner = bound.builtinSelf, owner === object else { return false }
    }
    return true
  }

  /// The status of a regular file.
  private static func status(of file: PythonObject) throws(PythonError) -> stat? {
    var status = stat()
    let descriptor = CInt(clamping: try file.callMethod("fileno").integer())
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return status
  }

  /// The bytes from a file's position to its end; nil when it is not one of Python's own on a regular file.
  static func rest(of file: PythonObject, _ types: FileTypes) -> UInt64? {
    guard [types.reader, types.random, types.raw].contains(where: file.isExactly) else { return nil }
    do {
      guard let status = try status(of: file) else { return nil }
      let rest = Int(status.st_size).subtractingReportingOverflow(try file.callMethod("tell").integer())
      return rest.overflow ? nil : UInt64(exactly: rest.partialValue)
    } catch {
      PythonError.clear()
      return nil
    }
  }

  /// Whether a callback is the `write` of an unbuffered file, which may take less than it is given and say so alone by what it returns.
  static func isRawWrite(_ callback: PythonObject, _ types: FileTypes) -> Bool {
    callback.builtinSelf?.isExactly(types.raw) == true && isWrite(callback, types)
  }

  /// Whether a callback is the `write` of one of them: such a callback gets text as raw bytes.
  ///
  /// A method that is not built in asks by its attribute `writes_bytes`, which is `True`: so do the files of a device root in `ftpy`.
  static func isWrite(_ callback: PythonObject, _ types: FileTypes) -> Bool {
    do {
      guard let file = callback.builtinSelf else {
        guard let word = try callback.optionalAttribute("writes_bytes") else { return false }
        return word === .bool(true)
      }
      guard [types.random, types.writer, types.raw, types.memory].contains(where: file.isExactly) else { return false }
      return try callback.attribute("__name__").text() == "write"
    } catch {
      PythonError.clear()
      return false
    }
  }
}
