/// Asks a server for a file's facts, one command after another; nothing is known of what it does not tell. A file that is not there has no facts: `RETR`
/// says it better.
struct FactsInquiry {
  private let client: any TransferClient
  private let path: [UInt8]
  private let asksFeatures: Bool
  private var facts = RemoteFacts()
  private var (hasAskedAtOnce, hasAskedSize, isOver) = (false, false, false)

  /// Without `asksFeatures` the server's features are of use where they are known: `FEAT` and `MLST` are as many commands as `SIZE` and `MDTM`.
  init(_ client: any TransferClient, _ path: [UInt8], asksFeatures: Bool = true) {
    self.client = client
    self.path = path
    self.asksFeatures = asksFeatures
  }

  /// The size, by a single command.
  mutating func size() throws -> UInt64? {
    try client.beBinary()
    if let features = client.knownFeatures { try askAtOnce(features) }
    if !isOver { try askSize() }
    return facts.size
  }

  /// All that there is.
  mutating func all() throws -> RemoteFacts {
    try client.beBinary()
    if !isOver, asksFeatures || client.knownFeatures != nil { try askAtOnce(client.features()) }
    guard !isOver else { return facts }
    if !hasAskedSize { try askSize() }
    guard facts.size != nil else { return facts }
    facts.modified = try client.completes("MDTM", path).flatMap { FileStatus.modificationTime(of: $0) }
    return facts
  }

  private mutating func askAtOnce(_ features: ServerFeatures) throws {
    guard features.tellsFactsAtOnce, !hasAskedAtOnce else { return }
    hasAskedAtOnce = true
    guard let reply = try client.completes("MLST", path),
      let line = reply.bytes.split(separator: ASCII.lineFeed).first(where: { $0.first == ASCII.space })
    else { return }
    let told = RemoteFacts(MachineListingEntry(line: line.dropFirst()))
    guard told.size != nil else { return }
    (facts, isOver) = (told, true)
  }

  private mutating func askSize() throws {
    hasAskedSize = true
    facts.size = try client.completes("SIZE", path).flatMap { try? FileStatus.size(of: $0) }
  }
}
