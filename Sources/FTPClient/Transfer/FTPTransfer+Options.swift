/// How transfers that finish are made: what is kept, checked and tried again, and what they tell.
extension FTPTransfer {
  /// How a transfer goes about faults.
  public struct Options {
    /// Whether what an earlier run left of the same file is resumed, and kept when this run fails. Default: yes.
    public var resumes = true
    /// Whether the content is compared by a hash where server and `hashing` have one in common, and a download looks whether the file
    /// has changed meanwhile. The size is compared in any case, where the server tells it. Default: yes.
    public var verifies = true
    /// How often in a row it may fail without getting further; 0 is one attempt. An attempt that got 64 KiB further than all before begins the
    /// count anew. Default: 5.
    public var retries = 5
    /// Over how many connections a download is fetched, 1 to 16; fewer where the server refuses more, and for each less than 1 MiB. All but the first log
    /// in when the size is known, and hold nothing up: from a near server they take only what would keep the first alone busy for two more seconds, from
    /// one that is 30 ms away or more their share at once. Default: 1.
    public var segments = 1
    /// The pause before the second attempt; it doubles with each failure in a row up to `longestPause`, and half of it is left to chance, so that
    /// clients of one server do not come back all at once. Default: half a second.
    public var firstPause = Duration.milliseconds(500)
    /// The longest pause between two attempts. Default: 30 seconds.
    public var longestPause = Duration.seconds(30)
    /// Where hashes are computed, such as `OpenSSLHashing` of the product `FTPTLS`. Default: nowhere, the size alone is compared.
    public var hashing: (any ContentHashing)?

    /// The defaults.
    public init() {}

    /// The most connections that one file is fetched over.
    package static let mostSegments = 16
  }

  /// How far a transfer is.
  public struct Progress: Sendable {
    /// The server's path as the caller gave it.
    public let name: String
    /// Bytes of the file that are in place, those of an earlier run included. Less than before when it had to begin anew.
    public let done: UInt64
    /// The file's size; nil while nobody knows.
    public let total: UInt64?
    /// Bytes per second during the last seconds.
    public let rate: Double
    /// Which attempt this is, from 1 on.
    public let attempt: Int
  }

  /// What became of a transfer that finished.
  public struct Result: Sendable {
    /// Bytes of the file that is now in place.
    public internal(set) var size: UInt64 = 0
    /// Bytes that went over data connections, those that went twice included: `bytes + kept - size` of them.
    public internal(set) var bytes: UInt64 = 0
    /// The time that it took, pauses included.
    public internal(set) var duration = Duration.zero
    /// How often it was begun or gone on with; 1 when nothing went wrong.
    public internal(set) var attempts = 0
    /// How often it went on behind what was there already.
    public internal(set) var resumes = 0
    /// Bytes that an earlier run had left and that were not transferred again.
    public internal(set) var kept: UInt64 = 0
    /// How often it began anew because the file had changed meanwhile.
    public internal(set) var changes = 0
    /// Over how many connections at most it went.
    public internal(set) var segments = 1
    /// What says that the content is right.
    public internal(set) var verified = Verification.none
    /// When the file was last changed, in UTC; nil when the server does not say.
    public internal(set) var modified: FileStatus.Time?

    /// A result that nothing has happened for yet.
    init() {}

    /// What became of a file that went at once.
    init(sent size: UInt64) { (self.size, bytes, attempts, verified) = (size, size, 1, .size) }
  }

  /// What says that a transferred file is right.
  public enum Verification: Sendable, Equatable, CustomStringConvertible {
    /// Only that the server confirmed the transfer.
    case none
    /// Both sides have as many bytes.
    case size
    /// Both sides have the same hash.
    case hash(HashAlgorithm, [UInt8])

    /// As in "hash SHA-256", "size" or "none".
    public var description: String {
      switch self {
      case .none: "none"
      case .size: "size"
      case .hash(let algorithm, _): "hash \(algorithm.rawValue)"
      }
    }
  }
}
