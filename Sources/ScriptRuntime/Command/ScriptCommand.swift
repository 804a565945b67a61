import CPython
import CScriptRuntime

/// The `python3` command with the FTP client and the device's modules inside: what `ftpy` is.
///
/// It understands Python's command line (script, `-c`, `-m`, `-`, or no argument for the prompt; `-i`,
/// `-X`, ...), reads Python's environment variables, handles its signals and returns its exit codes.
/// `ftplib` and `usr.ftplib` are the module in this program, not the standard library's; `uos` is
/// importable and predefined. Its own options are those of `OwnOptions`.
public enum ScriptCommand {
  /// Runs one command line from start to end and returns the exit status.
  ///
  /// `arguments` are the process's own, as `CommandLine.unsafeArgv` has them: bytes, the program's name
  /// first. Call it once, on the main thread: the interpreter is ended when it returns. Standard output may
  /// hold text from Swift that still waits in its buffer, so leave with `exit`.
  public static func run(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  ) -> CInt {
    do throws(OwnOptions.Mistake) {
      let options = try OwnOptions((0..<max(Int(count), 0)).map { arguments[$0] })
      switch options.question {
      case .help:
        print(Help.text, terminator: "")
        return 0
      case .version(let detail):
        print(Banner.version(detail: detail))
        return 0
      case nil:
        let root = try DeviceRoot.chosen(by: options.root, boots: options.boots)
        return runPython(options, RunLimits(options.run), root: root)
      }
    } catch {
      Banner.complain(error.sentence)
      return 2
    }
  }

  private static func runPython(_ options: OwnOptions, _ limits: RunLimits, root: DeviceRoot?) -> CInt {
    guard BuiltinModule.register() else {
      Banner.complain("no memory to start")
      return 1
    }
    var words = options.forPython
    guard limits.prepare(&words) else { return 1 }
    let name = words.first ?? nil
    let start = script_runtime_start(CInt(words.count), &words, ExecutablePath.startedAs(name))
    guard start.started else { return start.status }
    guard DeviceImports.install(root: root, memoryLimit: options.run.heapSize, ownsProcess: true), limits.begin()
    else {
      PyErr_Print()
      return 1
    }
    if options.boots { script_runtime_boot(root != nil) }
    if start.prompt, !script_runtime_is_ending() { Banner.show(isPlain: options.run.heapSize != nil) }
    return script_runtime_run(root != nil)
  }
}
