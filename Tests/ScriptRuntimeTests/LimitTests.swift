import Foundation
import ScriptRuntime
import Synchronization
import Testing

@Suite struct LimitTests {
  struct Row: Sendable {
    let source: String
    var limit = Duration.seconds(1)
    /// Whether it never calls the system: the thread sanitizer delivers a signal only in such a call.
    var isBusy = false
  }

  // Traps 8 and 9.
  static let endless: [Row] = [
    Row(source: "while True: pass", isBusy: true),
    Row(source: "import time\ntime.sleep(60)"),
    Row(source: "import threading\nthreading.Event().wait(60)"),
    Row(source: "import socket\na, b = socket.socketpair()\na.recv(1)"),
    Row(source: "import subprocess\nsubprocess.run(['sleep', '60'])"),
    Row(
      source:
        "import socket, ftplib\ns = socket.create_server(('127.0.0.1', 0))\nftplib.FTP(host='127.0.0.1', port=s.getsockname()[1])"
    ),
    Row(
      source: "def f():\n    try:\n        while True: pass\n    finally:\n        print('cleaned up')\nf()",
      isBusy: true),
    Row(source: "while True:\n    try:\n        while True: pass\n    except Exception:\n        pass", isBusy: true),
    Row(
      source:
        "import time\nwhile True:\n    try:\n        while True: time.sleep(1)\n    except BaseException:\n        pass",
      limit: .seconds(4)),
    Row(
      source: "def f():\n    try:\n        while True: pass\n    except BaseException:\n        f()\nf()",
      limit: .seconds(4), isBusy: true),
    Row(source: "import re\nre.match('(a+)+b', 'a' * 40)", isBusy: true),
  ].filter { !$0.isBusy || !Probe.hasThreadSanitizer }

  @Test(arguments: endless)
  func `a deadline ends it`(row: Row) throws {
    let (error, time) = try withInterpreter { (interpreter) throws in
      let start = ContinuousClock.now
      let error = refusal { () throws(ScriptError) in try interpreter.run(row.source, deadline: .milliseconds(100)) }
      return (error, ContinuousClock.now - start)
    }
    #expect(error?.kind == .deadlinePassed, "\(error?.traceback ?? "")")
    #expect(error?.message == "the run took longer than its deadline allows")
    #expect(time >= .milliseconds(100))
    #expect(time < row.limit)
    #expect(try withInterpreter { try $0.eval("1 + 1", as: Int.self) } == 2)
  }

  @Test(arguments: endless)
  func `cancelling ends it`(row: Row) throws {
    let canceller = try withInterpreter { $0.canceller }
    let error = try withInterpreter { (interpreter) throws in
      try interpreter.register("begun") { () in
        Thread.detachNewThread {
          Thread.sleep(forTimeInterval: 0.05)
          canceller.cancel()
        }
      }
      return refusal { () throws(ScriptError) in try interpreter.run("begun()\n" + row.source) }
    }
    #expect(error?.kind == .cancelled, "\(error?.traceback ?? "")")
    #expect(try withInterpreter { try $0.eval("1 + 1", as: Int.self) } == 2)
  }

  struct Reading: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let read: @Sendable (Interpreter, Duration?) throws -> Void

