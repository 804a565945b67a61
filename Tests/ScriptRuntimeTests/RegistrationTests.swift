import FTPClient
import Glibc
import ScriptRuntime
import Synchronization
import Testing

@Suite struct RegistrationTests {
  struct Broken: Error, Equatable { let part: Int }

  struct Worded: Error, CustomStringConvertible { let description: String }

  init() throws {
    try withInterpreter { (interpreter) throws in
      try interpreter.register("move", ["angle", "speed", "name"], "Move the arm.") {
        (angle: Double, speed: Int?, name: String?) in "\(angle) \(speed ?? 1) \(name ?? "-")"
      }
      try interpreter.register("late", ["first", "second", "third"]) { (first: Int?, second: Int, third: Int?) in
        [first, second, third].map { $0.map { "\($0)" } ?? "nil" }.joined(separator: " ")
      }
      try interpreter.register("total") { (values: [Int], scale: Int) in values.reduce(0, +) * scale }
      try interpreter.register("nothing") { () in }
      try interpreter.register("small", ["n"]) { (n: Int8) in n }
      try interpreter.register("break_part", ["part"]) { (part: Int) throws -> Int in throw Broken(part: part) }
      try interpreter.register("refuse") { () throws in throw ScriptException("ValueError", "no way") }
      try interpreter.register("refuse_ftp") { () throws in throw FTPError(.timedOut, "no reply: timed out") }
      try interpreter.register("refuse_class") { () throws in throw ScriptException("ftplib.error_perm", "550 no") }
      try interpreter.register("refuse_unknown") { () throws in throw ScriptException("no.such", "thing") }
      try interpreter.register("refuse_nul") { (what: String) throws in
        switch what {
        case "": throw ScriptException("ValueError", "a\0b")
        case "ftp": throw FTPError(.timedOut, "a\0b")
        default: throw Worded(description: "a\0b")
        }
      }
      try interpreter.register("apply", ["function", "value"]) { (function: ScriptObject, value: Int) throws -> Int in
        try function.call(value)
      }
      try interpreter.registerModule("board", "This machine.") { (board) throws(ScriptError) in
        try board.set("pins", to: 40)
        try board.register("read", ["pin"], "Read a pin.") { (pin: Int) in pin + 1 }
      }
    }
  }

  struct Row: Sendable {
    let expression: String
    let value: String
  }

  @Test(arguments: [
    Row(expression: "move(1)", value: "1.0 1 -"),
    Row(expression: "move(angle=2.5, name='x')", value: "2.5 1 x"),
    Row(expression: "move(1, 3, 'n')", value: "1.0 3 n"),
    Row(expression: "move(1, None, name='n')", value: "1.0 1 n"),
    Row(expression: "total([1, 2], 3)", value: "9"),
    Row(expression: "nothing()", value: "None"),
    Row(expression: "apply(lambda x: x + 1, 2)", value: "3"),
    Row(expression: "move.__doc__", value: "Move the arm."),
    Row(expression: "__import__('inspect').signature(move)", value: "(angle, speed=None, name=None)"),
    Row(expression: "__import__('inspect').signature(late)", value: "(first, second, third=None)"),
    Row(expression: "late(second=1)", value: "nil 1 nil"),
    Row(expression: "__import__('inspect').signature(total)", value: "(argument1, argument2, /)"),
    Row(expression: "move.__name__", value: "move"),
    Row(expression: "__import__('board').read(pin=__import__('board').pins)", value: "41"),
    Row(expression: "__import__('board').__doc__", value: "This machine."),
  ])
  func `scripts call Swift`(row: Row) throws {
    #expect(try withInterpreter { try $0.eval("str(\(row.expression))", as: String.self) } == row.value)
  }

