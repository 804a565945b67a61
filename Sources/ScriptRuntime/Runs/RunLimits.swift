import CPython
import CScriptRuntime
import DeviceModules
import FTPModule
import Glibc
import PythonBridge

/// What `RunOptions` ask for, from before the interpreter's start to after its end.
struct RunLimits {
  let options: RunOptions
  private let deadline: RunDeadline?

  init(_ options: RunOptions) {
    self.options = options
    deadline = options.timeout.map(RunDeadline.init)
  }

  /// Does what must come before the interpreter's start. False when it cannot start, which has been said.
  func prepare(_ words: inout [OwnOptions.Word]) -> Bool {
    if options.showsProgress { TransferObservation.observer = ProgressMeter() }
    guard let heapSize = options.heapSize else { return true }
    BlockSize.limit(toHeap: heapSize)
    return script_memory_prepare(CInt(words.count), &words)
  }

  /// Does what must come after the interpreter's start and before the script. False with a Python exception set.
  func begin() -> Bool {
    do { return try prepareRun() } catch { return false }
  }

  private func prepareRun() throws(PythonError) -> Bool {
    guard let program = PyImport_AddModule("_ftpy.program").flatMap({ PyModule_GetDict($0) }),
      script_prompt_offer_pasting(program)
    else { return false }
    if options.heapSize != nil || deadline != nil { try EndOfRun.follow() }
    if let heapSize = options.heapSize {
      guard preload() else { return false }
      // The prompt that Python has since 3.13 is itself a script: its lines and colours would take the heap.
      script_prompt_be_basic()
      script_memory_set_limit(heapSize)
      script_memory_begin_with_command()
    }
    try deadline?.begin()
    return true
  }

  /// What the client loads when it is used (host names are encoded by `idna`), the interpreter when it prints an exception, and
  /// ftpy when a script says `return`.
  private static let ownModules = [
    "socket", "ssl", "encodings.idna", "encodings.latin_1", "ftplib", "usr.ftplib", "threading", "traceback",
    "linecache", "tokenize", "ast", "unicodedata", "_colorize", "_ftpy.chunk", "_ftpy.embedding",
  ]

  /// Loads what a script finds in the firmware on the device, so that it does not count as the script's.
  private func preload() -> Bool {
    var names = Self.ownModules
    var index = 0
    while let module = device_module(index)?.pointee {
      let name = String(cString: module.name)
      // A stub says that it is one when it is imported.
      if !module.is_stub, !name.hasPrefix("_ftpy") { names.append(name) }
      index += 1
    }
    for name in names {
      guard let module = PyImport_ImportModule(name) else {
        // A module that is not for this computer says so when it is imported.
        guard PyErr_ExceptionMatches(py_import_error()) != 0 else { return false }
        PyErr_Clear()
        continue
      }
      // `uos` and its like run at the first look at them.
      if let names = PyObject_Dir(module) { Py_DecRef(names) } else { PyErr_Clear() }
      Py_DecRef(module)
    }
    return true
  }

}
