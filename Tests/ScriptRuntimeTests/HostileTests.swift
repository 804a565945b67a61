import ScriptRuntime
import Testing

/// What a script does to the interpreter that it runs in, and what a program may hand over by mistake: neither ends the process.
@Suite struct HostileTests {
  struct Script: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let source: String
    /// How the run ends, what `1 + 1` is then, and how the interpreter closes.
    let outcome: String

    init(_ name: String, _ source: String, _ outcome: String = "ran, 2, closed") {
      testDescription = name
      self.source = source
      self.outcome = outcome
    }
  }

  static let scripts: [Script] = [
    Script("closes stdout", "import sys\nsys.stdout.close()"),
    Script("closes its descriptor", "import os\nos.close(1)\nprint('x' * 100000)", "exception OSError, 2, closed"),
    Script("has no stdout", "import sys\nsys.stdout = None\ndel sys.stderr\nprint(1)"),
    Script(
      "has a stdout that raises",
      "import sys\nclass W:\n    def write(self, s): raise KeyError(s)\n    def flush(self): raise SystemExit(9)\nsys.stdout = W()",
      "exit SystemExit, exit SystemExit, close: exit SystemExit"),
    Script(
      "has a stdout that never returns",
      "import sys, time\nclass W:\n    def write(self, s): pass\n    def flush(self): time.sleep(60)\nsys.stdout = W()",
      "deadlinePassed _ftpy.Stopped, deadlinePassed _ftpy.Stopped, close: deadlinePassed _ftpy.Stopped"),
    Script("replaces builtins", "import builtins\nbuiltins.compile = builtins.__import__ = builtins.Exception = None"),
    Script("empties builtins", "import builtins\nbuiltins.__dict__.clear()"),
    Script("empties sys.modules", "import sys\nsys.modules.clear()"),
    Script("fills sys.modules", "import sys\nfor m in list(sys.modules): sys.modules[m] = 5"),
    Script("empties its own variables", "import sys\nsys.modules['__main__'].__dict__.clear()"),
    Script(
      "breaks imports", "import sys\nsys.meta_path.clear()\nsys.path.clear()\nimport json",
      "exception ModuleNotFoundError, 2, closed"),
    Script(
      "breaks tracebacks", "import linecache, traceback\nlinecache.cache = traceback.TracebackException = None\n1 / 0",
      "exception ZeroDivisionError, 2, closed"),
    Script(
      "traces with errors", "import sys\nsys.settrace(lambda *a: 1 / 0)\nx = 1",
      "ran, exception ZeroDivisionError, closed"),
    Script(
      "takes the tracing back whenever it is stopped",
      "import sys\nwhile True:\n    try:\n        while True: pass\n    except BaseException: sys.settrace(None)",
      "deadlinePassed _ftpy.Stopped, 2, closed"),
    Script(
      "profiles with an exit", "import sys\nsys.setprofile(lambda *a: sys.exit(4))\nlen('')",
      "exit SystemExit, 2, closed"),
    Script(
      "handles every signal",
      "import signal\nfor s in signal.valid_signals():\n    try: signal.signal(s, lambda *a: 1 / 0)\n    except (OSError, ValueError): pass\nsignal.raise_signal(signal.SIGUSR1)",
      "exception ZeroDivisionError, 2, closed"),
    Script(
      "calls for an interruption", "import _thread\n_thread.interrupt_main()", "exception KeyboardInterrupt, 2, closed"),
    Script("ends its thread", "import _thread\n_thread.exit()", "exit SystemExit, 2, closed"),
    Script(
      "leaves threads",
      "import _thread, threading, time\nthreading.Thread(target=lambda: time.sleep(60), daemon=True).start()\n_thread.start_new_thread(time.sleep, (60,))\nthreading.Thread(target=lambda: 1 / 0).start()"
    ),
    Script(
      "leaves a thread that does not end",
      "import threading, time\nthreading.Thread(target=lambda: time.sleep(60)).start()",
      "ran, 2, close: deadlinePassed _ftpy.Stopped"),
    Script(
      "waits for threads itself, for ever", "import threading, time\nthreading._shutdown = lambda: time.sleep(60)",
      "ran, 2, close: deadlinePassed _ftpy.Stopped"),
    Script(
      "has atexit raise", "import atexit\natexit.register(lambda: 1 / 0)\natexit.register(exec, 'raise SystemExit(5)')"),
    Script(
      "has atexit last", "import atexit, time\natexit.register(time.sleep, 60)",
      "ran, 2, close: deadlinePassed _ftpy.Stopped"),
    Script(
      "raises when it is forgotten",
      "class D:\n    def __del__(self): raise SystemExit(3)\nkeep = D()\ndel keep\nkeep = D()"),
    Script("collects garbage with errors", "import gc\ngc.callbacks.append(lambda *a: 1 / 0)\ngc.collect()"),
    Script(
      "recurses deeply", "def f(n): return f(n - 1) if n else 0\nf(10 ** 6)", "exception RecursionError, 2, closed"),
    Script("wants all memory", "x = b'x' * (1 << 60)", "exception MemoryError, 2, closed"),
    Script(
      "raises what cannot be described",
      "class B(BaseException):\n    def __str__(self): raise self\nraise B",
      "exception B, 2, closed"),
    Script(
      "raises what is not text", "class E(Exception): pass\nE.__name__ = E.__qualname__ = 'x'\nraise E('\\ud800')",
      "exception x, 2, closed"),
    Script(
      "raises into itself", "import sys\ntry: sys.exit(3)\nfinally: raise KeyError(sys.exc_info()[1])",
      "exception KeyError, 2, closed"),
    Script("exits with anything", "import sys\nsys.exit(2 ** 100)", "exit SystemExit, 2, closed"),
    Script(
      "audits with errors", "import sys\nsys.addaudithook(lambda e, a: 1 / 0 if e == 'import' else None)\nimport wave",
      "exception ZeroDivisionError, 2, closed"),
    Script("closes descriptors", "import os\nos.closerange(3, 50)"),
    Script("reads what is not there", "input()", "exception EOFError, 2, closed"),
    Script("forks", "import os\npid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)"),
    Script(
      "empties the runtime's own module", "import _ftpy.embedding as e\ne.__dict__.clear()",
      "ran, 2, close: exception AttributeError"),
  ].filter { !Probe.hasThreadSanitizer || !$0.source.contains("while True: pass") }

  @Test(arguments: scripts)
  func `a hostile script does not end the program`(script: Script) throws {
    let probe = try Probe.run("scripts", script.source)
    #expect(probe.status == 0, "\(probe.errors)")
    let said = probe.errors.split(separator: "\n").filter { $0.hasPrefix("> ") }.map { $0.dropFirst(2) }
    #expect(said.joined(separator: ", ") == script.outcome + ", 4", "\(probe.errors)")
  }

  @Test(
    .disabled(if: Probe.hasThreadSanitizer, "a busy loop"),
    arguments: ["signal.signal(signal.SIGRTMAX, signal.SIG_IGN)", "signal.pthread_sigmask(0, signal.valid_signals())"])
  func `a run that takes the signal for itself has it for that run alone`(act: String) throws {
    let probe = try Probe.run("scripts", "import signal\n\(act)", "while True: pass")
    #expect(probe.errors.hasPrefix("> ran\n> deadlinePassed _ftpy.Stopped\n> 2\n"), "\(probe.errors)")
  }

  // MARK: Trap 12: what a program hands over is refused, or done; a trap of Swift's would end the process.

  struct Use: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let use: @Sendable (Interpreter) throws -> Void
    /// The error's class; nil where it is done.
    let error: String?

    init(_ name: String, _ error: String? = nil, _ use: @escaping @Sendable (Interpreter) throws -> Void) {
      testDescription = name
      self.use = use
      self.error = error
    }
  }

  static let uses: [Use] = [
    Use("a deadline in the past", "_ftpy.Stopped") { (python) throws in
      try python.run("while True: pass", deadline: .seconds(-5))
    },
    Use("a deadline of no time", "_ftpy.Stopped") { (python) throws in
      try python.run("while True: pass", deadline: .zero)
    },
    Use("the longest deadline") { (python) throws in
      try python.run("1", deadline: .seconds(Int64.max))
    },
    Use("an empty script") { (python) throws in try python.run("") },
    Use("a script with a NUL", "SyntaxError") { (python) throws in try python.run("1\0") },
    Use("a name with a NUL", "ValueError") { (python) throws in try python.run("1", name: "a\0b") },
    Use("a file with a NUL", "ValueError") { (python) throws in try python.run(contentsOf: "/a\0b") },
    Use("a folder", "IsADirectoryError") { (python) throws in try python.run(contentsOf: "/") },
    Use("no expression", "SyntaxError") { (python) throws in _ = try python.eval("", as: Int.self) },
    Use("blanks", "SyntaxError") { (python) throws in _ = try python.eval(" \t ", as: Int.self) },
    Use("no function", "NameError") { (python) throws in try python.call("") },
    Use("dots", "NameError") { (python) throws in try python.call("...") },
    Use("a function with a NUL", "NameError") { (python) throws in try python.call("a\0b", 1) },
    Use("a call of what is no function", "TypeError") { (python) throws in
      try python.set("five", to: 5)
      try python.call("five")
    },
    Use("a variable with a NUL") { (python) throws in
      try python.set("a\0b", to: 1)
      guard try python["a\0b"] as Int == 1 else { throw ProbeError(description: "not what it should be") }
    },
    Use("an attribute with a NUL", "AttributeError") { (python) throws in
      let object: ScriptObject = try python.eval("object()")
      try object.setAttribute("a\0b", to: 1)
    },
    Use("a registered function without a name") { (python) throws in try python.register("") { () in } },
    Use("one with a NUL in its name", "ValueError") { (python) throws in
      try python.register("a\0b") { (x: Int) in x }
    },
    Use("one with a NUL in a parameter's name", "ValueError") { (python) throws in
      try python.register("f", ["x\0y"]) { (x: Int) in x }
    },
    Use("one with a NUL in its documentation", "ValueError") { (python) throws in
      _ = try python.function("f", ["x"], "d\0e") { (x: Int) in x }
    },
    Use("one whose parameters are no names", "ValueError") { (python) throws in
      try python.register("f", ["a b", "--\n\n"]) { (x: Int, y: Int) in x + y }
    },
    Use("one with two parameters of one name", "ValueError") { (python) throws in
      try python.register("f", ["a", "a"]) { (x: Int, y: Int) in x + y }
    },
    Use("a module with a NUL", "ValueError") { (python) throws in
      try python.registerModule("bo\0ard") { _ in }
    },
    Use("more names than parameters", "ValueError") { (python) throws in
      try python.register("f", ["a", "b", "c"]) { () in }
    },
    Use("a module without a name", "ValueError") { (python) throws in
      try python.registerModule("") { _ in }
      try python.run("__import__('')")
    },
    Use("a module of a package that is not there", "ModuleNotFoundError") { (python) throws in
      try python.registerModule("nowhere.board") { _ in }
    },
    Use("the widest numbers") { (python) throws in
      try python.set("n", to: [UInt64.max, 0])
      guard try python.eval("n[0]", as: UInt64.self) == .max else {
        throw ProbeError(description: "not what it should be")
      }
    },
    Use("an exception of no class", "RuntimeError") { (python) throws in
      try python.register("f") { () throws in throw ScriptException("", "") }
      try python.run("f()")
    },
    Use("an exception of half a class", "RuntimeError") { (python) throws in
      try python.register("f") { () throws in throw ScriptException("sys.", "x\0y") }
      try python.run("f()")
    },
    Use("an exception of a class with a NUL", "RuntimeError") { (python) throws in
      try python.register("f") { () throws in throw ScriptException("ValueError\0x", "") }
      try python.run("f()")
    },
    Use("an exception of a module with a NUL", "RuntimeError") { (python) throws in
      try python.register("f") { () throws in throw ScriptException("ftplib\0x.error_perm", "") }
      try python.run("f()")
    },
    Use("an attribute to read with a NUL", "AttributeError") { (python) throws in
      let object: ScriptObject = try python.eval("object()")
      _ = try object.attribute("__class__\0x", as: ScriptObject.self)
    },
    Use("an exception of what is no class", "RuntimeError") { (python) throws in
      try python.register("f") { () throws in throw ScriptException("sys.path", "") }
      try python.run("f()")
    },
    Use("bytes of an object that has none", "TypeError") { (python) throws in
      let object: ScriptObject = try python.eval("5")
      _ = try object.withBytes { $0.count }
    },
    Use("a run in a run", "ZeroDivisionError") { (python) throws in
      nonisolated(unsafe) let inner = python
      try python.register("f") { () throws in try inner.run("1 / 0", deadline: .seconds(1)) }
      try python.run("f()", deadline: .seconds(5))
    },
    Use("a close in a run", "RuntimeError") { (python) throws in
      nonisolated(unsafe) let inner = python
      try python.register("f") { () throws in try inner.close() }
      try python.run("f()")
    },
  ]

  @Test(arguments: uses)
  func `a mistake of the program's is an error`(use: Use) throws {
    let error = try withInterpreter { (python) throws -> ScriptError? in
      do { try use.use(python) } catch let error as ScriptError { return error }
      return nil
    }
    #expect(error?.type == use.error, "\(error?.description ?? "")")
    #expect(try withInterpreter { try $0.eval("1 + 1", as: Int.self) } == 2)
  }
}
