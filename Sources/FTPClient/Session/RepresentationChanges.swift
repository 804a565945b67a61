/// A count of the commands that change the representation of data, on a connection that more than one object sends on.
package struct RepresentationChanges: Equatable, Sendable {
  private var count = 0

  /// Counts `TYPE`, and those that begin a session anew (RFC 959 section 4.1.1, RFC 4217 section 4.2).
  mutating func see(_ word: Command.Word) {
    if Self.words.contains(word) { count &+= 1 }
  }

  /// Counts a refusal: some servers are in another state afterwards than before.
  mutating func seeRefusal() { count &+= 1 }

  private static let words: [Command.Word] = ["TYPE", "USER", "REIN", "AUTH"]
}

/// A count of the commands that may change the current directory since the last login.
package struct DirectoryChanges: Equatable, Sendable {
  /// How many; 0 is the directory of the login.
  package private(set) var count = 0

  package init() {}

  /// Counts `CWD` and `CDUP` under all their names, and all that nobody knows to be harmless.
  mutating func see(_ word: Command.Word) {
    if Self.logins.contains(word) { count = 0 }
    if Self.words.contains(word) { count &+= 1 }
  }

  private static let logins: [Command.Word] = ["USER", "REIN"]
  private static let words: [Command.Word] = ["CWD", "CDUP", "XCWD", "XCUP", "SMNT", "SITE", "HOST"]
}
