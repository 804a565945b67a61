import FTPClient
import PythonBridge

/// What `encoding='auto'` asks of a server.
extension FTPObject {
  /// Has a server that knows UTF-8 use it, after the login: some speak it only when asked (RFC 2640 section 3.2 has `FEAT` say that
  /// they know it; `OPTS UTF8 ON` is of an expired draft, and IIS, FileZilla, ProFTPD and others wait for it).
  ///
  /// A server that refuses either goes on as it is: each line says then which encoding it is in. Throws what sending raises, and
  /// `error_temp` for a 421, by which the server takes its leave.
  func askForUTF8() throws {
    do {
      // Some leave the blank out that RFC 2389 has before each feature.
      let lines = try lookingAt(sendcmd("FEAT")).split(whereSeparator: \.isNewline).map {
        String($0.drop { $0 == " " })
      }
      if ServerFeatures(lines: lines).has("UTF8") { _ = try sendcmd("OPTS UTF8 ON") }
    } catch {
      guard PythonError.matches(state.errors.permanent, state.errors.temporary), let refusal = PythonError.take() else {
        throw error
      }
      if try refusal.text().hasPrefix("421") { throw PythonError.restore(refusal) }
    }
  }
}
