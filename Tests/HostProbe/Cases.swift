import FTPClient
import Glibc
import ScriptRuntime
import Synchronization

/// What a whole process is needed for.
let cases: [String: @Sendable ([String]) throws -> Void] = [
  // Starts and ends.
  "twice": { _ in
    let first = try Interpreter()
    do throws(ScriptError) { _ = try Interpreter() } catch { print("second: \(error.kind)") }
    try first.close()
    do throws(ScriptError) { try first.run("1") } catch { print("closed: \(error.kind)") }
    do throws(ScriptError) { try first.close() } catch { print("closed twice: \(error.kind)") }
  },
  "again": { words in
    for round in 0..<(Int(words.first ?? "") ?? 3) {
      var configuration = Interpreter.Configuration(profile)
      if words.last == "limited", round != 1 { configuration.memoryLimit = 32 << 20 }
      try Interpreter.with(configuration) { interpreter in
        try interpreter.register("here") { () in round }
        let answer: [Int] = try interpreter.run(
          """
          import ftplib, json, re, socket, threading, ssl
          from usr.ftplib import FTP
          assert FTP is ftplib.FTP and ftplib.__spec__.origin == 'built-in', ftplib
          t = threading.Thread(target=here)
          t.start()
          t.join()
          return [here(), json.loads('1'), len(FTP().__dict__)]
          """)
        print(answer[0], answer[1])
      }
    }
  },
  "wrong-thread": { _ in
    let interpreter = try Interpreter()
    try interpreter.run("import threading")
    nonisolated(unsafe) let elsewhere = interpreter
    onThread {
      do throws(ScriptError) { try elsewhere.run("print('ran')") } catch { print("run: \(error.kind)") }
      do throws(ScriptError) { try elsewhere.close() } catch { print("close: \(error.kind)") }
    }
    try interpreter.close()
    print("closed")
  },
  "on-thread": { _ in
    let failure = Mutex<String?>(nil)
    onThread {
      do {
        try Interpreter.with { interpreter in
          try interpreter.run("import threading, time; print('on a thread')")
          do throws(ScriptError) { try interpreter.run("time.sleep(60)", deadline: .milliseconds(100)) } catch {
            print(error.kind)
          }
        }
      } catch { failure.withLock { $0 = "\(error)" } }
    }
    print(failure.withLock { $0 } ?? "closed")
  },
  "dropped": { _ in
    do {
      let interpreter = try Interpreter()
      try interpreter.run("import atexit; atexit.register(print, 'ended')")
    }
    try Interpreter.with { interpreter in print(try interpreter.eval("1 + 1", as: Int.self)) }
  },
  "dropped-elsewhere": { _ in
    nonisolated(unsafe) var kept: Interpreter? = try Interpreter()
    // Nothing but the interpreter itself holds its streams then.
    try kept?.run("import sys, io\nsys.stdout.flush()\nsys.stdout = sys.__stdout__ = io.StringIO()")
    onThread { kept = nil }
    do throws(ScriptError) { _ = try Interpreter() } catch { print(error.kind) }
  },
  // Where nothing of the script's runs, but the program is inside a call.
  "close-inside": { _ in
    let interpreter = try Interpreter()
    nonisolated(unsafe) let inner = interpreter
    @Sendable func close(_ place: String) {
      do throws(ScriptError) {
        try inner.close()
        report("\(place): closed")
      } catch { print(place, error.kind) }
    }
    let bytes: ScriptObject = try interpreter.eval("b'bytes'")
    try bytes.withBytes { _ in close("bytes") }
    try interpreter.registerModule("board") { _ in close("module") }
    // An object whose handle has gone between two calls goes as the next run begins.
    try interpreter.register("close") { () in close("deferred") }
    try interpreter.run("class D:\n    def __del__(self): close()")
    _ = try interpreter.eval("D()", as: ScriptObject.self)
    print(try interpreter.eval("1 + 1", as: Int.self))
    try interpreter.close()
  },
  "dropped-inside": { _ in
    nonisolated(unsafe) var kept: Interpreter? = try Interpreter()
    let bytes: ScriptObject? = try kept?.eval("b'bytes'")
    try bytes?.withBytes { bytes in
      kept = nil
      print(bytes.count)
    }
    do throws(ScriptError) { _ = try Interpreter() } catch { print(error.kind) }
  },
  // A script puts other objects of the runtime's in the place of the one that carries a Swift error.
  "forged-error": { _ in
    struct Refusal: Error {}
    try Interpreter.with { interpreter in
      try interpreter.register("say") { (x: Int) in }
      try interpreter.register("refuse") { () throws in throw Refusal() }
      for source in [
        "e = ValueError('x')\ne.__swift_error__ = say.__self__\nraise e",
        "import _socket\ne = ValueError('x')\ne.__swift_error__ = _socket.CAPI\nraise e",
        "e = ValueError('x')\ne.__swift_error__ = 5\nraise e", "refuse()",
      ] {
        do throws(ScriptError) { try interpreter.run(source) } catch {
          print(error.type, error.thrown as? Refusal != nil)
        }
      }
    }
  },
  // What describes an error is stopped by Ctrl-C, or does as if it were.
  "interrupt-in-text": { words in
    var configuration = Interpreter.Configuration()
    if words.first == "python" { configuration.signals = .python }
    try Interpreter.with(configuration) { interpreter in
      try interpreter.run(
        """
        class E(Exception):
            def __str__(self): raise KeyboardInterrupt
        class F(Exception):
            def __getattr__(self, name): raise KeyboardInterrupt
        """)
      for name in ["E", "F"] {
        do throws(ScriptError) { try interpreter.run("raise \(name)") } catch { print(error.kind, error.type) }
        do throws(ScriptError) { print(try interpreter.run("x = 1\nreturn x", as: Int.self)) } catch { print(error) }
      }
    }
  },
  "handle-outlives": { _ in
    let kept = Mutex<ScriptObject?>(nil)
    try Interpreter.with { interpreter in
      let list: ScriptObject = try interpreter.eval("[1, 2]")
      kept.withLock { $0 = list }
    }
    do { _ = try kept.withLock { try $0?.value(as: [Int].self) } } catch {
      print((error as? ScriptError).map { "\($0.kind)" } ?? "?")
    }
    onThread { kept.withLock { $0 = nil } }
    try Interpreter.with { interpreter in try interpreter.run("print('next')") }
  },
  "threads-at-close": { _ in
    let interpreter = try Interpreter()
    try interpreter.run(
      """
      import threading, time
      def late():
          time.sleep(0.2)
          print('late')
      threading.Thread(target=late).start()
      threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
      """)
    try interpreter.close()
    print("closed")
  },
  // Each interpreter's script leaves threads that run this: SCRIPT ROUNDS ["handler"].
  "threads-left": { words in
    var configuration = Interpreter.Configuration()
    if words.count > 2 { configuration.output = { _, _ in usleep(100) } }
    for _ in 0..<(Int(words[1]) ?? 1) {
      try Interpreter.with(configuration) { interpreter in
        try interpreter.register("work") { (n: Int) in
          usleep(300)
          return n
        }
        try interpreter.run(
          """
          import threading, time, _thread, sys, socket
          turn = threading.Lock()
          def loop():
              \(words[0])
          for _ in range(3):
              _thread.start_new_thread(loop, ())
              threading.Thread(target=loop, daemon=True).start()
          time.sleep(0.1)
          """)
      }
      report("> closed")
    }
    usleep(200_000)
    report("> alive")
  },
  // A thread that nothing wakes: no other interpreter may start before it has ended.
  "thread-asleep": { _ in
    try Interpreter.with { interpreter in
      try interpreter.run(
        """
        import signal, threading, time
        def sleep():
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            time.sleep(5)
        threading.Thread(target=sleep, daemon=True).start()
        time.sleep(0.1)
        """)
    }
    do throws(ScriptError) { try Interpreter().close() } catch { print(error.kind, error.message) }
    sleep(5)
    try Interpreter.with { try $0.run("print('next')") }
  },
  "cancelled-close": { _ in
    let interpreter = try Interpreter()
    try interpreter.run("import threading, time\nthreading.Thread(target=lambda: time.sleep(3)).start()")
    let canceller = interpreter.canceller
    after(.milliseconds(200)) { canceller.cancel() }
    do throws(ScriptError) { try interpreter.close() } catch { print(error.kind) }
  },

  // Each script in turn, then whether the interpreter still works, whether it ends, and whether another can start.
  "scripts": { sources in
    let interpreter = try Interpreter()
    for source in sources {
      do throws(ScriptError) {
        try interpreter.run(source, deadline: .seconds(2))
        report("> ran")
      } catch { report("> \(error.kind) \(error.type)") }
    }
    do throws(ScriptError) {
      report("> \(try interpreter.eval("1 + 1", deadline: .seconds(2), as: Int.self))")
    } catch { report("> \(error.kind) \(error.type)") }
    do throws(ScriptError) {
      try interpreter.close(deadline: .seconds(2))
      report("> closed")
    } catch { report("> close: \(error.kind) \(error.type)") }
    try Interpreter.with { report("> \(try $0.eval("2 + 2", as: Int.self))") }
  },
  // First uses of everything, by several threads of Python's at once: none may wait for another that waits for it.
  "first-uses": { words in
    let interpreter = try Interpreter()
    try interpreter.register("double", ["n"]) { (n: Int) in n * 2 }
    try interpreter.register("fail") { () throws -> Int in throw ScriptException("ftplib.error_perm", "550 no") }
    try interpreter.register("echo") { (value: ScriptObject, texts: [String: [Double]]?) in value }
    try interpreter.register("blocks") { (bytes: [UInt8]) in bytes }
    try interpreter.run(
      """
      import sys, threading
      sys.setswitchinterval(1e-6)
      barrier = threading.Barrier(8)
      done = []
      def use(number):
          barrier.wait()
          import ftplib
          from usr.ftplib import FTP, FTP_TLS
          try: fail()
          except ftplib.error_perm: pass
          try: FTP(host='127.0.0.1', port=1, timeout=1)
          except OSError: pass
          FTP_TLS
          done.append(echo(double(n=number), {'a': [1.0]}) + len(blocks(b'abc')))
      threads = [threading.Thread(target=use, args=(n,)) for n in range(8)]
      for thread in threads: thread.start()
      for thread in threads: thread.join()
      print(sorted(done))
      """)
    try interpreter.close()
  },
  // The program has used tasks and their threads; a fork's child has none of them.
  "fork": { _ in
    let finished = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    nonisolated(unsafe) let signal = finished
    sem_init(finished, 0, 0)
    Task.detached { sem_post(signal) }
    while sem_wait(finished) != 0 {}
    sem_destroy(finished)
    finished.deallocate()
    let interpreter = try Interpreter()
    try interpreter.register("double", ["n"]) { (n: Int) in n * 2 }
    try interpreter.run(
      """
      import os, ftplib, socket, threading
      server = socket.create_server(('127.0.0.1', 0))
      def serve():
          peer = server.accept()[0]
          peer.sendall(b'220 Hello.\\r\\n')
          peer.recv(100)
          peer.sendall(b'221 Bye.\\r\\n')
      threading.Thread(target=serve, daemon=True).start()
      child = os.fork()
      if child == 0:
          try:
              ftp = ftplib.FTP(host='127.0.0.1', port=server.getsockname()[1], timeout=10)
              os._exit(double(3) if ftp.quit() == '221 Bye.' else 1)
          except BaseException as e:
              print(e, flush=True)
              os._exit(2)
      print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
      """, deadline: .seconds(15))
    try interpreter.close()
  },

  // Output.
  "unflushed": { _ in
    let interpreter = try Interpreter()
    try interpreter.run("print('printed', end='')")
    _exit(0)
  },
  "closed-pipe": { _ in
    let interpreter = try Interpreter()
    do throws(ScriptError) {
      try interpreter.run("import sys\nfor _ in range(100): print('x' * 100000)\nsys.stdout.flush()")
    } catch {
      report(error.type)
    }
    do throws(ScriptError) { try interpreter.close() } catch { report("close: \(error.type)") }
    report("alive")
  },
  "signals": { words in
    var configuration = Interpreter.Configuration()
    configuration.signals = words.first == "python" ? .python : .host
    let interpreter = try Interpreter(configuration)
    let thread = pthread_self()
    if words.first == "host" {
      signal(SIGINT) { _ in report("the host's") }
    }
    after(.milliseconds(200)) { pthread_kill(thread, SIGINT) }
    do throws(ScriptError) {
      try interpreter.run("import time\ntime.sleep(0.6)\nprint('slept', flush=True)")
    } catch { print(error.kind, error.type) }
    try interpreter.close()
  },

  // The environment.
  "encodings": { _ in
    try Interpreter.with { interpreter in
      print(
        try interpreter.eval(
          "' '.join([__import__('sys').getfilesystemencoding(), __import__('sys').stdout.encoding])", as: String.self))
      try interpreter.run("print('\u{FC}\u{20AC}', open.__name__)")
    }
  },
  "executable": { _ in
    try Interpreter.with { interpreter in
      try interpreter.run(
        """
        import subprocess, sys
        print(subprocess.run([sys.executable, '-c', 'import sys; print(sys.version_info[:2])'],
                             stdout=subprocess.PIPE, text=True).stdout.strip() == str(sys.version_info[:2]))
        """)
    }
  },
  // ROOT FOLDER HERE: FOLDER, and `below` in HERE, are not the device's, whatever their names.
  "search-paths": { words in
    var configuration = Interpreter.Configuration(.device(root: words[0]))
    configuration.searchPaths = [words[1], "below"]
    _ = chdir(words[2])
    try Interpreter.with(configuration) { interpreter in
      try interpreter.run("import only_there, only_below\nprint(only_there.answer, only_below.answer)")
    }
  },
  "unfinished-character": { _ in
    var configuration = Interpreter.Configuration()
    configuration.output = { stream, text in print(stream, text) }
    try Interpreter.with(configuration) { interpreter in
      try interpreter.run("import sys\nsys.stdout.buffer.write(b'caf\\xe9')\nsys.stderr.buffer.write(b'\\xc3')")
    }
  },
  "multiprocessing": { words in
    var configuration = Interpreter.Configuration()
    configuration.searchPaths = [words[1]]
    configuration.arguments = [""]
    try Interpreter.with(configuration) { interpreter in
      try interpreter.run(
        """
        import multiprocessing, squares
        with multiprocessing.get_context('\(words[0])').Pool(2) as pool:
            print(pool.map(squares.square, [1, 2, 3]))
        """)
    }
  },
  "virtual-environment": { words in
    var configuration = Interpreter.Configuration()
    configuration.virtualEnvironment = words[0]
    try Interpreter.with(configuration) { interpreter in
      try interpreter.run("import sys, only_there\nprint(sys.prefix, only_there.answer)")
    }
  },
  "device": { words in
    try Interpreter.with(Interpreter.Configuration(.device(root: words[0]))) { interpreter in
      try interpreter.run("with open('/usr/a.txt', 'w') as f: f.write('hello')")
      print(try interpreter.run("import uos\nreturn uos.listdir('/usr')", as: [String].self))
    }
    let folder = getcwd(nil, 0)
    defer { free(folder) }
    print(folder.map { String(cString: $0) } == words[0] ? "still there" : "back")
  },
  "readme": { words in print(try report(in: words[0], script: words[1])) },
  "start": { words in
    var configuration = Interpreter.Configuration()
    switch words.first {
    case "no-environment": configuration.virtualEnvironment = "/nonexistent"
    case "no-root": configuration.profile = .device(root: "/nonexistent")
    case "nul": configuration.arguments = ["a\0b"]
    case "no-arguments": configuration.arguments = []
    default: break
    }
    do throws(ScriptError) { _ = try Interpreter(configuration) } catch { print(error.kind, error.message) }
    try Interpreter.with { interpreter in try interpreter.run("print('started')") }
  },
  "version": { _ in
    try Interpreter.with { interpreter in
      print(try interpreter.eval("'%d.%d' % __import__('sys').version_info[:2]", as: String.self), terminator: "")
    }
  },
  "environment": { _ in
    var configuration = Interpreter.Configuration(.python)
    configuration.environment = ["PROBE_COLOUR": "blue", "PYTHONUTF8": "1"]
    configuration.arguments = ["probe.py", "--quick"]
    try Interpreter.with(configuration) { interpreter in
      try interpreter.run("import os, sys; print(os.environ['PROBE_COLOUR'], sys.flags.utf8_mode, sys.argv)")
    }
  },

  // A start that fails leaves the environment as it was, and so does an end.
  "root-in-environment": { words in
    func say(_ place: String) { print(place, getenv("FTPY_ROOT").map { String(cString: $0) } ?? "none") }
    try Interpreter.with { _ in }
    setenv("FTPY_ROOT", words[0], 1)
    var configuration = Interpreter.Configuration(.device(root: words[0] + "/inner"))
    try Interpreter.with(configuration) { _ in }
    say("ended")
    unsetenv("FTPY_ROOT")
    configuration.memoryLimit = 16 << 20
    do throws(ScriptError) { _ = try Interpreter(configuration) } catch { print(error.kind) }
    say("failed")
  },

  // Limits.
  // What an object does when the program gives it up is the script's.
  "endless-end": { _ in
    let interpreter = try Interpreter()
    try interpreter.run(
      """
      class D:
          def __del__(self):
              while True: pass
      def fail():
          d = D()
          raise ValueError
      """)
    func fail() { do throws(ScriptError) { try interpreter.run("fail()") } catch { print(error.type) } }
    fail()
    do throws(ScriptError) {
      try interpreter.run("pass", deadline: .milliseconds(200))
      print("ran")
    } catch { print(error.kind) }
    fail()
    let canceller = interpreter.canceller
    after(.milliseconds(200)) { canceller.cancel() }
    do throws(ScriptError) {
      try interpreter.run("pass")
      print("ran")
    } catch { print(error.kind) }
    fail()
    do throws(ScriptError) { try interpreter.close(deadline: .milliseconds(200)) } catch { print(error.kind) }
    print("closed")
  },
  "memory-of-descriptions": { _ in
    var configuration = Interpreter.Configuration()
    configuration.memoryLimit = 16 << 20
    try Interpreter.with(configuration) { interpreter in
      for source in ["return 'x' * 10**11", "return 'word'", "return ''.join('%d' % n for n in range(10**9))"] {
        do throws(ScriptError) {
          try interpreter.run("class E(Exception):\n    def __str__(self): \(source)\nraise E")
        } catch { print(error.type, error.message.count) }
      }
      print(try interpreter.eval("1 + 1", as: Int.self))
    }
  },
  // A signal between two runs, on a thread that is not the process's first.
  "signal-on-thread": { _ in
    onThread {
      do {
        var configuration = Interpreter.Configuration()
        configuration.signals = .python
        try Interpreter.with(configuration) { interpreter in
          try interpreter.run("import signal\ndef idle(): pass")
          let idle: ScriptObject = try interpreter["idle"]
          raise(SIGINT)
          do throws(ScriptError) { try idle.call(deadline: .seconds(5)) } catch { print(error.type) }
          print(try interpreter.eval("'next'", as: String.self))
        }
      } catch { print(error) }
    }
  },
  "memory": { _ in
    var configuration = Interpreter.Configuration()
    configuration.memoryLimit = 16 << 20
    try Interpreter.with(configuration) { interpreter in
      for source in [
        "x = 'a' * (64 << 20)", "x = []\nwhile True: x.append('%d' % len(x))", "x = {}\nwhile True: x[len(x)] = 1",
      ] {
        do throws(ScriptError) { try interpreter.run(source) } catch {
          print(error.kind, error.type, error.traceback.isEmpty)
        }
        try interpreter.run("x = None")
      }
      print(try interpreter.eval("2 + 2", as: Int.self))
    }
  },
  // What a program makes of a script's objects.
  "memory-of-values": { _ in
    struct Texts: ScriptCodable { var texts: [String] }
    var configuration = Interpreter.Configuration()
    configuration.memoryLimit = 16 << 20
    try Interpreter.with(configuration) { interpreter in
      try interpreter.run("import itertools\ntext = 'x' * 100000\ndata = text.encode()")
      read(interpreter, "itertools.repeat(1)", [Int].self)
      read(interpreter, "[text] * 100000", [String].self)
      read(interpreter, "[data] * 100000", [[UInt8]].self)
      read(interpreter, "dict.fromkeys(range(10000), text)", [Int: String].self)
      read(interpreter, "{'texts': [text] * 100000}", Texts.self)
      read(interpreter, "[text] * 100", [String].self)
    }
  },
  // What the device has in Python's own modules.
  "additions": { words in
    var configuration = Interpreter.Configuration(words[0].isEmpty ? .isolated : .device(root: words[0]))
    if words[1] == "limited" { configuration.memoryLimit = 8 << 20 }
    try Interpreter.with(configuration) { interpreter in
      for call in [
        "gc.mem_free()", "gc.mem_alloc()", "gc.threshold()", "_thread.get_heap_size()", "_thread.threadIsRunning(1)",
        "_thread.allocate_semphore(1).getCnt()", "sys.print_exception(ValueError())",
      ] {
        do throws(ScriptError) {
          try interpreter.run("import gc, sys, _thread, micropython\nvalue = \(call)")
        } catch { print(call, error) }
      }
      print(
        try interpreter.run(
          "return [gc.mem_alloc() > 0, 0 < gc.mem_free() <= 8 << 20, micropython.mem_info()][:2]", as: [Bool].self))
    }
  },
  "late-limit": { _ in
    try Interpreter.with { interpreter in try interpreter.run("print('first')") }
    var configuration = Interpreter.Configuration()
    configuration.memoryLimit = 16 << 20
    do throws(ScriptError) { _ = try Interpreter(configuration) } catch { print(error.kind) }
  },
  "cancel-at-once": { _ in
    // Nobody has imported `signal`.
    let interpreter = try Interpreter()
    let canceller = interpreter.canceller
    after(.milliseconds(100)) { canceller.cancel() }
    do throws(ScriptError) { try interpreter.run("while True: pass") } catch { print(error.kind) }
    print(try interpreter.eval("1", as: Int.self))
    try interpreter.close()
  },
  // A thread of the script's runs code by a registered function while the program is idle, and ends that in the program's next run.
  "thread-runs": { words in
    let interpreter = try Interpreter()
    nonisolated(unsafe) let inner = interpreter
    let limit: Duration? = words.first == "deadline of its own" ? .milliseconds(100) : nil
    try interpreter.register("work") { () throws in try inner.run("import time\ntime.sleep(0.5)", deadline: limit) }
    try interpreter.run(
      """
      import threading, time
      begun = threading.Event()
      seen = []
      def run():
          begun.set()
          time.sleep(0.1)  # the program is idle then
          work()
          seen.append('worked')
      thread = threading.Thread(target=run)
      thread.start()
      begun.wait()
      """)
    // Whoever is idle lets the thread go on.
    usleep(200_000)
    do throws(ScriptError) {
      switch words.first {
      case "deadline":
        try interpreter.run("thread.join()\nseen.append('joined')\nwhile True: time.sleep(0.01)", deadline: .seconds(3))
      case "cancel":
        let canceller = interpreter.canceller
        after(.seconds(3)) { canceller.cancel() }
        try interpreter.run("thread.join()\nseen.append('joined')\nfor _ in range(1000): time.sleep(0.01)")
      default: try interpreter.run("thread.join()\nseen.append('joined')")
      }
      print("ran")
    } catch { print(error.kind) }
    print(try interpreter["seen"] as [String])
    try interpreter.close()
  },
  // Python and Swift call each other until Python has enough of it.
  "recursion": { _ in
    let interpreter = try Interpreter()
    nonisolated(unsafe) let inner = interpreter
    let longest = Mutex(0)
    try interpreter.register("down") { (n: Int) throws -> Int in
      do throws(ScriptError) { return try inner.call("f", n) } catch {
        // Were they as long as the recursion is deep, all together would take its square.
        longest.withLock { $0 = max($0, error.traceback.split(separator: "\n").count) }
        throw error
      }
    }
    try interpreter.run("def f(n): return g(n)\ndef g(n): return down(n + 1)")
    do throws(ScriptError) { try interpreter.run("f(0)") } catch {
      print(error.kind, error.type, longest.withLock { $0 < 100 }, error.traceback.split(separator: "\n").count > 100)
    }
    print(try interpreter.eval("1 + 1", as: Int.self))
    try interpreter.close()
  },
  // A server on the script's thread, which greets and says no more, and a session in a Swift function: each waits for the other.
  "detached-session": { _ in
    let interpreter = try Interpreter()
    let canceller = interpreter.canceller
    nonisolated(unsafe) let inner = interpreter
    try interpreter.register("connect", detached: true) { (port: UInt16) throws in
      var configuration = FTPSession.Configuration()
      configuration.interrupt = inner.interrupt
      configuration.timeout = .seconds(60)
      let session = try FTPSession(host: "127.0.0.1", port: port, configuration: configuration)
      print(session.welcome.code ?? 0)
      _ = try session.execute("NOOP")
    }
    try interpreter.run(
      """
      import socket, threading
      server = socket.create_server(('127.0.0.1', 0))
      def serve():
          while True:
              peers.append(server.accept()[0])
              peers[-1].sendall(b'220 Hello.\\r\\n')
      peers = []
      threading.Thread(target=serve, daemon=True).start()
      """)
    let source = "connect(server.getsockname()[1])"
    do throws(ScriptError) { try interpreter.run(source, deadline: .seconds(1)) } catch { print(error.kind) }
    after(.seconds(1)) { canceller.cancel() }
    do throws(ScriptError) { try interpreter.run(source) } catch { print(error.kind) }
    try interpreter.close()
  },
  // How long a script's object over a session waits: for a server on a thread of the script's, which greets.
  "object-timeouts": { _ in
    try Interpreter.with { interpreter in
      try interpreter.run(
        """
        import socket, threading
        server = socket.create_server(('127.0.0.1', 0))
        def serve():
            peers.append(server.accept()[0])
            peers[-1].sendall(b'220 Hello.\\r\\n')
        peers = []
        threading.Thread(target=serve, daemon=True).start()
        """)
      let session = try FTPSession(host: "127.0.0.1", port: interpreter.eval("server.getsockname()[1]"))
      for timeout: Duration? in [
        .milliseconds(1500), nil, .seconds(86_400 * 24), .seconds(86_400 * 25), .seconds(Int64.max), .zero,
        .seconds(-1),
      ] {
        do throws(ScriptError) {
          try interpreter.set("ftp", to: interpreter.object(for: session, timeout: timeout))
          print(try interpreter.eval("f'{ftp.timeout} {ftp.sock.gettimeout()}'", as: String.self))
        } catch { print(error.type) }
      }
      session.close()
    }
  },
  // Everything that runs a script's code is a run.
  "cancel-handle": { _ in
    let interpreter = try Interpreter()
    let canceller = interpreter.canceller
    try interpreter.run(
      """
      import time
      class Endless:
          def wait(self):
              print('waits')
              time.sleep(20)
          @property
          def name(self): time.sleep(20)
          def __setattr__(self, name, value): time.sleep(20)
          def __iter__(self): return self
          def __next__(self): time.sleep(0.01); return 1
          def __str__(self): time.sleep(20)
      endless = Endless()
      """)
    let endless: ScriptObject = try interpreter["endless"]
    let wait: ScriptObject = try endless.attribute("wait")
    func expect(_ what: String, _ body: () throws(ScriptError) -> Void) {
      after(.milliseconds(200)) { canceller.cancel() }
      do throws(ScriptError) {
        try body()
        print(what, "ended")
      } catch { print(what, error.kind) }
    }
    let seen = Mutex("")
    expect("call") { () throws(ScriptError) in try wait.call() }
    expect("value of a call") { () throws(ScriptError) in _ = try wait.call(as: Int?.self) }
    expect("method") { () throws(ScriptError) in _ = try endless.callMethod("wait", as: Int?.self) }
    expect("attribute") { () throws(ScriptError) in _ = try endless.attribute("name", as: Int.self) }
    expect("attribute set") { () throws(ScriptError) in try endless.setAttribute("name", to: 1) }
    expect("value") { () throws(ScriptError) in _ = try endless.value(as: [Int].self) }
    expect("variable") { () throws(ScriptError) in let _: [Int] = try interpreter["endless"] }
    expect("description") { () throws(ScriptError) in seen.withLock { $0 = endless.description } }
    print(seen.withLock { $0 })
    try interpreter.close()
  },
  // Figures for Tests/Benchmarks/hosts.py: `NAME NANOSECONDS` in lines.
  "speed": { _ in
    let interpreter = try Interpreter()
    try interpreter.register("triple", ["n"]) { (n: Int) in n * 3 }
    try interpreter.register("join", ["n", "s"]) { (n: Int, s: String) in n + s.utf8.count }
    try interpreter.run(
      """
      import time
      def plain(n): return n * 3
      def measure(function):
          numbers = range(200000)
          start = time.perf_counter()
          for n in numbers: function(n)
          middle = time.perf_counter()
          for n in numbers: pass
          return (2 * middle - start - time.perf_counter()) / len(numbers) * 1e9
      def measure_two(function):
          numbers = range(200000)
          start = time.perf_counter()
          for n in numbers: function(n, 'abc')
          middle = time.perf_counter()
          for n in numbers: pass
          return (2 * middle - start - time.perf_counter()) / len(numbers) * 1e9
      def evaluate(n): return eval('1 + 1')
      """)
    for (name, expression) in [
      ("Swift function, 1 argument", "measure(triple)"), ("Swift function, 2 arguments", "measure_two(join)"),
      ("Python function, 1 argument", "measure(plain)"), ("C function, 1 argument", "measure(abs)"),
      ("Python's eval of '1 + 1'", "measure(evaluate)"),
    ] {
      print(name, try interpreter.eval("int(\(expression))", as: Int.self), separator: ": ")
    }
    let count = 100_000
    func measure(_ name: String, _ body: () throws -> Void) rethrows {
      let start = ContinuousClock.now
      for _ in 0..<count { try body() }
      print(name, (ContinuousClock.now - start) / count / .nanoseconds(1), separator: ": ")
    }
    try measure("eval of '1 + 1'") { let _: Int = try interpreter.eval("1 + 1") }
    try measure("call of a Python function") { let _: Int = try interpreter.call("plain", 14) }
    try measure("run of 'x = 1'") { try interpreter.run("x = 1") }
    try interpreter.close()
  },
  "growth": { words in
    let runs = Int(words.first ?? "") ?? 1000
    let interpreter = try Interpreter(profile)
    try interpreter.register("add", ["a", "b"]) { (a: Int, b: [String]) in a + b.count }
    try interpreter.register("fail") { () throws -> Int in throw ScriptException("ValueError", "no") }
    func run() throws {
      let answer: Int = try interpreter.run(
        "import json\nvalues = json.loads('[1, 2, {\"a\": \"b\"}]')\nif values:\n  return add(len(values), ['x'])")
      guard answer == 4 else { fatalError("\(answer)") }
      do throws(ScriptError) { try interpreter.run("def f(): fail()\nf()", name: "job.py") } catch {
        guard error.type == "ValueError" else { fatalError("\(error)") }
      }
      do throws(ScriptError) { try interpreter.run("return 1 +", name: "job.py") } catch {
        guard error.kind == .syntax else { fatalError("\(error)") }
      }
      let object: ScriptObject = try interpreter.eval("{'a': [1.5, None, b'x']}")
      onThread { withExtendedLifetime(object) {} }
      try interpreter.set("point", to: ["x": 1.5])
    }
    func count() throws -> (objects: Int, bytes: Int) {
      try interpreter.run("import gc; gc.collect()")
      let objects: Int = try interpreter.eval("len(gc.get_objects())")
      return (objects, residentBytes())
    }
    for _ in 0..<100 { try run() }
    let before = try count()
    for _ in 0..<runs { try run() }
    let after = try count()
    print("objects \(after.objects - before.objects), \((after.bytes - before.bytes) / 1024) KiB")
    try interpreter.close()
  },
]

