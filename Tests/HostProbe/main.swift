import Glibc
import ScriptRuntime

// One case for each process: `HostProbe CASE [ARGUMENT...]`. ScriptRuntimeTests says what each must print.
let words = Array(CommandLine.arguments.dropFirst())
let rest = Array(words.dropFirst())

// Here and in no function: a closure written in main.swift belongs to the main actor unless it says otherwise.
func callFromThreadOfPython() throws {
  try Interpreter.with { interpreter in
    try interpreter.register("double", ["n"]) { (n: Int) in n * 2 }
    try interpreter.run(
      """
      import threading
      seen = []
      thread = threading.Thread(target=lambda: seen.append(double(21)))
      thread.start()
      thread.join()
      print(seen)
      """)
  }
}

// The threads of a test runner block signals, and the processes that they start inherit that.
var every = sigset_t()
sigfillset(&every)
pthread_sigmask(SIG_UNBLOCK, &every, nil)

do {
  switch words.first {
  case "thread-of-python": try callFromThreadOfPython()
  case let name?:
    guard let body = cases[name] ?? sharingCases[name] else { fatalError("no case '\(name)'") }
    try body(rest)
  case nil: fatalError("which case?")
  }
} catch { print("threw \(error)") }
