import Glibc
import ScriptRuntime

// A program that runs a script of the device's inside itself, with limits, and prints what it returns:
//
//     swift run SwiftHost sample.py DEVICE-FOLDER HOST PORT USER PASSWORD

let words = CommandLine.arguments
guard words.count == 7, let port = Int(words[4]) else {
  print("usage: SwiftHost SCRIPT DEVICE-FOLDER HOST PORT USER PASSWORD")
  exit(2)
}

/// Runs the script; the exit status.
func run() throws(ScriptError) -> CInt {
  var configuration = Interpreter.Configuration(.device(root: words[2]))
  configuration.memoryLimit = 16 << 20
  configuration.output = { stream, text in print(text, terminator: "") }
  let script = realpath(words[1], nil).map { String(cString: $0) } ?? words[1]

  let interpreter = try Interpreter(configuration)
  try interpreter.set("host", to: words[3])
  try interpreter.set("port", to: port)
  try interpreter.set("user", to: words[5])
  try interpreter.set("password", to: words[6])
  try interpreter.register("report", ["text"], "Tell the program.") { (text: String) in print("script: \(text)") }

  var status: CInt = 0
  do {
    let isDone: Bool = try interpreter.run(contentsOf: script, deadline: .seconds(20))
    print("result: \(isDone)")
  } catch {
    switch error.kind {
    case .deadlinePassed: print("it took too long")
    case .exit: print("it left with \(error.exitCode ?? 1)")
    default: print(error.traceback, terminator: "")
    }
    status = 1
  }
  try interpreter.close()
  return status
}

do { exit(try run()) } catch {
  print("\(error)")
  exit(2)
}
