internal import Glibc

/// One line of `MLSD`, or the middle line of an `MLST` reply: facts and a name (RFC 3659 section 7).
public struct MachineListingEntry: Sendable, Equatable {
  /// The facts in the server's order; names in lower case, for RFC 3659 compares them without case.
  public let facts: [(name: [UInt8], value: [UInt8])]
  /// The name as the server sent it: everything after the first blank.
  public let name: [UInt8]

  /// Reads `fact=value;fact=value; name`. A line without a blank is all facts; a fact without `=` has an
  /// empty value.
  public init(line: some Collection<UInt8>) {
    var facts: [(name: [UInt8], value: [UInt8])] = []
    name = Array(line).withUnsafeBytes { line in
      Array(Self.read(line) { facts.append(($0.map(\.lowercased), Array($1))) })
    }
    self.facts = facts
  }

  /// The entry in a reply to `MLST`: the line that begins with a blank (RFC 3659 section 7.2). Nil when there is none.
  init?(in reply: Reply) {
    guard let line = reply.bytes.split(separator: ASCII.lineFeed).first(where: { $0.first == ASCII.space }) else {
      return nil
    }
    self.init(line: line.dropFirst())
  }

  /// Reads a line without copying it: hands each fact's name, as it is written, and value to `body`, and returns the entry's name.
  public static func read<Failure: Error>(
    _ line: UnsafeRawBufferPointer,
    _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> UnsafeRawBufferPointer {
    let blank =
      line.baseAddress.flatMap { base in
        memchr(base, CInt(ASCII.space), line.count).map { UnsafeRawPointer($0) - base }
      } ?? line.endIndex
    var start = 0
    var equals: Int?
    // The list ends with a semicolon (RFC 3659 section 7.2), which some servers leave out behind the last fact.
    for index in 0..<blank {
      switch line[index] {
      case ASCII.equals where equals == nil: equals = index
      case ASCII.semicolon:
        let end = equals ?? index
        let value = min(end + 1, index)
        try body(.init(rebasing: line[start..<end]), .init(rebasing: line[value..<index]))
        start = index + 1
        equals = nil
      default: break
      }
    }
    if start < blank {
      let end = equals ?? blank
      try body(.init(rebasing: line[start..<end]), .init(rebasing: line[min(end + 1, blank)..<blank]))
    }
    return UnsafeRawBufferPointer(rebasing: line[min(blank + 1, line.endIndex)...])
  }

  /// The value of a fact by its name in lower case, such as "size"; the last one when it comes twice.
  public func value(of fact: String) -> [UInt8]? {
    facts.last { $0.name.elementsEqual(fact.utf8) }?.value
  }

  /// Whether it is the listed directory itself, or the one above it, by type (`cdir`, `pdir`) or name: no entry of the directory.
  var isListedDirectory: Bool {
    let type = (value(of: "type") ?? []).map(\.lowercased).text
    return type == "cdir" || type == "pdir" || name.isDotOrDotDot
  }

  /// Equal facts in equal order, equal names.
  public static func == (left: Self, right: Self) -> Bool {
    left.name == right.name && left.facts.elementsEqual(right.facts, by: ==)
  }
}
