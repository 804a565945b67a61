/// Asks the server whether what an earlier run has left is a part of its file, by the hash of just that part: `XSHA256 "path" start end` and its kin, as
/// ProFTPD and Serv-U have them.
///
/// Not by `HASH`: ProFTPD 1.3.8 heeds no `RANG` before it, and tells the hash of the whole file. Some servers take the end for the first byte behind the
/// part, some for its last one: that byte is left open.
struct PartCheck {
  private let command: HashCommand
  private let hashing: any ContentHashing

  /// Nil where server and `hashing` have no such hash in common.
  init?(_ features: ServerFeatures, _ hashing: any ContentHashing) throws {
    for command in features.hashes where command.verb != "HASH" {
      guard try LocalFailure.marking({ try hashing.begin(command.algorithm) }) != nil else { continue }
      (self.command, self.hashing) = (command, hashing)
      return
    }
    return nil
  }

  /// Whether the server's file has in `part` what `read` gives; nil when it does not say.
  func agrees(
    _ client: any TransferClient, _ path: [UInt8], _ part: Range<UInt64>,
    _ read: (UnsafeMutableRawBufferPointer, UInt64) throws -> Int
  ) throws -> Bool? {
    let quote = UInt8(ascii: "\"")
    guard part.count > 1, !path.contains(quote) else { return nil }
    let last = part.upperBound - 1
    let argument = [quote] + path + Array("\" \(part.lowerBound) \(last)".utf8)
    guard let reply = try client.completes(command.verb, argument), let theirs = command.hash(in: reply) else {
      return nil
    }
    guard let whole = try LocalFailure.marking({ try hashing.begin(command.algorithm) }),
      let shorter = try LocalFailure.marking({ try hashing.begin(command.algorithm) })
    else { return nil }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: DataTransfer.largestRead, alignment: 16)
    defer { buffer.deallocate() }
    var position = part.lowerBound
    while position < part.upperBound {
      try client.pause(.zero)
      try client.detached {
        // The last byte comes alone.
        let end = position < last ? last : part.upperBound
        let room = UnsafeMutableRawBufferPointer(
          rebasing: buffer.prefix(Int(min(UInt64(buffer.count), end - position))))
        try LocalFailure.marking {
          let count = try read(room, position)
          guard count > 0 else { throw FTPError(.mismatch, "what was written cannot be read again") }
          let bytes = UnsafeRawBufferPointer(rebasing: room.prefix(count))
          try whole.update(bytes)
          if position < last { try shorter.update(bytes) }
          position &+= UInt64(count)
        }
      }
    }
    return try LocalFailure.marking { try whole.finish() == theirs || shorter.finish() == theirs }
  }
}
