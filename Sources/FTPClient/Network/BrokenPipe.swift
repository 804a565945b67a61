internal import Glibc

/// Runs calls of the system that may write to a pipe or a connection whose reader is gone: this thread does not get SIGPIPE, which would end the
/// process. They fail with `EPIPE`. `errno` is behind it what `body` has left.
func withoutBrokenPipeSignal<Result, Failure: Error>(
  _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  var (pipe, before) = (sigset_t(), sigset_t())
  sigemptyset(&pipe)
  sigaddset(&pipe, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &pipe, &before)
  defer {
    // Which says that no such signal has come.
    let reason = errno
    defer { errno = reason }
    if sigismember(&before, SIGPIPE) == 0 {
      // One that is the thread's own, and has come meanwhile.
      var now = timespec()
      sigtimedwait(&pipe, nil, &now)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }
  return try body()
}
