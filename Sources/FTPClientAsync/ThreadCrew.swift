internal import FTPClient
internal import Glibc

/// Threads for the further connections of a call: they begin and end within it.
enum ThreadCrew {
  /// See `FTPTransfer.Crew`. What no thread is left for is done on this one.
  static func run(
    _ count: Int, _ isStopped: @escaping @Sendable () -> Bool, _ work: @escaping @Sendable (_ number: Int) -> Void
  ) {
    // A tree's worker may need a crew for the segments of a file: the tree's end is theirs as well.
    let question = Question(isStopped, within: Question.current)
    var threads: [pthread_t] = []
    for number in 1..<max(1, count) {
      guard let thread = try? Thread.start({ question.whileAsked { work(number) } }) else { break }
      threads.append(thread)
    }
    work(0)
    for number in (threads.count + 1)..<max(threads.count + 1, count) where !isStopped() { work(number) }
    for thread in threads { pthread_join(thread, nil) }
  }

  /// What a thread of a crew asks while it waits: throws when its work is to end.
  static func check() throws {
    if Question.current?.isStopped ?? false { throw CancellationError() }
  }

  /// Whether the work of a crew is to end: each of its threads has it.
  private final class Question: Sendable {
    private let ask: @Sendable () -> Bool
    private let outer: Question?

    init(_ ask: @escaping @Sendable () -> Bool, within outer: Question?) { (self.ask, self.outer) = (ask, outer) }

    var isStopped: Bool { ask() || outer?.isStopped ?? false }

    private static let key: pthread_key_t = {
      var key = pthread_key_t()
      pthread_key_create(&key, nil)
      return key
    }()

    /// That of the calling thread; nil outside of a crew.
    static var current: Question? {
      pthread_getspecific(key).map { Unmanaged<Question>.fromOpaque($0).takeUnretainedValue() }
    }

    func whileAsked(_ body: () -> Void) {
      pthread_setspecific(Self.key, UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque()))
      withExtendedLifetime(self) { body() }
      pthread_setspecific(Self.key, nil)
    }
  }
}
