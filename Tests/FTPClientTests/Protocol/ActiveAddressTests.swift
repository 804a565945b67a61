import FTPClient
import Testing

extension ClientTests {
  @Suite struct ActiveAddressTests {
    @Test(
      arguments: [
        ("127.0.0.1", 1025, "PORT 127,0,0,1,4,1\r\n"), ("192.168.255.20", 65535, "PORT 192,168,255,20,255,255\r\n"),
        ("10.0.0.1", 1, "PORT 10,0,0,1,0,1\r\n"),
      ] as [(String, UInt16, String)])
    func `PORT names six numbers`(_ host: String, _ port: UInt16, _ line: String) throws {
      #expect(try ActiveAddress.port(host: host, port: port).line == bytes(line))
    }

    @Test(
      arguments: [
        ("127.0.0.1", 1025, false, "EPRT |1|127.0.0.1|1025|\r\n"), ("::1", 65535, true, "EPRT |2|::1|65535|\r\n"),
        ("fd00::2", 21, true, "EPRT |2|fd00::2|21|\r\n"),
      ] as [(String, UInt16, Bool, String)])
    func `EPRT names family, address and port`(_ host: String, _ port: UInt16, _ isIPv6: Bool, _ line: String) throws {
      #expect(try ActiveAddress.extendedPort(host: host, port: port, isIPv6: isIPv6).line == bytes(line))
    }

    @Test func `a host with a line end is refused`() {
      #expect(thrown { try ActiveAddress.port(host: "1.2.3.4\r\n", port: 1) } == "invalidArgument")
    }
  }
}
