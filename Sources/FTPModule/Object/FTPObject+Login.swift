import FTPClient
import PythonBridge

/// The login: `login`, `acct`.
extension FTPObject {
  /// `login(user, passwd, acct)`: returns the 2yz reply.
  func login(_ arguments: Arguments) throws -> PythonObject {
    try login(arguments.value(0), arguments.value(1), arguments.value(2))
  }

  /// The same; nil is what was not given.
  func login(_ user: PythonObject?, _ password: PythonObject?, _ account: PythonObject?) throws -> PythonObject {
    let words = state.loginWords
    let user = try credential(user, "user") ?? words.anonymous
    var password = try credential(password, "passwd")
    let account = try credential(account, "acct") ?? words.empty
    if user.isText("anonymous"), password.map({ $0.isText("-") }) ?? true {
      password = try (password ?? words.empty).appending(words.anonymousPassword)
    }
    let secret = password ?? words.empty
    let (pass, acct) = try (words.pass.appending(secret), words.acct.appending(account))
    try requireSendable(pass)
    if account !== words.empty { try requireSendable(acct) }
    var (text, category) = try say(words.user.appending(user))
    if category == .intermediate { (text, category) = try say(pass, hiding: secret) }
    if category == .intermediate { (text, category) = try say(acct, hiding: account) }
    guard category == .completion else { throw unexpected(text) }
    let (trail, isFirst) = try (connection()?.control.trail, memory() == nil)
    try remember(SessionMemory(user: user, password: secret, account: account, trail: trail, isFirst: isFirst))
    if try !Self.isPlainUTF8(object.glance, state), try codec.isAutomatic { try askForUTF8() }
    return text
  }

  /// `acct(password)`: sends the account that some servers ask for.
  func sendAccount(_ password: PythonObject) throws -> PythonObject {
    guard password.isString else { throw PythonError.type("password must be a str, not '\(password.typeName)'") }
    let account = try credential(password, "password") ?? state.loginWords.empty
    return try call(.voidcmd, state.loginWords.acct.appending(account))
  }

  /// An argument that may be a secret; nil when it is empty. An exception of Python's own would hold it, when it cannot be encoded.
  private func credential(_ value: PythonObject?, _ name: String) throws(PythonError) -> PythonObject? {
    guard let value else { return nil }
    guard value.isString else { throw .type("\(name) must be a str, not '\(value.typeName)'") }
    guard let text = try value.glance.utf8() else { throw .value("\(name) cannot be encoded in utf-8") }
    return text.isEmpty ? nil : try value.characters()
  }

  /// A command's reply: its text, and what its first digit says. Where there is a short way, it goes that.
  private func say(_ line: PythonObject) throws -> (text: PythonObject, category: Reply.Category?) {
    if let exchanged = try exchange(line) { return (try response(exchanged), exchanged.reply.category) }
    let text = try call(.sendcmd, line)
    return (text, try parsed(text).category)
  }

  /// The same for a command with a secret; a server's refusal that repeats it is raised without it.
  private func say(
    _ line: PythonObject, hiding secret: PythonObject
  ) throws -> (text: PythonObject, category: Reply.Category?) {
    do { return try say(line) } catch {
      guard PythonError.matches(state.errors.error), let refusal = PythonError.take() else { throw error }
      let (text, secret) = try (refusal.text(), secret.utf8Text())
      guard secret.count > 3, let masked = text.masking(secret) else { throw PythonError.restore(refusal) }
      throw PythonError.raise(refusal.type, masked)
    }
  }
}

/// What a login says, as Python strings.
struct LoginWords {
  let user, pass, acct, anonymous, anonymousPassword, empty: PythonObject

  init() throws(PythonError) {
    (user, pass, acct) = (try .string("USER "), try .string("PASS "), try .string("ACCT "))
    (anonymous, anonymousPassword, empty) = (try .string("anonymous"), try .string("anonymous@"), try .string(""))
  }

  /// What the garbage collector must see.
  var all: [PythonObject] { [user, pass, acct, anonymous, anonymousPassword, empty] }
}

extension String {
  /// The text with every occurrence of `secret` masked; nil when there is none.
  fileprivate func masking(_ secret: String) -> String? {
    var rest = self[...]
    var masked = ""
    while let start = rest.indices.first(where: { rest[$0...].hasPrefix(secret) }) {
      masked += rest[..<start] + "****"
      rest = rest[rest.index(start, offsetBy: secret.count)...]
    }
    return masked.isEmpty ? nil : masked + rest
  }
}
