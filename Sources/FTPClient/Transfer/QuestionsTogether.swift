/// Questions before a transfer that go to the server in one piece, each answered in its turn: one way there and back for all of them.
///
/// No transfer is running, so that servers which mind commands during one do not mind these. A server, or what lies before it, may take no more than one
/// command at a time all the same: the first time in a session the answers are awaited for a moment only, and looked at. Where they do not come the
/// session is reopened, and all that it is asked goes one by one from then on.
struct QuestionsTogether {
  /// Something to ask, or to set.
  enum Question: Equatable {
    /// Where to connect to, kept for the transfer that follows. It comes first: what lies before a server may look for the answer at the beginning of a
    /// packet only.
    case port(String)
    case binary
    case features
    case file(String)

    fileprivate var verb: String {
      switch self {
      case .port(let verb), .file(let verb): verb
      case .binary: "TYPE"
      case .features: "FEAT"
      }
    }
  }

  private let client: any TransferClient
  private let path: [UInt8]

  /// How long the other answers may take behind the first one, the first time in a session.
  static let patience = Duration.seconds(3)

  init(_ client: any TransferClient, _ path: [UInt8]) { (self.client, self.path) = (client, path) }

  /// Asks; nil where that is to be done one by one. Returns the answers to the questions about the file.
  func ask(_ questions: [Question]) throws -> [String: Reply]? {
    let isTrial = client.allowsPipelining == nil
    guard questions.count > 1, client.allowsPipelining != false,
      try client.pipeline(questions.map { ($0.verb, argument(of: $0)) })
    else { return nil }
    var replies: [String: Reply] = [:]
    do {
      for (number, question) in questions.enumerated() {
        if isTrial, number > 0, try !client.hasReply(within: Self.patience) { return try giveUp() }
        if let reply = try answer(to: question) { replies[question.verb] = reply }
      }
    } catch {
      let error = TransferFailure.unwrapped(error)
      guard isTrial, !client.isClosedByCaller else { throw error }
      switch (error as? FTPError)?.kind {
      // Nobody refuses TYPE I but for what it came behind.
      case .reply(let reply) where reply.code != 421: break
      // It takes its leave, for reasons that this may be among.
      case .reply:
        client.allowsPipelining = false
        throw error
      default: guard TransferFailure.fault(of: error, client) == .lost else { throw error }
      }
      return try giveUp()
    }
    if isTrial {
      guard try hasTaken(questions, replies) else { return try giveUp() }
      client.allowsPipelining = true
    }
    return replies
  }

  /// Whether the server has not refused what came behind the first question for that.
  private func hasTaken(_ questions: [Question], _ replies: [String: Reply]) throws -> Bool {
    if questions.contains(.binary) || replies.values.contains(where: Self.isGood) { return true }
    for verb in replies.keys where Self.isGood(try client.execute(verb, path)) { return false }
    return true
  }

  private static func isGood(_ reply: Reply) -> Bool { reply.category == .completion }

  private func argument(of question: Question) -> [UInt8]? {
    switch question {
    case .port, .features: nil
    case .binary: Array("I".utf8)
    case .file: path
    }
  }

  /// Each goes the way that it goes alone, where it is known what it has set or told. Throws a 421.
  private func answer(to question: Question) throws -> Reply? {
    switch question {
    case .port(let verb):
      let reply = try client.execute(verb, nil)
      _ = try client.completion(reply)
      try client.keep(reply, for: verb)
    case .binary: try client.beBinary()
    case .features: _ = try client.features()
    case .file(let verb):
      let reply = try client.execute(verb, path)
      _ = try client.completion(reply)
      return reply
    }
    return nil
  }

  private func giveUp() throws -> [String: Reply]? {
    client.allowsPipelining = false
    client.disconnect()
    try client.connect()
    return nil
  }
}
