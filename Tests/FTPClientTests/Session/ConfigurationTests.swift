import FTPClient
import Testing

extension ClientTests {
  @Suite struct ConfigurationTests {
    @Test func `TLS from the first byte needs TLS: without it nothing is sent in the clear`() throws {
      let listener = try Wire.listening(on: "127.0.0.1")
      let port = try listener.port
      let error = #expect(throws: FTPError.self) {
        try FTPSession(host: "127.0.0.1", port: port, configuration: .with { $0.isImplicitlySecure = true })
      }
      #expect(error?.word == "invalidArgument")
      #expect(error?.message.contains("security") == true)
      #expect(!listener.isReadable(within: .milliseconds(200)))
    }
  }
}
