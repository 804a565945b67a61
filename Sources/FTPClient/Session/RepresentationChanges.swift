/// A count of the commands that change the representation of data, on a connection that more than one object sends on.
package struct RepresentationChanges: Equatable, Sendable {
  private var count = 0

  /// Counts `TYPE`, and those that begin a session anew (RFC 959 section 4.1.1).
  mutating func see(_ command: Command) {
    let verb = command.line.prefix(4).map { $0 & 0xDF }
    if ["TYPE", "USER", "REIN"].contains(where: { verb.elementsEqual($0.utf8) }) { count &+= 1 }
  }
}

/// A count of the commands that may change the current directory since the last login.
package struct DirectoryChanges: Equatable, Sendable {
  /// How many; 0 is the directory of the login.
  package private(set) var count = 0

  package init() {}

  /// Counts `CWD` and `CDUP` under all their names, and all that nobody knows to be harmless.
  mutating func see(_ command: Command) {
    let verb = command.verb
    if verb == "USER" || verb == "REIN" { count = 0 }
    if ["CWD", "CDUP", "XCWD", "XCUP", "SMNT", "SITE", "HOST"].contains(verb) { count &+= 1 }
  }
}
