import Glibc
import ScriptRuntime
import Synchronization

/// The one interpreter of the test process, on a thread of its own: the tests' threads come and go, and have small stacks.
final class InterpreterThread: Sendable {
  /// What the interpreter has printed, since the last look at it.
  static let printed = Mutex("")
  /// What it reads.
  static let lines = Mutex<[String]>([])

  static let shared = InterpreterThread()

  private typealias Job = @Sendable (Interpreter?, (any Error)?) -> Void

  private let jobs = Mutex<[Job]>([])
  private nonisolated(unsafe) let arrival: UnsafeMutablePointer<sem_t>

  private init() {
    arrival = .allocate(capacity: 1)
    sem_init(arrival, 0, 0)
    // Not `pthread_attr_t()`: whose initializer that is depends on what Python's headers include.
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    defer { attributes.deallocate() }
    pthread_attr_init(attributes)
    pthread_attr_setstacksize(attributes, 16 << 20)
    var thread = pthread_t()
    pthread_create(
      &thread, attributes,
      { own in
        if let own { Unmanaged<InterpreterThread>.fromOpaque(own).takeUnretainedValue().work() }
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func work() {
    var configuration = Interpreter.Configuration()
    configuration.modules = [
      "settings": "speed = 9600\n", "kit.motor": "def start():\n    raise OSError(5, 'stuck')\n",
    ]
    configuration.output = { stream, text in
      Self.printed.withLock { $0 += stream == .standardError ? "[\(text)]" : text }
    }
    configuration.input = { Self.lines.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    var interpreter: Interpreter?
    var failure: (any Error)?
    do { interpreter = try Interpreter(configuration) } catch { failure = error }
    while true {
      while sem_wait(arrival) != 0 {}
      let job = jobs.withLock { $0.removeFirst() }
      job(interpreter, failure)
    }
  }

  /// Runs `body` with the interpreter, on its thread, and waits.
  func run<Result: Sendable>(_ body: @escaping @Sendable (Interpreter) throws -> Result) throws -> Result {
    let result = Mutex<Swift.Result<Result, any Error>?>(nil)
    let done = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    nonisolated(unsafe) let signal = done
    sem_init(done, 0, 0)
    defer {
      sem_destroy(done)
      done.deallocate()
    }
    jobs.withLock { jobs in
      jobs.append { interpreter, failure in
        let outcome = Swift.Result {
          guard let interpreter else { throw failure ?? ProbeError(description: "no interpreter") }
          return try body(interpreter)
        }
        result.withLock { $0 = outcome }
        sem_post(signal)
      }
    }
    sem_post(arrival)
    while sem_wait(done) != 0 {}
    guard let result = result.withLock({ $0 }) else { throw ProbeError(description: "no result") }
    return try result.get()
  }
}

/// Runs `body` with the test process's interpreter.
func withInterpreter<Result: Sendable>(_ body: @escaping @Sendable (Interpreter) throws -> Result) throws -> Result {
  try InterpreterThread.shared.run(body)
}

/// What `body` throws.
func refusal(_ body: () throws(ScriptError) -> Void) -> ScriptError? {
  do { try body() } catch { return error }
  return nil
}

struct ProbeError: Error {
  let description: String
}
