import Glibc

/// One thing that the scripted server does, or waits for the client to do.
struct Step: Sendable {
  /// The step in words, for the message when it fails.
  let words: String
  let run: @Sendable (Conversation) throws -> Void

  init(_ words: String, _ run: @escaping @Sendable (Conversation) throws -> Void) {
    self.words = words
    self.run = run
  }
}

// MARK: The control connection

extension Step {
  /// Sends a line and its CRLF; several lines when the text holds LF.
  static func say(_ text: String) -> Step {
    Step("say \(text)") { try $0.control.send(bytes(text.split(separator: "\n").map { $0 + "\r\n" }.joined())) }
  }

  /// Sends bytes as they are.
  static func sayRaw(_ text: String) -> Step { Step("say raw \(text)") { try $0.control.send(bytes(text)) } }

  /// Reads a command line, which must be this one.
  static func hear(_ command: String) -> Step {
    Step("hear \(command)") { conversation in
      let line = try conversation.control.readLine()
      guard line == command else { throw ScriptFault(description: "heard '\(line)'") }
    }
  }

  /// Reads this command and answers it.
  static func answer(_ command: String, _ reply: String) -> Step {
    Step("answer \(command)") { conversation in
      try Step.hear(command).run(conversation)
      try Step.say(reply).run(conversation)
    }
  }

  /// Lets a time pass, in which the client must say nothing.
  static func quiet(_ time: Duration) -> Step {
    Step("quiet for \(time)") { conversation in
      guard conversation.control.isQuiet(for: time) else {
        throw ScriptFault(description: "the client spoke: '\(try conversation.control.readLine())'")
      }
    }
  }

  /// Says the same bytes again and again until the client closes, or for this long.
  static func babble(_ text: String, for time: Duration) -> Step {
    Step("babble \(text)") { conversation in
      let block = Array(repeatElement(bytes(text), count: 256).joined())
      let end = ContinuousClock.now + time
      do {
        while ContinuousClock.now < end { try conversation.control.send(block) }
      } catch is ScriptFault {
        return
      }
    }
  }

  /// Says the same line at intervals, until the client closes.
  static func drip(_ text: String, every interval: Duration) -> Step {
    Step("drip \(text)") { conversation in
      do {
        while conversation.control.isQuiet(for: interval) { try Step.say(text).run(conversation) }
      } catch is ScriptFault {
        return
      }
    }
  }

  /// Closes the control connection.
  static let hangUp = Step("hang up") { $0.control.close() }

  /// Breaks the control connection off with RST.
  static let breakOff = Step("break off") { $0.control.close(reset: true) }

  /// Waits until the client has closed the control connection; a further command is a fault.
  static let farewell = Step("await the client's farewell") { conversation in
    let rest = try conversation.control.readAll()
    guard rest.isEmpty else { throw ScriptFault(description: "heard '\(shown(rest))'") }
  }

  /// Waits until the client has closed the control connection, whatever it still says.
  static let indifference = Step("await the client's end") { try $0.control.awaitEnd() }
}

// MARK: Data connections

extension Step {
  /// Listens for a data connection. The answer to `PASV` or `EPSV` is said by another step.
  static let listen = Step("listen") { conversation in
    conversation.listener = try Wire.listening(on: conversation.host)
  }

  /// Answers the command `PASV` with the true address, or with another host's or other words.
  static func passive(
    _ command: String = "PASV", words: @escaping @Sendable (UInt16) -> String = Step.pasvWords
  ) -> Step {
    Step("answer \(command)") { conversation in
      try Step.hear(command).run(conversation)
      try Step.listen.run(conversation)
      try Step.say(words(conversation.listening.port)).run(conversation)
    }
  }

  /// A 227 reply that names 127.0.0.1.
  @Sendable static func pasvWords(port: UInt16) -> String {
    "227 Entering Passive Mode (127,0,0,1,\(port >> 8),\(port & 255))."
  }

  /// A 229 reply.
  @Sendable static func epsvWords(port: UInt16) -> String { "229 Entering Extended Passive Mode (|||\(port)|)" }

