import Testing

@testable import FTPClient

extension ClientTests {
  @Suite struct SocketAddressTests {
    @Test(arguments: [("127.0.0.1", false), ("::1", true), ("10.1.2.3", false), ("fd00::2", true)])
    func `digits resolve to themselves`(_ host: String, _ isIPv6: Bool) throws {
      let addresses = try SocketAddress.resolve(host, port: 2121)
      #expect(addresses.map(\.host) == [host])
      #expect(addresses.map(\.port) == [2121])
      #expect(addresses.map(\.isIPv6) == [isIPv6])
    }

    @Test func `a family that the host lacks is unresolved`() {
      #expect(thrown { try SocketAddress.resolve("127.0.0.1", port: 21, family: .ipv6) } == "unresolved")
      #expect(thrown { try SocketAddress.resolve("::1", port: 21, family: .ipv4) } == "unresolved")
    }

    @Test func `no host is the wildcard address`() throws {
      #expect(try SocketAddress.resolve(nil, port: 0, family: .ipv4).map(\.host) == ["0.0.0.0"])
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `another port leaves the host as it is`(_ host: String) throws {
      let address = try #require(try SocketAddress.resolve(host, port: 21).first)
      let other = address.with(port: 65535)
      #expect(other.host == host)
      #expect(other.port == 65535)
      #expect(other != address)
      #expect(other.with(port: 21) == address)
    }

    @Test func `an address that is none has no ends`() {
      #expect(SocketAddress.local(of: -1) == nil)
      #expect(SocketAddress.peer(of: -1) == nil)
    }
  }
}