/// With PYTHON... variables where the tests want them.
private var profile: Interpreter.Configuration.Profile { getenv("PROBE_PROFILE") == nil ? .isolated : .python }

/// Prints whether an expression can be read.
private func read<Value: FromScript>(_ interpreter: Interpreter, _ expression: String, _ type: Value.Type) {
  do throws(ScriptError) {
    _ = try interpreter.eval(expression, as: type)
    print("read")
  } catch { print(error.kind, error.type) }
}

/// Runs `body` on a thread of its own, with a large stack, and waits for it.
func onThread(_ body: @escaping @Sendable () -> Void) {
  var thread = pthread_t()
  start(&thread, body)
  pthread_join(thread, nil)
}

/// Runs `body` after a while on a thread of its own.
func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
  var thread = pthread_t()
  start(&thread) {
    usleep(UInt32(delay.components.attoseconds / 1_000_000_000_000) + UInt32(delay.components.seconds * 1_000_000))
    body()
  }
  pthread_detach(thread)
}

private func start(_ thread: inout pthread_t, _ body: @escaping @Sendable () -> Void) {
  final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  // Not `pthread_attr_t()`: whose initializer that is depends on what Python's headers include.
  let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
  defer { attributes.deallocate() }
  pthread_attr_init(attributes)
  pthread_attr_setstacksize(attributes, 16 << 20)
  let box = Unmanaged.passRetained(Box(body)).toOpaque()
  pthread_create(
    &thread, attributes,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, box)
}

/// Straight to standard error, whatever has become of standard output.
func report(_ text: String) {
  var text = text + "\n"
  text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// The memory that the process has in use.
private func residentBytes() -> Int {
  guard let file = fopen("/proc/self/statm", "r") else { return 0 }
  defer { fclose(file) }
  var text = [CChar](repeating: 0, count: 128)
  guard fgets(&text, CInt(text.count), file) != nil else { return 0 }
  let words = text.prefix { $0 != 0 }.split(separator: CChar(UInt8(ascii: " "))).map {
    String(decoding: $0.map(UInt8.init), as: UTF8.self)
  }
  return (words.dropFirst().first.flatMap { Int($0) } ?? 0) * Int(sysconf(CInt(_SC_PAGESIZE)))
}
