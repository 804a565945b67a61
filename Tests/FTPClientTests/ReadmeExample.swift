import FTPClient
import Testing

// The README's example for Swift, to the letter: a Python test compares the two.
func fetch(from host: String, port: UInt16) throws -> [UInt8] {
  let session = try FTPSession(host: host, port: port)
  try session.logIn(user: "ftpuser", password: "ftpuser-pw")
  var content: [UInt8] = []
  try session.retrieve("/home/ftpuser/FTP-TEST") { block in content.append(contentsOf: block) }
  try session.quit()
  return content
}

@Test func `the README's example fetches a file`() throws {
  let steps: [Step] =
    .greeting + [.answer("USER ftpuser", "331 and?"), .answer("PASS ftpuser-pw", "230 in")]
    + .download("RETR /home/ftpuser/FTP-TEST", bytes("content")) + [.answer("QUIT", "221 bye")]
  let content = try ScriptedServer.run(steps) { try fetch(from: $0.host, port: $0.port) }
  #expect(content == bytes("content"))
}
