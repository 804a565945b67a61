import FTPClient
import Testing

/// `count` bytes in which every displacement shows.
func pattern(_ count: Int) -> [UInt8] {
  var random = SeededBytes(seed: UInt64(count))
  return random.bytes(min(count, 4099)).cycled(to: count)
}

extension [UInt8] {
  fileprivate func cycled(to count: Int) -> [UInt8] {
    var long: [UInt8] = []
    long.reserveCapacity(count)
    while long.count < count { long += prefix(count - long.count) }
    return long
  }
}

extension FTPSession {
  /// The whole of a file.
  func bytes(of path: String, from offset: UInt64 = 0, blockSize: Int = 64 * 1024) throws -> [UInt8] {
    var received: [UInt8] = []
    try retrieve(path, from: offset, blockSize: blockSize) { received += $0 }
    return received
  }

  /// The lines of a text file.
  func lines(of path: String) throws -> [String] {
    var lines: [String] = []
    try retrieveLines(path) { lines.append(String(decoding: $0, as: UTF8.self)) }
    return lines
  }
}

extension FTPSession {
  /// Expects that the next command gets its own answer; the script ends with `inStep`.
  func isInStep(at location: SourceLocation = #_sourceLocation) throws {
    let path = try workingDirectory()
    #expect(path == "/in/step", sourceLocation: location)
  }
}

/// A source of uploads over an array.
struct BlockSource {
  private var rest: ArraySlice<UInt8>
  private let blockSize: Int

  init(_ bytes: [UInt8], blockSize: Int = 64 * 1024) {
    rest = bytes[...]
    self.blockSize = blockSize
  }

  mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    let block = rest.prefix(min(blockSize, buffer.count))
    buffer.copyBytes(from: block)
    rest = rest.dropFirst(block.count)
    return block.count
  }
}
