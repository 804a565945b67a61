import CPython
import FTPClient
import PythonBridge

/// Hashes by Python's `hashlib`; the CRC is the client's own.
///
/// What Python raises, Ctrl-C too, is taken out of the interpreter: who asks for hashes goes on to call Python.
struct PythonHashing: ContentHashing {
  func begin(_ algorithm: HashAlgorithm) throws -> (any ContentHash)? {
    try PythonFailure.taking {
      do {
        switch algorithm {
        case .crc32: return CRC32()
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
    private var update: PythonObject?

    init(_ object: PythonObject) throws {
      kept = object
      update = try object.attribute("update")
    }

    // Wherever it is dropped.
    deinit { Attachment.attach { (kept, update) = (nil, nil) } }

    func update(_ bytes: UnsafeRawBufferPointer) throws {
      try PythonFailure.taking { try PythonObject.lending(bytes) { _ = try update?.call($0) } }
    }

    func finish() throws -> [UInt8] {
      try PythonFailure.taking { try kept?.callMethod("digest").withBytes { Array($0) } ?? [] }
    }
  }
}
