/// A count of the commands that change the representation of data, on a connection that more than one object sends on.
package struct RepresentationChanges: Equatable, Sendable {
  private var count = 0

  /// Counts `TYPE`, and those that begin a session anew.
  mutating func see(_ word: Command.Word) {
    if word.changesRepresentation { count &+= 1 }
  }

  /// Counts a refusal (5yz), of whatever command: some servers are in another state afterwards than before. One more `TYPE` behind a question that was
  /// refused, as `FEAT`, costs less than to be wrong for one of them.
  mutating func seeRefusal() { count &+= 1 }

  /// Counts that somebody else may have sent something.
  mutating func doubt() { count &+= 1 }
}
