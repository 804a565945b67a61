/// Asks a server for a file's facts; nothing is known of what it does not tell. A file that is not there has no facts: `RETR` says it better.
struct FactsInquiry {
  private let client: any TransferClient
  private let path: [UInt8]
  private let asksFeatures: Bool

  /// Without `asksFeatures` the server's features are of use where they are known: `FEAT` and `MLST` are as many commands as `SIZE` and `MDTM`.
  init(_ client: any TransferClient, _ path: [UInt8], asksFeatures: Bool = true) {
    self.client = client
    self.path = path
    self.asksFeatures = asksFeatures
  }

  /// All that there is. `beforeTransfer` says that a transfer follows at once, whose data connection is asked for together with it.
  func facts(beforeTransfer: Bool = false) throws -> RemoteFacts {
    let knowsFeatures = client.knownFeatures != nil
    let isAtOnce = client.knownFeatures?.tellsFactsAtOnce ?? false
    var questions: [QuestionsTogether.Question] = isAtOnce ? [.file("MLST")] : [.file("SIZE"), .file("MDTM")]
    if asksFeatures, !knowsFeatures { questions.insert(.features, at: 0) }
    if !client.isBinary { questions.insert(.binary, at: 0) }
    if beforeTransfer, let verb = client.passiveCommand { questions.insert(.port(verb), at: 0) }
    guard let replies = try QuestionsTogether(client, path).ask(questions) else { return try oneByOne() }
    if isAtOnce { return try facts(in: replies["MLST"]) ?? bySizeAndTime() }
    let facts = try facts(in: replies["SIZE"], replies["MDTM"])
    // Another file of the same size and time is told by what `MLST` alone tells.
    guard !knowsFeatures, facts.size != nil else { return facts }
    return try atOnce() ?? facts
  }

  private func oneByOne() throws -> RemoteFacts {
    try client.beBinary()
    if asksFeatures { _ = try client.features() }
    return try atOnce() ?? bySizeAndTime()
  }

  /// By `MLST`; nil where it does not tell what is wanted, as far as that is known.
  private func atOnce() throws -> RemoteFacts? {
    guard client.knownFeatures?.tellsFactsAtOnce ?? false else { return nil }
    return facts(in: try client.completes("MLST", path))
  }

  private func bySizeAndTime() throws -> RemoteFacts {
    let size = try client.execute("SIZE", path)
    return try facts(in: size, client.execute("MDTM", path))
  }

  private func facts(in reply: Reply?) -> RemoteFacts? {
    guard let entry = reply.flatMap(MachineListingEntry.init(in:)) else { return nil }
    let facts = RemoteFacts(entry)
    return facts.size == nil ? nil : facts
  }

  private func facts(in size: Reply?, _ time: Reply?) throws -> RemoteFacts {
    // A server that does not know one of them may know the other.
    RemoteFacts(
      size: try size.flatMap(client.completion).flatMap { try? FileStatus.size(of: $0) },
      modified: try time.flatMap(client.completion).flatMap { FileStatus.modificationTime(of: $0) })
  }
}
