import ScriptRuntime
import Testing

@Suite struct ErrorTests {
  private func error(_ source: String) throws -> ScriptError {
    try #require(
      try withInterpreter { (interpreter) throws in
        refusal { () throws(ScriptError) in try interpreter.run(source, name: "job.py") }
      })
  }

  @Test func `an exception has its traceback with the chunk's lines, and its cause`() throws {
    let error = try error(
      """
      def read(key):
          try:
              return {}[key]
          except KeyError as missing:
              raise ValueError('no speed') from missing
      read('speed')
      """)
    #expect(error.kind == .exception)
    #expect(error.type == "ValueError")
    #expect(error.message == "no speed")
    #expect(error.cause?.type == "KeyError")
    #expect(error.cause?.cause == nil)
    #expect(
      error.traceback.contains("  File \"job.py\", line 5, in read\n    raise ValueError('no speed') from missing\n"))
    #expect(error.traceback.hasSuffix("ValueError: no speed\n"))
    #expect(try withInterpreter { _ in try error.exception?.attribute("args") as [String]? } == ["no speed"])
  }

  @Test func `a class of the script, a module's class`() throws {
    #expect(try error("class Stuck(Exception): pass\nraise Stuck('x')").type == "Stuck")
    #expect(try error("import ftplib\nraise ftplib.error_perm('550 no')").type == "ftplib.error_perm")
  }

  struct Exit: Sendable {
    let source: String
    let code: Int32
    let message: String
  }

  @Test(arguments: [
    Exit(source: "import sys; sys.exit()", code: 0, message: ""),
    Exit(source: "raise SystemExit(7)", code: 7, message: "7"),
    Exit(source: "exit_with = SystemExit('bye'); raise exit_with", code: 1, message: "bye"),
    Exit(source: "raise SystemExit(-1)", code: -1, message: "-1"),
  ])
  func `SystemExit ends the run, not the host`(exit: Exit) throws {
    let error = try error(exit.source)
    #expect(error.kind == .exit)
    #expect(error.exitCode == exit.code)
    #expect(error.message == exit.message)
  }

  @Test(arguments: [
    ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ("def f(): f()\nf()", "RecursionError"),
    ("class R:\n    def __repr__(self): return repr(self)\nrepr(R())", "RecursionError"),
    ("x = []\nfor _ in range(100000): x = [x]\nimport json\njson.dumps(x)", "RecursionError"),
    ("raise MemoryError", "MemoryError"),
    ("raise GeneratorExit", "GeneratorExit"),
    ("raise BaseExceptionGroup('g', [KeyboardInterrupt()])", "BaseExceptionGroup"),
    ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "E"),
    ("import asyncio\nraise asyncio.CancelledError", "asyncio.exceptions.CancelledError"),
  ])
  func `nothing ends the host`(source: String, type: String) throws {
    #expect(try error(source).type == type)
    #expect(try withInterpreter { try $0.eval("1", as: Int.self) } == 1)
  }

  @Test(arguments: [
    ("if x:", true), ("def f():\n    'text", false), ("x = (1,", true), ("x = '''abc", true),
    ("for x in y:\n  pass\nif x", false),
    ("x = 1 +", false), ("x = )", false), ("return (", true),
  ])
  func `a prompt can tell what is incomplete`(source: String, isIncomplete: Bool) throws {
    let error = try error(source)
    #expect(error.kind == .syntax)
    #expect(error.isIncomplete == isIncomplete)
    #expect(error.traceback.hasPrefix("  File \"job.py\", line "))
  }

  @Test func `memory that runs out while a chunk is made ready is no mistake in its syntax`() throws {
    let before = "import _ftpy.chunk\nparts = _ftpy.chunk.parts\ndef no_memory(*a): raise MemoryError"
    let memory = try withInterpreter { (interpreter) throws in
      try interpreter.run(before)
      try interpreter.run("_ftpy.chunk.parts = no_memory")
      defer { try? interpreter.run("_ftpy.chunk.parts = parts") }
      return refusal { () throws(ScriptError) in try interpreter.run("return 5") }
    }
    #expect(memory?.kind == .exception)
    #expect(memory?.type == "MemoryError")
  }

  @Test func `an expression's syntax too`() throws {
    try withInterpreter { (interpreter) throws in
      let error = refusal { () throws(ScriptError) in _ = try interpreter.eval("1 +", as: Int.self) }
      #expect(error?.kind == .syntax)
      let nul = refusal { () throws(ScriptError) in _ = try interpreter.eval("1\0", as: Int.self) }
      #expect(nul?.kind == .syntax)
    }
  }

  @Test func `a circle of causes has an end`() throws {
    var error: ScriptError? = try error(
      "a, b = ValueError('a'), ValueError('b')\na.__cause__ = b\nb.__cause__ = a\nraise a")
    var length = 0
    while let next = error?.cause {
      error = next
      length += 1
    }
    #expect(length == 16)
  }
}
