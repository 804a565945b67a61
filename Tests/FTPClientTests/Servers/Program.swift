import Glibc

/// A program that runs beside the tests. Foundation's `Process` takes it for running as long as a server that it has started runs.
struct Program {
  private let pid: pid_t
  /// The write end of its standard input, or -1.
  private let input: CInt

  /// Starts a program that is found in PATH. With `output` its standard output and errors go to that descriptor; standard input is a pipe.
  init(_ arguments: [String], output: CInt? = nil) throws {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ScriptFault(description: "no pipe: errno \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    if let output {
      posix_spawn_file_actions_adddup2(&actions, output, 1)
      posix_spawn_file_actions_adddup2(&actions, output, 2)
    }
    // The test runner's threads block the signals by which a server is asked to end.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let status = posix_spawnp(&pid, arguments[0], &actions, &attributes, &words, environ)
    Glibc.close(ends[0])
    guard status == 0 else { throw ScriptFault(description: "cannot start \(arguments[0]): errno \(status)") }
    self.pid = pid
    input = ends[1]
  }

  /// Closes its standard input and waits for its end; returns its exit status.
  @discardableResult
  func end() -> CInt {
    Glibc.close(input)
    var status: CInt = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }

  /// Runs a program to its end; returns what it wrote, of which the last line is its own when it succeeds.
  static func output(of arguments: [String]) throws -> String {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ScriptFault(description: "no pipe: errno \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let program: Program
    do { program = try Program(arguments, output: ends[1]) } catch {
      close(ends[1])
      throw error
    }
    close(ends[1])
    var said: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(ends[0], &block, block.count)
      guard count > 0 else { break }
      said += block.prefix(count)
    }
    let status = program.end()
    let text = String(decoding: said, as: UTF8.self)
    guard status == 0 else { throw ScriptFault(description: "\(arguments.last ?? "") ended with \(status): \(text)") }
    return text
  }
}
