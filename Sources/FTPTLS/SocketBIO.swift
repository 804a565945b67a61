internal import COpenSSL
internal import FTPClient

/// What OpenSSL reads and writes through: the stream's socket, with its deadline and its interrupt hook.
///
/// OpenSSL's own would raise SIGPIPE, and would leave the waiting to the caller.
enum SocketBIO {
  /// A BIO for a stream, which outlives it.
  static func make(for stream: TLSStream) -> OpaquePointer? {
    guard let method, let bio = BIO_new(method) else { return nil }
    BIO_set_data(bio, Unmanaged.passUnretained(stream).toOpaque())
    BIO_set_init(bio, 1)
    return bio
  }

  /// Made once for the process, and never changed.
  nonisolated(unsafe) private static let method: OpaquePointer? = {
    let sourceAndSink = CInt(0x0400)  // BIO_TYPE_SOURCE_SINK
    guard let method = BIO_meth_new(sourceAndSink | BIO_get_new_index(), "FTPClient.Socket") else { return nil }
    BIO_meth_set_read(method) { bio, buffer, count in
      guard let bio, let buffer, let stream = stream(of: bio) else { return -1 }
      return read(bio, stream, UnsafeMutableRawBufferPointer(start: buffer, count: Int(max(0, count))))
    }
    BIO_meth_set_write(method) { bio, buffer, count in
      guard let bio, let buffer, let stream = stream(of: bio) else { return -1 }
      return write(bio, stream, UnsafeRawBufferPointer(start: buffer, count: Int(max(0, count))))
    }
    // Of all questions only "flush" needs an answer: nothing is ever held back.
    BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    return method
  }()

  private static func stream(of bio: OpaquePointer) -> TLSStream? {
    BIO_get_data(bio).map { Unmanaged<TLSStream>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func read(
    _ bio: OpaquePointer, _ stream: TLSStream, _ buffer: UnsafeMutableRawBufferPointer
  ) -> CInt {
    openssl_no_retry(bio)
    guard stream.mayRead else {
      openssl_retry_read(bio)
      return -1
    }
    do throws(FTPError) {
      let count = try stream.socket.read(into: buffer, until: stream.deadline)
      if count == 0 { stream.socketHasEnded = true } else { stream.noteArrival() }
      return CInt(clamping: count)
    } catch {
      // "Again", so that OpenSSL does not take it for the connection's end: a deadline or an interruption is none.
      stream.failure = error
      openssl_retry_read(bio)
      return -1
    }
  }

  private static func write(_ bio: OpaquePointer, _ stream: TLSStream, _ bytes: UnsafeRawBufferPointer) -> CInt {
    openssl_no_retry(bio)
    do throws(FTPError) {
      try stream.socket.write(bytes, idleTimeout: stream.idleTimeout)
      return CInt(clamping: bytes.count)
    } catch {
      stream.failure = error
      openssl_retry_write(bio)
      return -1
    }
  }
}