  /// Takes the data connection that the client opened.
  static let accept = Step("accept the data connection") { conversation in
    conversation.data = try conversation.listening.accept()
  }

  /// Reads `PORT` or `EPRT` and keeps the address.
  static func hearPort(_ verb: String) -> Step {
    Step("hear \(verb)") { conversation in
      let line = try conversation.control.readLine()
      guard line.hasPrefix("\(verb) ") else { throw ScriptFault(description: "heard '\(line)'") }
      let fields = line.dropFirst(5).split { $0 == "|" || $0 == "," }
      let numbers = fields.suffix(2).compactMap { UInt16($0) }
      let port = verb == "PORT" ? numbers.reduce(0) { $0 << 8 | $1 } : numbers.last
      let host = verb == "PORT" ? fields.prefix(4).joined(separator: ".") : String(fields.dropFirst().first ?? "")
      guard let port, port > 0, host == conversation.host else {
        throw ScriptFault(description: "no address in '\(line)'")
      }
      conversation.clientPort = port
    }
  }

  /// Opens the data connection to the client in active mode.
  static let connect = Step("connect to the client") { conversation in
    conversation.data = try Wire.connected(to: conversation.host, port: conversation.clientPort)
  }

  /// Connects to the client's data port from another host.
  static func strangerConnects(from host: String) -> Step {
    Step("connect as a stranger") { conversation in
      conversation.stranger = try Wire.connected(
        to: conversation.host, port: conversation.clientPort, from: host)
    }
  }

  /// Waits until the client has closed the stranger's connection.
  static let strangerIsRefused = Step("await the stranger's refusal") { try $0.stranger?.awaitEnd() }

  /// Sends data, all of which the client must take.
  static func data(_ data: [UInt8]) -> Step { Step("send \(data.count) bytes") { try $0.transfer.send(data) } }

  /// Sends data until the client has enough.
  static func pour(_ block: [UInt8], for time: Duration = .seconds(5)) -> Step {
    Step("pour data") { conversation in
      let end = ContinuousClock.now + time
      do {
        while ContinuousClock.now < end { try conversation.transfer.send(block) }
      } catch is ScriptFault {
        return
      }
    }
  }

  /// Receives the client's data to its end; it must be this.
  static func take(_ data: [UInt8]) -> Step {
    Step("take \(data.count) bytes") { conversation in
      let taken = try conversation.transfer.readAll()
      guard taken == data else {
        throw ScriptFault(description: "took \(taken.count) bytes: '\(shown(taken.prefix(200)))'")
      }
    }
  }

  /// Closes the data connection.
  static let endData = Step("close the data connection") { try $0.transfer.close() }

  /// Breaks the data connection off with RST.
  static let breakData = Step("break the data connection off") { try $0.transfer.close(reset: true) }

  /// Waits until the client has closed the data connection.
  static let dataGone = Step("await the end of the data connection") { try $0.transfer.awaitEnd() }
}

// MARK: Whole scenes

extension [Step] {
  /// Says hello.
  static let greeting: [Step] = [.say("220 ready")]

  /// A proof that the two are in step: the answer to `PWD` is taken for `PWD`'s. Then the client closes.
  static let inStep: [Step] = [.answer("PWD", "257 \"/in/step\" is current"), .farewell]

  /// A data connection for `command` in passive mode, up to the reply that begins the transfer.
  static func begin(_ command: String, type: String? = "I", _ reply: String = "150 here it comes") -> [Step] {
    (type.map { [.answer("TYPE \($0)", "200 type set")] } ?? []) + [
      .passive(), .hear(command), .accept, .say(reply),
    ]
  }

  /// A whole download.
  static func download(_ command: String, _ data: [UInt8], type: String? = "I") -> [Step] {
    begin(command, type: type) + [.data(data), .endData, .say("226 done")]
  }

  /// A whole upload.
  static func upload(_ command: String, _ data: [UInt8], type: String? = "I") -> [Step] {
    begin(command, type: type) + [.take(data), .endData, .say("226 done")]
  }
}
