/// A count of the commands that change the representation of data, on a connection that more than one object sends on.
package struct RepresentationChanges: Equatable, Sendable {
  private var count = 0

  /// Counts `TYPE`, and those that begin a session anew (RFC 959 section 4.1.1).
  mutating func see(_ command: Command) {
    let verb = command.line.prefix(4).map { $0 & 0xDF }
    if ["TYPE", "USER", "REIN"].contains(where: { verb.elementsEqual($0.utf8) }) { count &+= 1 }
  }
}
