import CPython
import FTPClient
import Glibc
import PythonBridge

/// A file object of Python's that a download is written to: by `write`, in order. To begin anew it goes back by `seek`, and
/// by `truncate` where nothing else lies behind.
final class FileObjectSink: DownloadSink {
  private let file: PythonObject
  private let client: ObjectClient
  private let start: PythonObject?
  /// Whether it has no buffer (`io.RawIOBase`).
  private let isRaw: Bool
  /// Whether what its `write` returns is what it has taken: not so of other people's classes.
  private let counts: Bool
  let name: String
  private(set) var length: UInt64 = 0
  let isReadable = false
  let isRandom = false
  let noted: [Range<UInt64>] = []

  /// Takes a file where it stands; attached.
  init(_ file: PythonObject, _ client: ObjectClient) throws {
    self.file = file
    self.client = client
    name = try FileObject.name(of: file)
    start = FileObject.position(of: file)
    let io = try importModule("io")
    isRaw = try file.isInstance(of: io.attribute("RawIOBase"))
    counts =
      try isRaw || file.isInstance(of: io.attribute("IOBase")) || file.type.attribute("__module__").isText("tempfile")
  }

  func open(for facts: RemoteFacts, identity: String, resuming: Bool) throws {}

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
    try client.attached {
      var rest = bytes[...]
      while !rest.isEmpty {
        let block = UnsafeRawBufferPointer(rebasing: rest.prefix(BlockSize.limit))
        let count = try file.callMethod(client.ftp.state.names[.write], .bytes(block))
        let taken = try taken(count, of: block.count)
        rest = rest.dropFirst(taken)
        length &+= UInt64(taken)
      }
    }
  }

  /// How much of a block `write` has taken, by what it returned: a raw file may take less, or nothing.
  private func taken(_ count: PythonObject, of size: Int) throws(PythonError) -> Int {
    if isRaw, count.isNone { throw .system(EAGAIN) }
    guard counts, count.isInteger, !count.isExactly(PythonObject.bool(true).type) else { return size }
    let taken = try count.integer()
    if isRaw, taken <= 0 { throw .system(EIO) }
    return (1...size).contains(taken) ? taken : size
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int { 0 }

  func restart(for facts: RemoteFacts, identity: String) throws {
    guard length > 0 else { return }
    guard let start else { throw lasting("it must begin anew and has no seek()") }
    try client.attached {
      let here = try file.callMethod("tell")
      // What lies behind the download is the caller's: the rest of a disk's image, say. It stays.
      let isLast = try ends(at: here)
      if try FileObject.isAppendedTo(file), try !isLast || !isWritten(from: start, to: here) {
        throw lasting(
          "what is written to it goes to its end, and that is not where it stood, or others write there as well")
      }
      let truncate = isLast ? try file.optionalAttribute("truncate") : nil
      if isLast, truncate == nil, facts.size.map({ $0 < length }) ?? true {
        throw lasting("it must begin anew, perhaps with less, and has no truncate()")
      }
      try file.callMethod("seek", start)
      _ = try truncate?.call()
    }
    length = 0
  }

  private func lasting(_ reason: String) -> FTPError {
    FTPError(.mismatch, "what was written to \(name) cannot be taken back: \(reason)")
  }

  /// Whether what has come lies between these positions, and nothing else.
  private func isWritten(from start: PythonObject, to here: PythonObject) throws -> Bool {
    let (end, isTooFar) = try start.integer().addingReportingOverflow(Int(clamping: length))
    return try !isTooFar && here.integer() == end
  }

  /// Whether the file ends where it stands; also where it cannot go to its end.
  private func ends(at here: PythonObject) throws -> Bool {
    do {
      try file.callMethod("seek", .integer(0), .integer(2))
      return try file.callMethod("tell").integer() <= here.integer()
    } catch {
      guard PythonError.matches(.exception) else { throw error }
      PythonError.clear()
      return true
    }
  }

  func note(_ parts: [Range<UInt64>]?) throws {}
  func complete(modified: FileStatus.Time?) throws {}
  func abandon(keeping: Bool) {}
}

/// A file object of Python's that is uploaded: by `read`, and `seek` to go back.
final class FileObjectSource: UploadSource {
  private let file: PythonObject
  private let client: ObjectClient
  private let start: PythonObject?
  private var position: UInt64 = 0
  /// What `read` has returned beyond what it was asked for, as the responses of HTTP libraries do that unpack what they read.
  private var excess: [UInt8] = []
  let name: String
  let size: UInt64?
  let modified: FileStatus.Time? = nil
  let identity: String? = nil
  let hasChanged = false

  /// Takes a file where it stands; attached.
  init(_ file: PythonObject, _ client: ObjectClient) throws {
    self.file = file
    self.client = client
    name = try FileObject.name(of: file)
    start = FileObject.position(of: file)
    size = start == nil ? nil : try BinaryFile.rest(of: file, client.ftp.state.fileTypes())
  }

  func refresh() throws {}

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    try client.attached {
      if offset != position {
        guard let start, let distance = Int(exactly: offset) else {
          throw FTPError(.state, "\(name) has no seek(): what has been sent of it cannot be sent again")
        }
        let target = try start.integer().addingReportingOverflow(distance)
        guard !target.overflow else {
          throw FTPError(.state, "\(name) has no position \(distance) bytes behind its tell()")
        }
        try file.callMethod("seek", .integer(target.partialValue))
        position = offset
        excess = []
      }
      if !excess.isEmpty {
        let count = min(excess.count, buffer.count)
        buffer.copyBytes(from: excess.prefix(count))
        excess.removeFirst(count)
        position &+= UInt64(count)
        return count
      }
      let block = try file.callMethod(client.ftp.state.names[.read], .integer(min(buffer.count, BlockSize.limit)))
      guard !block.isString else {
        throw PythonError.type("a bytes-like object is required, not 'str': open the file in binary mode, as in 'rb'")
      }
      let count = try block.withBytes { bytes in
        let count = min(bytes.count, buffer.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
        excess = Array(bytes.dropFirst(count))
        return count
      }
      position &+= UInt64(count)
      return count
    }
  }
}

/// What file objects have in common.
private enum FileObject {
  /// A name for messages.
  static func name(of file: PythonObject) throws(PythonError) -> String {
    guard let name = try file.optionalAttribute("name"), name.isString else { return "a \(file.typeName)" }
    return try name.text()
  }

  /// Whether it has a descriptor whose writing goes to the end of the file, wherever that stands.
  static func isAppendedTo(_ file: PythonObject) throws(PythonError) -> Bool {
    do {
      guard let fileno = try file.optionalAttribute("fileno") else { return false }
      let flags = fcntl(CInt(clamping: try fileno.call().integer()), F_GETFL)
      return flags >= 0 && flags & O_APPEND != 0
    } catch {
      // `io.UnsupportedOperation`: in memory.
      guard PythonError.matches(.osError, .valueError, .typeError) else { throw error }
      PythonError.clear()
      return false
    }
  }

  /// Where it stands; nil when it cannot go back there.
  static func position(of file: PythonObject) -> PythonObject? {
    do {
      // Some that can do not say so, as a `mmap` before Python 3.13.
      if try file.optionalAttribute("seekable") != nil, try !file.callMethod("seekable").isTrue() { return nil }
      guard try file.optionalAttribute("seek") != nil else { return nil }
      return try file.callMethod("tell")
    } catch {
      PythonError.clear()
      return nil
    }
  }
}
