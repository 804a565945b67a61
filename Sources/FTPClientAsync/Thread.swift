internal import FTPClient
internal import Glibc

/// Threads of the system's.
enum Thread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts one, which is to be joined or detached. Throws `.system` when the system has no more.
  static func start(_ run: @escaping @Sendable () -> Void) throws(FTPError) -> pthread_t {
    // Signals are for the host's own threads.
    var (all, before) = (sigset_t(), sigset_t())
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let body = Unmanaged.passRetained(Body(run))
    let status = pthread_create(
      &thread, nil,
      { body in
        guard let body else { return nil }
        Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    guard status == 0 else {
      body.release()
      throw FTPError(errno: status, "start a thread for the connection")
    }
    return thread
  }
}
