/// What a server says of itself in its answer to `FEAT` (RFC 2389 section 3).
package struct ServerFeatures: Sendable {
  /// The lines, without the blank before them.
  package let lines: [String]

  /// The features of these lines; of none, where the server does not know `FEAT`.
  package init(lines: [String]) { self.lines = lines }

  /// The features in a reply to `FEAT`.
  package init(_ reply: Reply) {
    guard reply.category == .completion else {
      lines = []
      return
    }
    lines = reply.bytes.split(separator: ASCII.lineFeed).filter { $0.first == ASCII.space }
      .map { $0.drop { $0 == ASCII.space }.text }
  }

  /// What follows a feature's name; nil where the server does not name it.
  package func parameters(of name: String) -> String? {
    for line in lines {
      let words = line.split(separator: " ", maxSplits: 1)
      guard words.first?.uppercased() == name else { continue }
      return words.count > 1 ? String(words[1]) : ""
    }
    return nil
  }

  /// Whether the server names a feature.
  package func has(_ name: String) -> Bool { parameters(of: name) != nil }

  /// Whether one `MLST` tells size and time (RFC 3659 section 7.8: a fact that is on has a star).
  var tellsFactsAtOnce: Bool {
    guard let facts = parameters(of: "MLST")?.lowercased() else { return false }
    return facts.contains("size*") && facts.contains("modify*")
  }

  /// The ways to ask for a hash, best first: `HASH` (draft-bryan-ftp-hash), and the commands of one algorithm each, which servers had before.
  var hashes: [HashCommand] {
    var commands: [HashCommand] = []
    let named = parameters(of: "HASH")?.split(separator: ";").map(String.init) ?? []
    for algorithm in HashAlgorithm.preferred {
      let isNamed = { (word: String) in word.uppercased() == algorithm.rawValue }
      if named.contains(where: { isNamed($0) || $0.last == "*" && isNamed(String($0.dropLast())) }) {
        commands.append(HashCommand(algorithm, verb: "HASH"))
      }
      for verb in algorithm.verbs where has(verb) { commands.append(HashCommand(algorithm, verb: verb)) }
    }
    return commands
  }
}
