import ScriptRuntime

// The README's example for a Swift host, to the letter: a Python test compares the two.
func report(in folder: String, script: String) throws -> Bool {
  var configuration = Interpreter.Configuration(.device(root: folder))
  configuration.memoryLimit = 16 << 20
  return try Interpreter.with(configuration) { interpreter in
    try interpreter.register("say", ["text", "times"]) { (text: String, times: Int?) in
      for _ in 0..<(times ?? 1) { print(text) }
    }
    return try interpreter.run(contentsOf: script, deadline: .seconds(30))
  }
}
