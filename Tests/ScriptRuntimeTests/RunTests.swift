import ScriptRuntime
import Synchronization
import Testing

@Suite struct RunTests {
  @Test func `a chunk's return is its value`() throws {
    try withInterpreter { (interpreter) throws in
      #expect(try interpreter.run("x = 3\nif x > 2:\n    return True\nreturn False", as: Bool.self))
      #expect(try interpreter.run("pass", as: Int?.self) == nil)
      #expect(try interpreter["x"] as Int == 3)
      let error = refusal { () throws(ScriptError) in _ = try interpreter.run("pass", as: Bool.self) }
      #expect(error?.kind == .conversion)
    }
  }

  @Test func `a file runs under its path and its encoding`() throws {
    let folder = try TemporaryFolder()
    try folder.write("job.py", "import os\nreturn [os.path.basename(__file__), 1 / 0]\n")
    let path = folder.path + "/job.py"
    let error = try withInterpreter { (interpreter) throws in
      refusal { () throws(ScriptError) in try interpreter.run(contentsOf: path) }
    }
    #expect(error?.traceback.contains("File \"\(path)\", line 2, in <module>\n    return [os.path") == true)
    let missing = try withInterpreter { (interpreter) throws in
      refusal { () throws(ScriptError) in try interpreter.run(contentsOf: "/nonexistent.py") }
    }
    #expect(missing?.type == "FileNotFoundError")
  }

  @Test func `calls take arguments and handles`() throws {
    try withInterpreter { (interpreter) throws in
      try interpreter.run(
        "class Kit:\n    @staticmethod\n    def join(*words): return '-'.join(map(str, words))\ndef two(): return lambda x: x * 2"
      )
      #expect(try interpreter.call("Kit.join", 1, "a", 2.5, as: String.self) == "1-a-2.5")
      let double: ScriptObject = try interpreter.call("two")
      #expect(try double.call(21) as Int == 42)
      #expect(try double.attribute("__name__") as String == "<lambda>")
      let error = refusal { () throws(ScriptError) in try interpreter.call("absent", 1) }
      #expect(error?.description == "NameError: name 'absent' is not defined")
      let object: ScriptObject = try interpreter.eval("b'bytes'")
      #expect(try object.withBytes { $0.count } == 5)
    }
  }

  @Test func `the program's modules, the client's and the device's can be imported`() throws {
    try withInterpreter { (interpreter) throws in
      #expect(try interpreter.run("import settings\nreturn settings.speed", as: Int.self) == 9600)
      #expect(
        try interpreter.run("from usr.ftplib import FTP\nimport ftplib, utime\nreturn FTP is ftplib.FTP", as: Bool.self)
      )
      let error = refusal { () throws(ScriptError) in try interpreter.run("import kit.motor\nkit.motor.start()") }
      // From 3.13 on Python marks the place in the line.
      let lines = error?.traceback.split(separator: "\n", omittingEmptySubsequences: false).filter {
        !$0.hasSuffix("~^^")
      }
      #expect(
        lines?.joined(separator: "\n") == """
          Traceback (most recent call last):
            File "<script>", line 2, in <module>
              kit.motor.start()
            File "<program>/kit.motor.py", line 2, in start
              raise OSError(5, 'stuck')
          OSError: [Errno 5] stuck

          """)
    }
  }

  @Test func `a line of input may end in CRLF`() throws {
    try withInterpreter { (interpreter) throws in
      InterpreterThread.lines.withLock { $0 = ["Ada\r\n", "36\r\n", "x"] }
      let read: [String] = try interpreter.run("return [input(), input(), input()]")
      #expect(read == ["Ada", "36", "x"])
    }
  }

  @Test func `output and input go through the program`() throws {
    try withInterpreter { (interpreter) throws in
      InterpreterThread.printed.withLock { $0 = "" }
      InterpreterThread.lines.withLock { $0 = ["Ada\n", "36"] }
      try interpreter.run(
        """
        import sys
        name = input('Name? ')
        age = int(sys.stdin.readline())
        print(name, age, '\u{20AC}' * 3000, end='')
        sys.stderr.write('warned')
        sys.stdout.buffer.write(b'!')
        try:
            input()
        except EOFError:
            print('?')
        """)
      let printed = InterpreterThread.printed.withLock { $0 }
      #expect(printed.contains("Name? ") && printed.contains("[warned]"))
      #expect(
        printed.replacing("[warned]", with: "") == "Name? Ada 36 " + String(repeating: "\u{20AC}", count: 3000) + "!?\n"
      )
    }
  }
}
