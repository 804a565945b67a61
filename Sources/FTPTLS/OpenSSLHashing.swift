internal import COpenSSL
public import FTPClient

/// Hashes by OpenSSL, for `FTPTransfer.Options.hashing`; CRC32, which OpenSSL lacks, is the client's own.
public struct OpenSSLHashing: ContentHashing {
  /// All that OpenSSL has.
  public init() {}

  /// A hash of no bytes yet; nil for what this build of OpenSSL does not do. Throws `.security` when there is no memory.
  public func begin(_ algorithm: HashAlgorithm) throws -> (any ContentHash)? {
    if algorithm == .crc32 { return CRC32() }
    let kind: OpaquePointer? =
      switch algorithm {
      case .sha256: EVP_sha256()
      case .sha512: EVP_sha512()
      case .sha1: EVP_sha1()
      case .md5: EVP_md5()
      case .crc32: nil
      }
    guard let kind else { return nil }
    return try Digest(kind)
  }

  private final class Digest: ContentHash {
    private let context: OpaquePointer

    init?(_ kind: OpaquePointer) throws {
      guard let context = EVP_MD_CTX_new() else { throw OpenSSLError.take("cannot compute a hash") }
      self.context = context
      // A policy may forbid MD5.
      guard EVP_DigestInit_ex(context, kind, nil) == 1 else {
        ERR_clear_error()
        return nil
      }
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) throws {
      guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
        throw OpenSSLError.take("cannot compute a hash")
      }
    }

    func finish() throws -> [UInt8] {
      var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
      var count: CUnsignedInt = 0
      guard EVP_DigestFinal_ex(context, &digest, &count) == 1 else { throw OpenSSLError.take("cannot compute a hash") }
      return Array(digest.prefix(Int(count)))
    }
  }
}
