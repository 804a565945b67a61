/// The name that an upload is written under: a temporary one beside the file's, or the file's own; and what is known of what the server has there.
struct UploadTarget {
  /// The file's own name.
  let path: [UInt8]
  /// The name in use.
  private(set) var name: [UInt8]
  /// Whether it is the file's own: the server takes no other, or renames nothing.
  private(set) var isDirect = false
  /// Whether a later run finds the temporary name again.
  private(set) var isKept: Bool
  /// Whether something of this file may be on the server under it.
  private(set) var hasBegun: Bool
  /// Whether the server has, or has had, something under it.
  private(set) var isTaken = false
  /// Whether the server has been told to write there, whatever it made of that.
  var isAsked = false
  /// Whether what is there is of no use.
  var isSpoilt = false
  /// Temporary names that were given up, each with whether a later run finds it again.
  private(set) var abandoned: [(name: [UInt8], isKept: Bool)] = []
  /// What keeps others on this computer from the kept name.
  private var claim: NameClaim?
  /// How often in a row the server has not answered the command that begins the transfer.
  private var silences = 0

  /// A temporary name: that of every run with this `identity` of the local file, or without one a random name, as where another run is at it. `scope` tells
  /// the server from others.
  init(beside path: [UInt8], identity: String?, scope: String) {
    self.path = path
    claim = identity.flatMap { identity in
      // The path may be one from anywhere.
      NameClaim(Self.mark("\(identity)\t\(scope)\t\(path.lastComponent.hexadecimalDigits)"))
    }
    isKept = claim != nil
    let tail = isKept ? identity.map(Self.mark) : nil
    name = Self.temporary(path, tail ?? RandomName.make())
    hasBegun = isKept
  }

  /// Takes another temporary name, a random one.
  mutating func chooseAnother() {
    name = Self.temporary(path, RandomName.make())
    claim = nil
    (isKept, hasBegun, isTaken, isAsked, isSpoilt) = (false, false, false, false, false)
  }

  /// The same where somebody else may hold the name in use, which is to be removed at the end.
  mutating func giveUp() {
    abandoned.append((name, isKept))
    chooseAnother()
  }

  /// Notes that the server has something under the name.
  mutating func noteTaken() { isTaken = true }

  /// Writes under the file's own name from now on. What is there is another file until this one is begun.
  mutating func takeOwnName() {
    isDirect = true
    name = path
    (hasBegun, isSpoilt) = (false, false)
  }

  /// Notes that the server has begun the transfer.
  mutating func begin() {
    silences = 0
    (hasBegun, isTaken) = (true, true)
  }

  /// Notes that the server has not answered. A session that was lost may still hold the file: vsftpd locks what is uploaded, and lets the next one wait
  /// for it without a word. The second time another name is taken.
  mutating func noteSilence() {
    silences += 1
    guard silences > 1, hasBegun, !isDirect else { return }
    silences = 0
    giveUp()
  }

  private static func temporary(_ path: [UInt8], _ tail: String) -> [UInt8] {
    RandomName.beside(path, ".\(tail).part")
  }

  /// Sixteen digits that stand for an identity (FNV-1a): the same in each run, and no secret.
  private static func mark(_ identity: String) -> String {
    let hash = identity.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return (0..<8).map { UInt8(truncatingIfNeeded: hash >> (56 - 8 * $0)) }.hexadecimalDigits
  }
}
