import FTPClient
import Testing

extension ClientTests {
  @Suite struct NetworkLineTests {
    @Test(arguments: [
      ("a", "a\r\n"), ("a\n", "a\r\n"), ("a\r\n", "a\r\n"), ("a\r", "a\r\n"), ("", "\r\n"), ("\n", "\r\n"),
      ("\r\n", "\r\n"),
      ("\r", "\r\n"), ("a\rb\n", "a\rb\r\n"), ("a\r\r\n", "a\r\r\n"), ("a\n\n", "a\n\r\n"), ("ü\n", "ü\r\n"),
      ("a\0\n", "a\0\r\n"),
    ])
    func `a line gets CRLF for its end`(_ line: String, _ wire: String) {
      var text = bytes("before|")
      text.appendNetworkLine(bytes(line))
      #expect(shown(text) == shown(bytes("before|" + wire)))
    }
  }
}
