import Foundation

/// A case of HostProbe in a process of its own.
struct Probe {
  let status: Int32
  let output: String
  let errors: String

  /// Runs a case with nothing but these variables in its environment. It is ended after 120 seconds.
  static func run(
    _ words: String..., environment: [String: String] = [:], closesOutput: Bool = false
  ) throws -> Probe { try run(words, environment: environment, closesOutput: closesOutput) }

  /// The same with the words in an array.
  static func run(
    _ words: [String], environment: [String: String] = [:], closesOutput: Bool = false
  ) throws -> Probe {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments = ["120", executable.path] + words
    process.environment = environment.merging(inherited) { given, _ in given }
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    if closesOutput { try output.fileHandleForReading.close() }
    try process.run()
    let text = closesOutput ? Data() : output.fileHandleForReading.readDataToEndOfFile()
    let complaints = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Probe(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: complaints, as: UTF8.self))
  }

  /// Whether this is a build with the thread sanitizer. It delivers a signal only when the thread calls the system, or a lock: what stops a run
  /// does not come through to a busy loop.
  static let hasThreadSanitizer = dlsym(dlopen(nil, RTLD_NOW), "__tsan_init") != nil

  private static var executable: URL {
    let running = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    return running.appendingPathComponent("HostProbe")
  }

  /// What a build with a sanitizer is to be told, and where a library of Python's lies that is none of the system's.
  private static var inherited: [String: String] {
    ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") || $0.key == "LD_LIBRARY_PATH" }
  }
}