  @Test(arguments: [
    Row(expression: "move()", value: "TypeError: move() missing required argument: 'angle'"),
    Row(expression: "move('x')", value: "TypeError: move() argument 'angle': expected float, not 'str'"),
    Row(expression: "move(1, speed=2.5)", value: "TypeError: move() argument 'speed': expected int, not 'float'"),
    Row(expression: "move(1, 2, 'n', 4)", value: "TypeError: move() takes at most 3 positional arguments (4 given)"),
    Row(expression: "move(1, angle=2)", value: "TypeError: move() got multiple values for argument 'angle'"),
    Row(expression: "move(1, colour=2)", value: "TypeError: move() got an unexpected keyword argument 'colour'"),
    Row(expression: "total([1, 'a'], 2)", value: "TypeError: total() argument 1: item 1: expected int, not 'str'"),
    Row(expression: "total([1], scale=2)", value: "TypeError: total() got an unexpected keyword argument 'scale'"),
    Row(expression: "small(n=200)", value: "OverflowError: small() argument 'n': the int does not fit Int8"),
    Row(expression: "refuse()", value: "ValueError: no way"),
    Row(expression: "refuse_ftp()", value: "TimeoutError: no reply: timed out"),
    Row(expression: "refuse_class()", value: "ftplib.error_perm: 550 no"),
    Row(expression: "refuse_unknown()", value: "RuntimeError: no.such: thing"),
    Row(expression: "refuse_nul('')", value: "ValueError: a\0b"),
    Row(expression: "refuse_nul('ftp')", value: "TimeoutError: a\0b"),
    Row(expression: "refuse_nul('other')", value: "RuntimeError: a\0b"),
    Row(expression: "apply(lambda x: 1 / 0, 2)", value: "ZeroDivisionError: division by zero"),
    Row(expression: "apply(lambda x: __import__('sys').exit(3), 2)", value: "SystemExit: 3"),
  ])
  func `what goes wrong is an exception that names it`(row: Row) throws {
    let error = try withInterpreter { (interpreter) throws in
      refusal { () throws(ScriptError) in try interpreter.run(row.expression) }
    }
    #expect(error?.description == row.value)
  }

  @Test func `a Swift error comes out as it went in`() throws {
    try withInterpreter { (interpreter) throws in
      let error = refusal { () throws(ScriptError) in try interpreter.run("break_part(7)") }
      #expect(error?.thrown as? Broken == Broken(part: 7))
      let text: String = try interpreter.run(
        "try:\n    break_part(1)\nexcept RuntimeError as e:\n    return str(e)")
      #expect(text == "Broken(part: 1)")
    }
  }

  @Test func `names must be as many as parameters`() throws {
    let error = try withInterpreter { (interpreter) throws in
      refusal { () throws(ScriptError) in try interpreter.register("f", ["a"]) { (a: Int, b: Int) in a + b } }
    }
    #expect(error?.description == "ValueError: f() has 2 parameters, and names for 1")
  }

  @Test(arguments: [
    (["a b"], "ValueError: f() cannot have a parameter 'a b': that is no name in Python"),
    ([""], "ValueError: f() cannot have a parameter '': that is no name in Python"),
    (["a)\n--\n\n"], "ValueError: f() cannot have a parameter 'a)\n--\n\n': that is no name in Python"),
    (["\u{E9}", "e\u{301}"], "ValueError: f() has two parameters 'e\u{301}'"),
  ])
  func `names must be names, each of one parameter`(names: [String], message: String) throws {
    let error = try withInterpreter { (interpreter) throws in
      refusal { () throws(ScriptError) in
        if names.count == 1 {
          try interpreter.register("f", names) { (a: Int) in a }
        } else {
          try interpreter.register("f", names) { (a: Int, b: Int) in a + b }
        }
      }
    }
    #expect(error?.description == message)
  }

  // Trap 19.
  @Test func `calls keep reference counts`() throws {
    let counts = try withInterpreter { (interpreter) throws in
      try interpreter.run(
        """
        import sys
        values, word, key = [1, 2], 'w' * 50, 'speed'
        def counts(): return [sys.getrefcount(x) for x in (values, word, key, total, move)]
        """)
      let before: [Int] = try interpreter.eval("counts()")
      try interpreter.run(
        """
        for _ in range(100):
            total(values, 1); move(1, **{key: 2}, name=word)
            try: total(values, word)
            except TypeError: pass
            try: move(1, **{key: values})
            except TypeError: pass
        del _
        """)
      return [before, try interpreter.eval("counts()")]
    }
    #expect(counts[0] == counts[1])
  }

