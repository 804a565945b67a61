import FTPClient
import Glibc
import Testing

extension ClientTests {
  @Suite struct SocketTests {
    /// A connected pair: the client's socket and the other end.
    private func pair(interrupt: Interrupt? = nil) throws -> (socket: Socket, wire: Wire) {
      let listener = try Wire.listening(on: "127.0.0.1")
      let addresses = try SocketAddress.resolve("127.0.0.1", port: listener.port)
      let socket = try Socket.connect(
        to: "127.0.0.1", addresses, until: .after(.seconds(5)), interrupt: interrupt)
      return (socket, try listener.accept())
    }

    private func read(_ socket: Socket, within time: Duration = .seconds(5)) throws -> [UInt8] {
      try withUnsafeTemporaryAllocation(byteCount: 100, alignment: 1) { buffer in
        let count = try socket.read(into: buffer, until: .after(time))
        return Array(buffer.prefix(count))
      }
    }

    @Test func `bytes go and come, and the end is 0 bytes`() throws {
      let (socket, wire) = try pair()
      try wire.send(bytes("hello\r\n"))
      #expect(try read(socket) == bytes("hello\r\n"))
      try socket.write(bytes("world\r\n"), idleTimeout: .seconds(5))
      #expect(try wire.readLine() == "world")
      wire.close()
      #expect(try read(socket) == [])
      #expect(try read(socket) == [])
    }

    @Test func `a read ends at its deadline`() throws {
      let (socket, wire) = try pair()
      let time = try elapsed { #expect(thrown { try read(socket, within: .milliseconds(100)) } == "timedOut") }
      #expect((.milliseconds(100) ..< .seconds(1)).contains(time))
      try wire.send(bytes("a"))
      #expect(try socket.isReadable(within: .seconds(5)))
      #expect(try read(socket, within: .zero) == bytes("a"))
    }

    @Test func `a socket is readable when bytes or the end wait`() throws {
      let (socket, wire) = try pair()
      #expect(try !socket.isReadable(within: .zero))
      #expect(try !socket.isReadable(within: .milliseconds(50)))
      try wire.send(bytes("a"))
      #expect(try socket.isReadable(within: .seconds(5)))
      _ = try read(socket)
      #expect(try !socket.isReadable(within: .zero))
      wire.close()
      #expect(try socket.isReadable(within: .seconds(5)))
    }

    @Test func `a socket is silent when nothing waits, as far as anybody has looked`() throws {
      let (socket, wire) = try pair()
      #expect(socket.isSilent)
      try wire.send(bytes("a"))
      #expect(try socket.isReadable(within: .seconds(5)))
      #expect(!socket.isSilent)
      _ = try read(socket)
      #expect(socket.isSilent)
      try wire.send(bytes("b"))
      // Who has just read all there was does not look again at once.
      usleep(10_000)
      #expect(!socket.isSilent)
      _ = try read(socket)
      try wire.send([UInt8](repeating: 0x63, count: 101))
      #expect(try socket.isReadable(within: .seconds(5)))
      usleep(10_000)
      // What fills its memory may not be all, and behind the end there is nothing else.
      #expect(try read(socket).count == 100)
      #expect(!socket.isSilent)
      _ = try read(socket)
      wire.close()
      #expect(try read(socket) == [])
      #expect(!socket.isSilent)
    }

    /// A signal for a broken pipe would end the host's process.
    @Test func `a write to a closed connection is an error and no signal`() throws {
      let (socket, wire) = try pair()
      wire.close(reset: true)
      #expect(try socket.isReadable(within: .seconds(5)))
      let word = thrown { for _ in 0..<3 { try socket.write(bytes("a"), idleTimeout: .seconds(5)) } }
      #expect(["system \(EPIPE)", "system \(ECONNRESET)"].contains(word))
    }

    @Test func `a write that nobody reads ends after the silence`() throws {
      let (socket, wire) = try pair()
      let block = [UInt8](repeating: 0, count: 64 * 1024 * 1024)
      let time = try elapsed {
        #expect(thrown { try socket.write(block, idleTimeout: .milliseconds(200)) } == "timedOut")
      }
      #expect((.milliseconds(200) ..< .seconds(5)).contains(time))
      withExtendedLifetime(wire) {}
    }

    @Test func `a shutdown ends both directions`() throws {
      let (socket, wire) = try pair()
      socket.shutdown()
      #expect(try read(socket) == [])
      #expect(try wire.readAll() == [])
      #expect(thrown { try socket.write(bytes("a"), idleTimeout: .seconds(5)) } == "system \(EPIPE)")
    }

    @Test func `a closed socket is an error, and closing it again is none`() throws {
      let (socket, wire) = try pair()
      socket.close()
      socket.close()
      #expect(socket.descriptor == -1)
      #expect(try wire.readAll() == [])
      #expect(thrown { try read(socket) } == "system \(EBADF)")
      #expect(thrown { try socket.write(bytes("a"), idleTimeout: .seconds(5)) } == "system \(EBADF)")
      #expect(thrown { try socket.isReadable(within: .seconds(1)) } == "system \(EBADF)")
    }

    @Test func `a borrowed descriptor stays open`() throws {
      let (socket, wire) = try pair()
      do {
        let borrower = Socket(descriptor: socket.descriptor, owned: false, peer: "x")
        try borrower.write(bytes("a"), idleTimeout: nil)
        borrower.close()
      }
      try socket.write(bytes("b\r\n"), idleTimeout: nil)
      #expect(try wire.readLine() == "ab")
    }

    @Test func `an owned descriptor is closed with its last reference`() throws {
      var socket: Socket?
      let wire: Wire
      (socket, wire) = try pair()
      #expect(socket != nil)
      socket = nil
      #expect(try wire.readAll() == [])
    }

    @Test func `a descriptor that may block is never blocked on`() throws {
      let (socket, wire) = try pair()
      _ = fcntl(socket.descriptor, F_SETFL, 0)
      // A call that blocks all the same ends, late enough to be noticed.
      var limit = timeval(tv_sec: 2, tv_usec: 0)
      for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
        setsockopt(socket.descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
      }
      let time = try elapsed { #expect(thrown { try read(socket, within: .milliseconds(100)) } == "timedOut") }
      #expect(time < .seconds(1))
      let block = [UInt8](repeating: 0, count: 64 * 1024 * 1024)
      let longer = try elapsed {
        #expect(thrown { try socket.write(block, idleTimeout: .milliseconds(100)) } == "timedOut")
      }
      #expect(longer < .milliseconds(1500))
      withExtendedLifetime(wire) {}
    }
  }
}
