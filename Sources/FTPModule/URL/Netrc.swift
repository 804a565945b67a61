import CPython
import Glibc
import PythonBridge

/// The user's file of passwords, `~/.netrc`, as Python's module of that name reads it.
enum Netrc {
  /// `(login, account, password)` for a host; nil when there is no file, or nothing in it for this user.
  ///
  /// `file` is the file's name; `True` the user's own, which need not be there, `False` none. Raises `OSError` for one that is there and cannot be read,
  /// `PermissionError` for the user's own when others may read it, `ValueError` for what is no such file. None of them quotes it, as
  /// Python's own do, nor has a cause that does.
  static func entry(
    for host: PythonObject, _ user: PythonObject?, _ file: PythonObject
  ) throws -> PythonObject? {
    guard try file.isTrue() else { return nil }
    let isOwn = file === PythonObject.bool(true)
    let netrc = try importModule("netrc")
    let parseError = try netrc.attribute("NetrcParseError")
    let entries: PythonObject
    do {
      entries = try netrc.callMethod("netrc", isOwn ? PythonObject.none : file)
    } catch {
      if PythonError.matches(.osError), let failure = PythonError.take() {
        // Nobody need have one; but who has one is not to be logged in as anybody else.
        guard try isOwn && !isThere(ownFile()) else { throw PythonError.restore(failure) }
        return nil
      }
      guard PythonError.matches(parseError, .unicodeError), let failure = PythonError.take() else { throw error }
      throw try refusal(failure, isOwn ? ownFile() : file)
    }
    let entry = try entries.callMethod("authenticators", spelling(of: host, in: entries))
    guard !entry.isNone else { return nil }
    if let user, try entry.item(0).text() != user.text() { return nil }
    return entry
  }

  /// How the file spells a host: names of hosts have no case (RFC 1035 section 2.3.3), and a URL's comes in small letters. Python's module looks for the very name.
  private static func spelling(of host: PythonObject, in entries: PythonObject) throws -> PythonObject {
    let hosts = try entries.attribute("hosts")
    if try hosts.callMethod("__contains__", host).isTrue() { return host }
    let wanted = try host.callMethod("lower").text()
    for name in try hosts.items() where try name.callMethod("lower").text() == wanted {
      return name
    }
    return host
  }

  private static func ownFile() throws -> PythonObject {
    try importModule("os.path").callMethod("expanduser", .string("~/.netrc"))
  }

  /// Whether a file can be seen: in a home that is not this user's it cannot.
  private static func isThere(_ file: PythonObject) throws -> Bool {
    try importModule("os.path").callMethod("lexists", file).isTrue()
  }

  /// What is raised in the place of an exception of Python's that may quote the file.
  private static func refusal(_ failure: PythonObject, _ file: PythonObject) throws -> PythonError {
    let name = try file.string().representation().text()
    guard let line = try failure.optionalAttribute("lineno") else {
      return .value("the netrc file \(name) is no text in UTF-8, nor in the locale's encoding")
    }
    guard line.isNone else {
      // Python counts the line's end that follows a word.
      return .value(
        "the netrc file \(name) cannot be read as one at line \(try line.text()) or the one before: each word that is no keyword follows one of "
          + "machine, login, account, password, macdef, and stands in quotes when it holds spaces")
    }
    // Only who owns it and who may read it is no matter of a line: Python's sentence says which.
    let reason = try failure.attribute("msg")
    return try .restore(PythonObject.osError.call(.integer(Int(EACCES)), reason, file))
  }
}
