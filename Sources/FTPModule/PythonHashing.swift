import CPython
import FTPClient
import PythonBridge

/// Hashes by Python's `hashlib`, and `zlib` for the CRC.
struct PythonHashing: ContentHashing {
  func begin(_ algorithm: HashAlgorithm) throws -> (any ContentHash)? {
    try Attachment.attach {
      do {
        switch algorithm {
        case .crc32: return CRC(try importModule("zlib").attribute("crc32"))
        default:
          let name = algorithm.rawValue.lowercased().filter { $0 != "-" }
          let keywords = try PythonObject.dictionary()
          try keywords.set(.bool(false), for: "usedforsecurity")
          let new = try importModule("hashlib").attribute("new")
          return try Digest(new.call(arguments: .tuple(.string(name)), keywords: keywords))
        }
      } catch {
        // A build without it, or a policy that forbids it.
        guard PythonError.matches(.valueError, .importError) else { throw error }
        PythonError.clear()
        return nil
      }
    }
  }

  private final class Digest: ContentHash {
    private var kept: PythonObject?
    private let update: PythonObject

    init(_ object: PythonObject) throws {
      kept = object
      update = try object.attribute("update")
    }

    func update(_ bytes: UnsafeRawBufferPointer) throws {
      try Attachment.attach { try PythonObject.lending(bytes) { _ = try update.call($0) } }
    }

    func finish() throws -> [UInt8] {
      try Attachment.attach { try kept?.callMethod("digest").withBytes { Array($0) } ?? [] }
    }
  }

  private final class CRC: ContentHash {
    private let function: PythonObject
    private var value: PythonObject

    init(_ function: PythonObject) {
      self.function = function
      value = .none
    }

    func update(_ bytes: UnsafeRawBufferPointer) throws {
      try Attachment.attach {
        value = try PythonObject.lending(bytes) { try value.isNone ? function.call($0) : function.call($0, value) }
      }
    }

    func finish() throws -> [UInt8] {
      let number = try Attachment.attach { try value.isNone ? 0 : value.integer() }
      return (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }
  }
}
