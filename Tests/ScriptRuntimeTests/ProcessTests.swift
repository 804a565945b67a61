import Foundation
import Testing

/// What a start, an end or a signal does to the whole process: each in one of its own.
@Suite struct ProcessTests {
  struct Row: CustomTestStringConvertible {
    let words: [String]
    let output: String
    var environment: [String: String] = [:]
    var testDescription: String { words.joined(separator: " ") }
  }

  static let rows: [Row] = [
    Row(words: ["twice"], output: "second: state\nclosed: state\nclosed twice: state\n"),
    // Trap 1: the client stays the built-in one, whichever start it is.
    Row(words: ["again", "4"], output: "0 1\n1 1\n2 1\n3 1\n"),
    Row(words: ["again", "4", "limited"], output: "0 1\n1 1\n2 1\n3 1\n"),
    Row(words: ["late-limit"], output: "first\nstart\n"),
    Row(
      words: ["endless-end"],
      output: "ValueError\ndeadlinePassed\nValueError\ncancelled\nValueError\ndeadlinePassed\nclosed\n"),
    Row(words: ["memory-of-descriptions"], output: "E 0\nE 4\nE 0\n2\n"),
    Row(words: ["signal-on-thread"], output: "KeyboardInterrupt\nnext\n"),
    // Trap 6: on another thread Python would hang.
    Row(words: ["wrong-thread"], output: "run: state\nclose: state\nclosed\n"),
    Row(words: ["on-thread"], output: "on a thread\ndeadlinePassed\nclosed\n"),
    Row(words: ["dropped"], output: "ended\n2\n"),
    Row(words: ["dropped-elsewhere"], output: "state\n"),
    Row(words: ["close-inside"], output: "bytes state\nmodule state\ndeferred state\n2\n"),
    Row(words: ["dropped-inside"], output: "5\nstate\n"),
    Row(
      words: ["forged-error"], output: "ValueError false\nValueError false\nValueError false\nRuntimeError true\n"),
    Row(words: ["interrupt-in-text"], output: "exception E\n1\nexception F\n1\n"),
    Row(words: ["interrupt-in-text", "python"], output: "exception E\n1\nexception F\n1\n"),
    Row(
      words: ["thread-asleep"],
      output: """
        state threads of the last interpreter's script have not ended, and could hurt another one: 1 is left
        next

        """),
    // Trap 20.
    Row(words: ["handle-outlives"], output: "next\nstate\n"),
    Row(words: ["threads-at-close"], output: "late\nclosed\n"),
    Row(words: ["cancelled-close"], output: "cancelled\n"),
    // Trap 5.
    Row(words: ["unflushed"], output: "printed"),
    Row(words: ["signals", "python"], output: "exception KeyboardInterrupt\n"),
    // Trap 2.
    Row(words: ["encodings"], output: "utf-8 utf-8\n\u{FC}\u{20AC} open\n", environment: ["LANG": "C"]),
    // Trap 3.
    Row(words: ["executable"], output: "True\n", environment: ["PATH": "/nonexistent"]),
    Row(
      words: ["start", "no-environment"],
      output: "start '/nonexistent' is no virtual environment: it has no file pyvenv.cfg to read\nstarted\n"),
    Row(
      words: ["start", "no-root"], output: "start the device's root /nonexistent: No such file or directory\nstarted\n"),
    Row(words: ["start", "nul"], output: "start the configuration holds text with a NUL character\nstarted\n"),
    Row(words: ["environment"], output: "blue 1 ['probe.py', '--quick']\n"),
    Row(
      words: ["memory"],
      output: String(repeating: "exception MemoryError false\n", count: 3) + "4\n"),
    Row(words: ["memory-of-values"], output: String(repeating: "exception MemoryError\n", count: 5) + "read\n"),
    Row(words: ["recursion"], output: "exception RecursionError true true\n2\n"),
    Row(words: ["detached-session"], output: "220\ndeadlinePassed\n220\ncancelled\n"),
    Row(
      words: ["object-timeouts"],
      output: "1.5 1.5\nNone None\n2073600.0 2073600.0\nNone None\nNone None\nValueError\nValueError\n"),
    // Traps 7 and 8.
    Row(words: ["cancel-at-once"], output: "cancelled\n1\n"),
    Row(words: ["thread-runs", "deadline"], output: "deadlinePassed\n[\"worked\", \"joined\"]\n"),
    Row(words: ["thread-runs", "cancel"], output: "cancelled\n[\"worked\", \"joined\"]\n"),
    Row(words: ["thread-runs", "deadline of its own"], output: "ran\n[\"worked\", \"joined\"]\n"),
    Row(
      words: ["cancel-handle"],
      output: """
        call cancelled
        value of a call cancelled
        method cancelled
        attribute cancelled
        attribute set cancelled
        value cancelled
        variable cancelled
        description ended
        <an object of Python's>
        waits
        waits
        waits

        """),
    // Trap 10.
    Row(words: ["fork"], output: "6\n"),
    // Trap 11.
    Row(words: ["first-uses"], output: "[3, 5, 7, 9, 11, 13, 15, 17]\n"),
    // Trap 13.
    Row(words: ["thread-of-python"], output: "[42]\n"),
  ]

