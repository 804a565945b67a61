/// One line of `MLSD`, or the middle line of an `MLST` reply: facts and a name (RFC 3659 section 7).
public struct MachineListingEntry: Sendable, Equatable {
  /// The facts in the server's order; names in lower case, for RFC 3659 compares them without case.
  public let facts: [(name: [UInt8], value: [UInt8])]
  /// The name as the server sent it: everything after the first blank.
  public let name: [UInt8]

  /// Reads `fact=value;fact=value; name`. A line without a blank is all facts; a fact without `=` has an
  /// empty value.
  public init(line: some Collection<UInt8>) {
    let line = Array(line)
    let blank = line.firstIndex(of: ASCII.space) ?? line.endIndex
    name = Array(line[blank...].dropFirst())
    var facts = line[..<blank].split(separator: ASCII.semicolon, omittingEmptySubsequences: false)
    // The list ends with a semicolon; what follows the last one is empty, and in a broken line lost, as in CPython.
    if !facts.isEmpty { facts.removeLast() }
    self.facts = facts.map { fact in
      let equals = fact.firstIndex(of: ASCII.equals) ?? fact.endIndex
      return (fact[..<equals].map(\.lowercased), Array(fact[equals...].dropFirst()))
    }
  }

  /// The value of a fact by its name in lower case, such as "size"; the last one when it comes twice.
  public func value(of fact: String) -> [UInt8]? {
    facts.last { $0.name.elementsEqual(fact.utf8) }?.value
  }

  /// Equal facts in equal order, equal names.
  public static func == (left: Self, right: Self) -> Bool {
    left.name == right.name && left.facts.elementsEqual(right.facts, by: ==)
  }
}
