internal import FTPClient
internal import Glibc
import Synchronization

/// Threads for the further connections of a call: they begin and end within it.
final class ThreadCrew: Sendable {
  /// Whether the call that runs is to end; nil when there is none.
  private let isStopped = Mutex<(@Sendable () -> Bool)?>(nil)

  /// See `FTPTransfer.Crew`. What no thread is left for is done on this one.
  func run(
    _ count: Int, _ isStopped: @escaping @Sendable () -> Bool, _ work: @escaping @Sendable (_ number: Int) -> Void
  ) {
    // A tree's worker may need a crew for the segments of a file: the tree's end is theirs as well.
    let isOutermost = self.isStopped.withLock { question in
      if question != nil { return false }
      question = isStopped
      return true
    }
    defer { if isOutermost { self.isStopped.withLock { $0 = nil } } }
    var threads: [pthread_t] = []
    for number in 1..<max(1, count) {
      guard let thread = try? Thread.start({ work(number) }) else { break }
      threads.append(thread)
    }
    work(0)
    for number in (threads.count + 1)..<max(threads.count + 1, count) where !isStopped() { work(number) }
    for thread in threads { pthread_join(thread, nil) }
  }

  /// What a thread of the crew asks while it waits: throws when the call is to end.
  func check() throws {
    // Not while the lock is held: the answer may take another one.
    let question = isStopped.withLock { $0 }
    if question?() ?? false { throw CancellationError() }
  }
}