  @Test(arguments: rows.filter { $0.words != ["cancel-at-once"] || !Probe.hasThreadSanitizer })
  func `prints what it should`(row: Row) throws {
    let probe = try Probe.run(row.words, environment: row.environment)
    #expect(probe.status == 0, "\(probe.errors)")
    // Swift's print and Python's have buffers of their own: the order between them is not kept.
    #expect(
      probe.output.split(separator: "\n").sorted() == row.output.split(separator: "\n").sorted(), "\(probe.errors)")
  }

  static let loops = [
    "while True: time.sleep(0.001)", "while True: [str(n) for n in range(100)]", "time.sleep(60)",
    "while True: work(1)",
    "while True: print('x' * 100, flush=True)", "sys.stdin.readline()",
    "threading.Event().wait()", "socket.create_server(('127.0.0.1', 0)).accept()",
    "try: time.sleep(60)\n    finally: print('x' * 100, flush=True)",
    // One that does not go, and dies with a stream's lock.
    "turn.acquire()\n    while True:\n        try: print('x' * 100, flush=True)\n        except BaseException: pass",
  ]

  @Test(arguments: loops, [[], ["handler"]])
  func `threads that a script leaves hurt neither the end nor the next interpreter`(loop: String, handler: [String])
    throws
  {
    let probe = try Probe.run(["threads-left", loop, "4"] + handler)
    #expect(probe.status == 0)
    let said = probe.errors.split(separator: "\n").filter { $0.hasPrefix("> ") }.joined()
    #expect(said == String(repeating: "> closed", count: 4) + "> alive", "\(probe.errors.suffix(1000))")
  }

  @Test func `signals of the host stay the host's`() throws {
    let probe = try Probe.run("signals", "host")
    #expect(probe.output == "slept\n")
    #expect(probe.errors == "the host's\n")
  }

  @Test func `output to a closed pipe is an exception`() throws {
    let probe = try Probe.run("closed-pipe", closesOutput: true)
    #expect(probe.status == 0)
    #expect(probe.errors.contains("BrokenPipeError") && probe.errors.contains("alive"), "\(probe.errors)")
  }

  @Test(arguments: ["spawn", "fork", "forkserver"])
  func `multiprocessing works`(method: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("squares.py", "def square(x):\n    return x * x\n")
    let probe = try Probe.run("multiprocessing", method, folder.path)
    #expect(probe.output == "[1, 4, 9]\n", "\(probe.errors)")
  }

  @Test func `a virtual environment's packages can be imported`() throws {
    let folder = try TemporaryFolder()
    let version = try Probe.run("version").output
    let made = Process()
    // Of the Python that is inside, which need not be the system's.
    made.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    made.arguments = ["python\(version)", "-m", "venv", "--without-pip", folder.path + "/venv"]
    try made.run()
    made.waitUntilExit()
    try folder.write("venv/lib/python\(version)/site-packages/only_there.py", "answer = 42\n")
    let probe = try Probe.run("virtual-environment", folder.path + "/venv")
    #expect(probe.output == "\(folder.path)/venv 42\n", "\(probe.errors)")
  }

  @Test func `a device's root takes the place of the file system`() throws {
    let folder = try TemporaryFolder()
    let probe = try Probe.run("device", folder.path)
    #expect(probe.output == "[\"a.txt\"]\nback\n", "\(probe.errors)")
    #expect(try folder.read("usr/a.txt") == "hello")
  }

  @Test func `search paths are this computer's, below a root as well`() throws {
    let (root, folder) = (try TemporaryFolder(), try TemporaryFolder())
    // `/usr` and `/bak` are names of the device's.
    let path = "/usr/local/lib/ftplib-test-\(getpid())"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("answer = 42\n".utf8).write(to: URL(fileURLWithPath: path + "/only_there.py"))
    try FileManager.default.createDirectory(atPath: folder.path + "/below", withIntermediateDirectories: true)
    try folder.write("below/only_below.py", "answer = 43\n")
    let probe = try Probe.run("search-paths", root.path, path, folder.path)
    #expect(probe.output == "42 43\n", "\(probe.errors)")
  }

  @Test func `of a character without an end there is a sign`() throws {
    let probe = try Probe.run("unfinished-character")
    #expect(probe.output == "standardOutput caf\nstandardOutput \u{FFFD}\nstandardError \u{FFFD}\n", "\(probe.errors)")
  }

  @Test(arguments: [false, true], [false, true])
  func `gc, _thread and sys have the device's functions`(isDevice: Bool, isLimited: Bool) throws {
    let folder = try TemporaryFolder()
    let probe = try Probe.run("additions", isDevice ? folder.path : "", isLimited ? "limited" : "")
    #expect(
      !probe.output.contains("Error: ") && probe.output.hasSuffix("[true, \(isLimited)]\n"),
      "\(probe.output)\(probe.errors)")
  }

  @Test func `what the environment says of a root is put back`() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path + "/inner", withIntermediateDirectories: true)
    let probe = try Probe.run("root-in-environment", folder.path)
    #expect(probe.output == "ended \(folder.path)\nstart\nfailed none\n", "\(probe.errors)")
  }

  @Test func `the README's example runs a script`() throws {
    let folder = try TemporaryFolder()
    try folder.write("report.py", "say('hi', times=2)\nreturn uos.getcwd() == '/'\n")
    let probe = try Probe.run("readme", folder.path, folder.path + "/report.py")
    #expect(probe.output == "hi\nhi\ntrue\n", "\(probe.errors)")
  }

  @Test func `1,000 runs leave nothing behind`() throws {
    let probe = try Probe.run("growth", "1000")
    let numbers = probe.output.split { !"-0123456789".contains($0) }.compactMap { Int($0) }
    try #require(numbers.count == 2, "\(probe.output)\(probe.errors)")
    #expect(numbers[0] <= 0)
    // A sanitizer keeps freed memory for a while.
    if ProcessInfo.processInfo.environment["ASAN_OPTIONS"] == nil { #expect(numbers[1] < 1024) }
  }

  @Test(arguments: ["again", "growth"])
  func `Python's own checks of memory find nothing`(name: String) throws {
    let probe = try Probe.run(
      name, name == "growth" ? "20" : "3",
      environment: ["PYTHONMALLOC": "debug", "PROBE_PROFILE": "python", "PYTHONDEVMODE": "1"])
    #expect(probe.status == 0, "\(probe.errors)")
  }
}
