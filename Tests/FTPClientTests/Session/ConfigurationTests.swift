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

    @Test func `a host with a NUL is no host`() throws {
      let listener = try Wire.listening(on: "127.0.0.1")
      let port = try listener.port
      for host in ["127.0.0.1\0.example.org", "\0", "localhost\0"] {
        let error = #expect(throws: FTPError.self) {
          try FTPSession(host: host, port: port, configuration: .brisk)
        }
        #expect(error?.word == "invalidArgument")
        #expect(error?.message == "a host's name cannot contain NUL")
      }
      #expect(!listener.isReadable(within: .milliseconds(200)))
    }
  }
}
