internal import FTPClient
internal import Glibc

/// The thread of one connection: what an actor with this executor does may block it, and blocks nobody else.
///
/// Swift's own threads are as many as there are processors; a few calls that wait for servers would stop everything that is `async`. The thread ends with the
/// last reference to the executor.
final class ConnectionThread: SerialExecutor {
  private let jobs = JobQueue()

  /// Starts the thread. Throws `.system` when the system has no more.
  init() throws(FTPError) {
    let jobs = jobs
    pthread_detach(try Thread.start { jobs.run() })
  }

  deinit { jobs.close() }

  func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job), self) }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// What a thread still has to do.
private final class JobQueue: @unchecked Sendable {
  /// A job, and the executor that must live while it runs.
  private typealias Entry = (job: UnownedJob, executor: ConnectionThread)

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var entries: [Entry] = []
  private var isClosed = false

  init() {
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func append(_ job: UnownedJob, _ executor: ConnectionThread) {
    locked { entries.append((job, executor)) }
  }

  func close() { locked { isClosed = true } }

  /// Runs jobs until the queue is closed.
  func run() {
    while let entries = next() {
      for entry in entries { entry.job.runSynchronously(on: entry.executor.asUnownedSerialExecutor()) }
    }
  }

  /// Waits for jobs; nil when no more will come.
  private func next() -> [Entry]? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while entries.isEmpty, !isClosed { pthread_cond_wait(condition, mutex) }
    defer { entries = [] }
    return entries.isEmpty ? nil : entries
  }

  private func locked(_ body: () -> Void) {
    pthread_mutex_lock(mutex)
    body()
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }
}
