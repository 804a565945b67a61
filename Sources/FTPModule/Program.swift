import CPython
import PythonBridge

/// `test`: the module as a program, `python3 -m usr.ftplib`. The name is CPython's.
enum Program {
  private static let documentation: StaticString = """
    test($module, /)
    --

    Use the module as a program: ftplib [-d] [-r[file]] host [-l[dir]] [-d[dir]] [-p] [file] ...

    Options:
      -d          show what goes over the control connection; twice, every line
      -r[file]    log in with the user and password of this netrc file rather than ~/.netrc; -r alone: of none
    host          a name or address, or a URL: ftp://user@host:port/directory (see connect_url)
    Commands, in their order:
      -l[dir]     list a directory
      -d[dir]     change the current directory
      -p          switch between passive and active data connections
      file        write the file to the standard output
    """

  static let function = PyMethodDef.function("test", documentation) { module, arguments, count, keywords in
    ModuleFunctions.call(module, arguments, count, keywords, Signature("test")) { state, _ in
      try run(state)
      return .none
    }
  }

  private static func run(_ state: ModuleState) throws {
    let sys = try LazyAttributes.sys.value(state)
    var words = try sys.attribute("argv").items().dropFirst().map(word)[...]
    var debugLevel = 0
    var accounts = PythonObject.bool(true)
    while words.first == "-d" {
      debugLevel += 1
      words.removeFirst()
    }
    if let word = words.first, word.hasPrefix("-r") {
      accounts = try .string(String(word.dropFirst(2)))
      words.removeFirst()
    }
    guard let host = words.popFirst(), !host.hasPrefix("-") else {
      let text = try state.namespace.value(for: .string("test"))?.attribute("__doc__") ?? .string("")
      _ = try importModule("builtins").callMethod("print", text)
      return
    }

    let ftp = try connect(host, accounts, debugLevel, state)
    do {
      for word in words { try perform(word, ftp, sys) }
      _ = try ftp.call(.quit)
    } catch {
      PythonError.closing { try ftp.call(.close) }
      throw error
    }
  }

  /// A word of the command line. The `UnicodeEncodeError` for one of other bytes would hold it: a URL, with its password.
  private static func word(_ argument: PythonObject) throws -> String {
    guard let word = try argument.string().withEncodableUTF8({ String(decoding: $0, as: UTF8.self) }) else {
      throw PythonError.value("the command line has bytes that are no UTF-8; in a URL they are percent-encoded")
    }
    return word
  }

  private static func connect(
    _ host: String, _ accounts: PythonObject, _ debugLevel: Int, _ state: ModuleState
  ) throws -> FTPObject {
    let url = host.contains("://") ? host : "ftp://\(bracketed(host))/"
    let object = try ConnectURL.open(.string(url), state, option: { $0 == "netrc" ? accounts : nil }) { ftp in
      try ftp.set(.debugging, .integer(debugLevel))
    }
    return FTPObject(object: object, state: state)
  }

  /// A host as it stands in a URL: brackets around an IPv6 address that has none. Two colons are no port's.
  private static func bracketed(_ host: String) -> String {
    let start = host.lastIndex(of: "@").map { host.index(after: $0) } ?? host.startIndex
    let address = host[start...]
    guard address.count(where: { $0 == ":" }) > 1, !address.contains("[") else { return host }
    return "\(host[..<start])[\(address)]"
  }

  private static func perform(_ word: String, _ ftp: FTPObject, _ sys: PythonObject) throws {
    let output = try sys.attribute("stdout")
    if word == "-p" {
      try ftp.set(.passiveserver, .bool(!ftp.attribute(.passiveserver).isTrue()))
    } else if word.hasPrefix("-l") {
      _ = try ftp.object.callMethod("dir", .string(String(word.dropFirst(2))))
    } else if word.hasPrefix("-d") {
      let directory = word.dropFirst(2)
      _ = try ftp.sendcmd(directory.isEmpty ? "CWD" : "CWD \(directory)")
    } else {
      try output.callMethod("flush")
      let bytes = try output.attribute("buffer")
      _ = try ftp.object.callMethod("retrbinary", .string("RETR \(word)"), bytes.attribute("write"))
      try bytes.callMethod("flush")
    }
    try output.callMethod("flush")
  }
}
