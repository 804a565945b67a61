/// The way of a session from the directory of its login to where it is: the commands that have led there. It outlives the connection, so that
/// another one can be brought to the same place.
package final class DirectoryTrail {
  /// How often something has happened that may have changed the directory.
  @exclusivity(unchecked) package private(set) var count = 0
  /// The commands that were successful, each without its end and with its count.
  @exclusivity(unchecked) private var steps: [(count: Int, command: [UInt8])] = []
  /// The last count at which the directory may have become any.
  @exclusivity(unchecked) private var lostAt = 0
  /// That of the last session that began.
  @exclusivity(unchecked) private var sessionAt = 0
  /// A command that has not been answered.
  @exclusivity(unchecked) private var open: [UInt8]?

  /// More than anyone goes without an absolute path.
  private static let limit = 100

  package init() {}

  /// Sees a command. `isAlone` is whether its reply is the next one.
  func sent(_ word: Command.Word, _ line: @autoclosure () -> [UInt8], isAlone: Bool) {
    if open != nil { lose() }
    if word.beginsSession {
      lose()
      sessionAt = count
    } else if word.changesDirectory, isAlone {
      count &+= 1
      open = Array(line().dropLast(2))
    } else if word.mayChangeDirectory {
      lose()
    }
  }

  /// Sees the reply that the last command was owed.
  func answered(_ reply: Reply) {
    guard let command = open else { return }
    open = nil
    switch reply.category {
    case .completion: append(command)
    // It is where it was.
    case .transient, .permanent: break
    default: lose()
    }
  }

  private func append(_ command: [UInt8]) {
    if DirectoryPlace.isAbsolute(command) { steps = [] }
    if steps.count >= Self.limit { lostAt = steps.removeFirst().count }
    steps.append((count, command))
  }

  /// Says that the directory may have become any.
  package func lose() {
    open = nil
    count &+= 1
    lostAt = count
    steps = []
  }

  /// Says that nobody need know what has become of a command that was not answered.
  package func forgetOpen() { open = nil }

  /// Where the session is, which was at `start` at a count; nil when that is not certain.
  package func place(after start: DirectoryPlace?, at count: Int) -> DirectoryPlace? {
    guard open == nil, sessionAt <= count else { return nil }
    let since = steps.filter { $0.count > count }.map(\.command)
    if let first = since.first, DirectoryPlace.isAbsolute(first) { return DirectoryPlace(path: nil, steps: since) }
    guard lostAt <= count, let start else { return nil }
    return DirectoryPlace(path: start.path, steps: start.steps + since)
  }

  /// The same for one that has just logged in when the last session began.
  package var placeSinceLogin: DirectoryPlace? { place(after: DirectoryPlace(), at: sessionAt) }
}

/// A directory of the server's, and how a session that has logged in comes there.
package struct DirectoryPlace: Equatable, Sendable {
  /// What the server has called it, or the one that the steps begin in; nil for the directory of the login.
  package let path: [UInt8]?
  /// The commands that lead there.
  package let steps: [[UInt8]]

  package init(path: [UInt8]? = nil, steps: [[UInt8]] = []) { (self.path, self.steps) = (path, steps) }

  /// One that nothing is in that there has been, or will be.
  package static func unknown() -> DirectoryPlace { DirectoryPlace(path: Array(RandomName.make().utf8)) }

  /// Whether a directory's name can be sent to the server that has told it, which then goes there: not with the byte that not all servers take as it
  /// is (see `PipeliningClient`).
  package static func leadsBack(_ name: [UInt8]) -> Bool { !name.contains(Telnet.interpretAsCommand) }

  /// Whether a command leads to the same directory from everywhere: `CWD /name`.
  package static func isAbsolute(_ command: [UInt8]) -> Bool {
    guard let blank = command.firstIndex(of: ASCII.space) else { return false }
    return command[(blank + 1)...].first == ASCII.slash
  }

  /// A path in it as one that means the same file wherever a session is: absolute where the server has named the directory.
  package func whole(_ file: [UInt8]) -> [UInt8] {
    if file.first == ASCII.slash { return file }
    var whole = path ?? [ASCII.dot]
    for step in steps { whole += [ASCII.lineFeed] + step + [ASCII.lineFeed] }
    return whole.last == ASCII.slash ? whole + file : whole + [ASCII.slash] + file
  }
}