    init<Value: FromScript>(_ expression: String, _ type: Value.Type) {
      testDescription = "\(type)"
      read = { (python, deadline) throws in
        _ = try python.run("import itertools\nbegun()\nreturn \(expression)", deadline: deadline, as: type)
      }
    }
  }

  private func thrown(_ body: () throws -> Void) -> ScriptError? {
    do { try body() } catch { return error as? ScriptError }
    return nil
  }

  static let readings = [
    Reading("itertools.repeat(1)", [Int].self), Reading("[[], itertools.repeat(1)]", [Set<Int>].self),
    Reading("itertools.repeat(1)", Numbers.self),
  ]

  struct Numbers: ScriptCodable {
    init(from decoder: any Decoder) throws { _ = try decoder.unkeyedContainer() }
    func encode(to encoder: any Encoder) throws {}
  }

  @Test(.disabled(if: Probe.hasThreadSanitizer, "a busy loop"), arguments: readings)
  func `a deadline and cancelling end the reading of what does not end`(reading: Reading) throws {
    let canceller = try withInterpreter { $0.canceller }
    try withInterpreter { (interpreter) throws in
      try interpreter.register("begun") { () in }
      let late = thrown { try reading.read(interpreter, .milliseconds(100)) }
      #expect(late?.kind == .deadlinePassed)
      try interpreter.register("begun") { () in
        Thread.detachNewThread {
          Thread.sleep(forTimeInterval: 0.05)
          canceller.cancel()
        }
      }
      let cancelled = thrown { try reading.read(interpreter, nil) }
      #expect(cancelled?.kind == .cancelled)
      #expect(try interpreter.eval("1 + 1", as: Int.self) == 2)
    }
  }

  /// What a script's own code does while a value is read.
  private static let slow = """
    import itertools, sys, time
    class F:
        def __init__(self, act): self.act = act
        def __float__(self): self.act(); return 1.0
        def __index__(self): self.act(); return 1
        def __iter__(self): self.act(); return iter([])
    class Key(str):
        def __hash__(self): return hash('values')
        def __eq__(self, other): time.sleep(60)
    def wait(): time.sleep(60)
    def interrupt(): raise KeyboardInterrupt
    def exhaust(): raise MemoryError

    """

  struct Named: ScriptCodable { var values: [Int]? }

  static let stoppedReadings: [(source: String, Reading)] = [
    ("F(wait)", Reading("F(wait)", Double.self)), ("F(wait)", Reading("F(wait)", Int.self)),
    ("F(wait)", Reading("F(wait)", [Int].self)), ("F(wait)", Reading("[F(wait)]", [Float].self)),
    ("F(wait)", Reading("F(wait)", Numbers.self)), ("F(wait)", Reading("{'values': F(wait)}", Named.self)),
    ("Key", Reading("{Key('a'): 1}", Named.self)),
  ]

  @Test(arguments: stoppedReadings.indices)
  func `a stop while a value is read is a stop`(index: Int) throws {
    let reading = Self.stoppedReadings[index].1
    try withInterpreter { (interpreter) throws in
      try interpreter.run(Self.slow)
      try interpreter.register("begun") { () in }
      let late = thrown { try reading.read(interpreter, .milliseconds(100)) }
      #expect(late?.kind == .deadlinePassed, "\(late?.description ?? "read")")
    }
  }

  @Test func `what says nothing of a value comes out of its reading as it is`() throws {
    try withInterpreter { (interpreter) throws in
      try interpreter.run(Self.slow)
      try interpreter.register("number") { (d: Double) in d }
      for type in ["exit", "interrupt", "exhaust"] {
        let act = type == "exit" ? "sys.exit" : type
        let expected = ["exit": "SystemExit", "interrupt": "KeyboardInterrupt", "exhaust": "MemoryError"][type]
        let error = refusal { () throws(ScriptError) in _ = try interpreter.eval("F(\(act))", as: Double.self) }
        #expect(error?.kind == (type == "exit" ? .exit : .exception))
        #expect(error?.type == expected)
        let items = refusal { () throws(ScriptError) in _ = try interpreter.eval("F(\(act))", as: [Int].self) }
        #expect(items?.type == expected)
        let argument = refusal { () throws(ScriptError) in try interpreter.run("number(F(\(act)))") }
        #expect(argument?.type == expected)
      }
      let caught = refusal { () throws(ScriptError) in
        try interpreter.run("try: number(F(wait))\nexcept Exception: pass", deadline: .milliseconds(100))
      }
      #expect(caught?.kind == .deadlinePassed)
    }
  }

  @Test(arguments: ["wait()", "wait_detached()", "t = threading.Thread(target=wait)\nt.start()\nt.join()"])
  func `a Swift function hears of the deadline`(source: String) throws {
    let canceller = try withInterpreter { $0.canceller }
    let seen = Mutex<[Bool]>([])
    let error = try withInterpreter { (interpreter) throws in
      @Sendable func wait() {
        let end = ContinuousClock.now + .seconds(5)
        while !canceller.isStopping, ContinuousClock.now < end { usleep(1000) }
        let isStopping = canceller.isStopping
        // The signal comes a moment behind the deadline: a run that has ended by then was in time.
        usleep(50_000)
        seen.withLock { $0.append(isStopping) }
      }
      try interpreter.register("wait") { () in wait() }
      try interpreter.register("wait_detached", detached: true) { () in wait() }
      return refusal { () throws(ScriptError) in
        try interpreter.run("import threading\n" + source, deadline: .milliseconds(100))
      }
    }
    #expect(error?.kind == .deadlinePassed)
    #expect(seen.withLock { $0 } == [true])
  }

  @Test func `a call in a run has a deadline of its own`() throws {
    try withInterpreter { (interpreter) throws in
      nonisolated(unsafe) let inner = interpreter
      try interpreter.register("wait") { (seconds: Double) throws in
        try inner.call("time.sleep", seconds, deadline: .milliseconds(100))
      }
      try interpreter.run("import time")
      let late = refusal { () throws(ScriptError) in try interpreter.run("wait(60)") }
      #expect(late?.kind == .deadlinePassed)
      // The run around it goes on, without a deadline or with its own.
      let script = """
        try: wait(60)
        except BaseException as e: seen = type(e).__name__
        time.sleep(0.3)
        wait(0)
        return seen
        """
      #expect(try interpreter.run(script, as: String.self) == "Stopped")
      #expect(try interpreter.run(script, deadline: .seconds(60), as: String.self) == "Stopped")
      let outer = refusal { () throws(ScriptError) in
        try interpreter.run("wait(0)\ntime.sleep(60)", deadline: .milliseconds(300))
      }
      #expect(outer?.kind == .deadlinePassed)
      let sooner = refusal { () throws(ScriptError) in try interpreter.run("wait(60)", deadline: .milliseconds(50)) }
      #expect(sooner?.kind == .deadlinePassed)
      #expect(try interpreter.eval("1 + 1", as: Int.self) == 2)
    }
  }

  @Test(arguments: ["", "\nraise ValueError", "\nraise SystemExit(3)"])
  func `a run that was stopped throws, whatever its script makes of that`(end: String) throws {
    try withInterpreter { (interpreter) throws in
      let script = "import time\ntry: time.sleep(60)\nexcept: x = 1\(end)"
      let deadline = Duration.milliseconds(100)
      let ran = refusal { () throws(ScriptError) in try interpreter.run(script, deadline: deadline) }
      #expect(ran?.kind == .deadlinePassed)
      let read = refusal { () throws(ScriptError) in
        _ = try interpreter.run("\(script)\nreturn x", deadline: deadline, as: Int.self)
      }
      #expect(read?.kind == .deadlinePassed)
      // What went wrong in its place is not lost.
      #expect(ran?.cause?.type == (end.isEmpty ? nil : end.contains("Value") ? "ValueError" : "SystemExit"))
      #expect(end.isEmpty || ran?.traceback.contains("line 4") ?? false)
      #expect(try interpreter.eval("x", as: Int.self) == 1)
    }
  }

  @Test func `a call that was stopped is a stop for the run around it as well`() throws {
    try withInterpreter { (interpreter) throws in
      nonisolated(unsafe) let inner = interpreter
      try interpreter.register("inner") { () throws in
        try inner.run("try: time.sleep(60)\nexcept: pass", deadline: .milliseconds(100))
      }
      let script = "import time\ntry: inner()\nexcept Exception: return 'Exception'\nexcept: return 'stop'"
      #expect(try interpreter.run(script, as: String.self) == "stop")
    }
  }

  @Test func `cancelling counts while a call inside is stopped by its own deadline`() throws {
    try withInterpreter { (interpreter) throws in
      nonisolated(unsafe) let inner = interpreter
      let canceller = interpreter.canceller
      try interpreter.register("inner") { () throws in
        try inner.call("stubborn", deadline: .milliseconds(100))
      }
      try interpreter.register("cancel") { () in canceller.cancel() }
      try interpreter.run(
        """
        import time
        def stubborn():
            try: time.sleep(60)
            finally: cancel()
        """)
      let error = refusal { () throws(ScriptError) in
        try interpreter.run("try: inner()\nexcept BaseException: pass\nwhile True: pass", deadline: .seconds(30))
      }
      #expect(error?.kind == .cancelled)
      #expect(try interpreter.eval("1 + 1", as: Int.self) == 2)
    }
  }

  @Test func `a handle's use has a deadline`() throws {
    try withInterpreter { (interpreter) throws in
      try interpreter.run(
        """
        import time
        class Slow:
            def wait(self):
                print('waits')
                time.sleep(60)
            name = property(wait)
            def __iter__(self): return iter(self.wait, 1)
        """)
      let slow: ScriptObject = try interpreter.call("Slow")
      let wait: ScriptObject = try slow.attribute("wait")
      InterpreterThread.printed.withLock { $0 = "" }
      let soon = Duration.milliseconds(100)
      let uses: [() throws -> Void] = [
        { try wait.call(deadline: soon) },
        { _ = try wait.call(deadline: soon, as: Int?.self) },
        { _ = try slow.callMethod("wait", deadline: soon, as: Int?.self) },
        { _ = try slow.attribute("name", deadline: soon, as: Int?.self) },
        { _ = try slow.value(deadline: soon, as: [Int].self) },
      ]
      for (index, use) in uses.enumerated() {
        #expect(thrown(use)?.kind == .deadlinePassed)
        // What it has printed does not wait for the next run.
        #expect(InterpreterThread.printed.withLock { $0 } == String(repeating: "waits\n", count: index + 1))
      }
    }
  }

  @Test func `cancelling nothing does nothing`() throws {
    try withInterpreter { (interpreter) throws in
      interpreter.canceller.cancel()
      let sum: Int = try interpreter.eval("sum(range(100000))")
      #expect(sum == 4_999_950_000)
    }
  }

  @Test func `a run in time is not disturbed, nor the next`() throws {
    try withInterpreter { (interpreter) throws in
      for _ in 0..<50 {
        #expect(try interpreter.eval("len('abc')", deadline: .seconds(1), as: Int.self) == 3)
      }
      try interpreter.run("import time\ntime.sleep(1.2)")
    }
  }

  @Test(.disabled(if: Probe.hasThreadSanitizer, "a busy loop"))
  func `a Swift function can ask whether to stop`() throws {
    let canceller = try withInterpreter { $0.canceller }
    let error = try withInterpreter { (interpreter) throws in
      try interpreter.register("work") { () in
        canceller.cancel()
        return canceller.isStopping
      }
      return refusal { () throws(ScriptError) in try interpreter.run("asked = work()\nwhile True: pass") }
    }
    #expect(error?.kind == .cancelled)
    #expect(try !withInterpreter { $0.canceller.isStopping })
  }
}