  /// What one thread waits for and another says.
  final class Signal: Sendable {
    private let isThere = Atomic(false)

    func send() { isThere.store(true, ordering: .releasing) }

    /// Whether it came in time.
    func wait(_ seconds: Double) -> Bool {
      let end = ContinuousClock.now + .seconds(seconds)
      while !isThere.load(ordering: .acquiring), ContinuousClock.now < end { usleep(1000) }
      return isThere.exchange(false, ordering: .acquiring)
    }
  }

  @Test func `a detached function lets the script's threads go on`() throws {
    try withInterpreter { (interpreter) throws in
      let signal = Signal()
      nonisolated(unsafe) let inner = interpreter
      try interpreter.register("send") { () in signal.send() }
      try interpreter.register("hold") { () in signal.wait(0.2) }
      try interpreter.register("wait", ["object"], detached: true) { (object: ScriptObject?) in signal.wait(60) }
      try interpreter.register("total", detached: true) { (numbers: [Int]) throws -> Int in
        try inner.eval("sum(\(numbers))")
      }
      try interpreter.register("fail", detached: true) { () throws in throw ScriptException("ValueError", "no") }
      try interpreter.registerModule("board") { (board) throws(ScriptError) in
        try board.register("wait", detached: true) { () in signal.wait(60) }
      }
      func run(_ call: String) throws -> Bool {
        try interpreter.run(
          """
          import board, threading, time
          def later():
              time.sleep(0.05)
              send()
          thread = threading.Thread(target=later)
          thread.start()
          seen = \(call)
          thread.join()
          return seen
          """)
      }
      #expect(try run("wait()"))
      #expect(try run("wait(object=object())"))
      #expect(try run("board.wait()"))
      #expect(try !run("hold()"))
      #expect(try interpreter.eval("total([1, 2])", as: Int.self) == 3)
      #expect(refusal { () throws(ScriptError) in try interpreter.run("fail()") }?.description == "ValueError: no")
      // On a thread of the script's it is on its own.
      try interpreter.run(
        """
        seen = []
        def use():
            try: total([1])
            except RuntimeError as e: seen.append(str(e))
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        """)
      #expect(
        try interpreter["seen"] as [String]
          == ["the interpreter belongs to another thread: use it on the one that started it"])
    }
  }

  /// Says when it goes.
  final class Witness: Sendable {
    static let gone = Atomic(0)
    deinit { Self.gone.add(1, ordering: .relaxed) }
  }

  @Test func `a function goes with its last name`() throws {
    try withInterpreter { (interpreter) throws in
      let witness = Witness()
      try interpreter.register("temporary") { () in withExtendedLifetime(witness) {} }
      try interpreter.run("temporary()\nalso = temporary\ndel temporary")
    }
    #expect(Witness.gone.load(ordering: .relaxed) == 0)
    try withInterpreter { try $0.run("also()\ndel also") }
    #expect(Witness.gone.load(ordering: .relaxed) == 1)
  }

  @Test func `handles may go on any thread`() throws {
    var object: ScriptObject? = try withInterpreter { (interpreter) throws in
      try interpreter.run("import weakref\nclass Thing: pass\nthing = Thing()\nthing_seen = weakref.ref(thing)")
      return try interpreter["thing"] as ScriptObject
    }
    try withInterpreter { try $0.run("del thing") }
    #expect(try withInterpreter { try $0.eval("thing_seen() is not None", as: Bool.self) })
    let error = refusal { () throws(ScriptError) in _ = try object?.attribute("__class__") as ScriptObject? }
    #expect(error?.kind == .state)
    object = nil
    #expect(try withInterpreter { try $0.eval("thing_seen() is None", as: Bool.self) })
  }
}
