import CPython
public import PythonBridge

/// The version of the client, of the module (`ftplib.__version__`) and of `ftpy`.
public let version = "0.1.0"

/// What the interpreter calls for `import ftplib`: multi-phase initialisation (PEP 489), so that every interpreter of a
/// process has a module of its own.
public func moduleDefinition() -> ObjectPointer? { PyModuleDef_Init(ModuleDefinition.shared.start) }

/// The module's definition: one for the process, as its address says which modules are ours.
enum ModuleDefinition {
  static let shared: StaticTable<PyModuleDef> = {
    let documentation: StaticString = """
      FTP client (RFC 959): the documented device module's interface and CPython's, implemented in Swift.

      >>> from ftplib import FTP
      >>> with FTP(host='ftp.example.org', user='me', passwd='secret') as ftp:
      ...     with open('firmware.bin', 'wb') as file:
      ...         ftp.retrbinary('RETR firmware.bin', file.write)
      """
    let definition = py_module_def(
      ("ftplib" as StaticString).cString, documentation.cString, MemoryLayout<UnsafeRawPointer>.size,
      ModuleFunctions.table.start, slots.start, traverse, clear, free)
    return StaticTable([definition], end: PyModuleDef())
  }()

  /// Slots that an interpreter does not know make it refuse the module: each is added from the version that has it.
  private static let slots: StaticTable<PyModuleDef_Slot> = {
    var slots = [PyModuleDef_Slot(slot: Py_mod_exec, value: unsafeBitCast(execute, to: UnsafeMutableRawPointer.self))]
    let perInterpreterLock = (slot: CInt(3), value: UnsafeMutableRawPointer(bitPattern: 2))  // since 3.12
    if Py_Version >= 0x030C_0000 {
      slots.append(PyModuleDef_Slot(slot: perInterpreterLock.slot, value: perInterpreterLock.value))
    }
    return StaticTable(slots, end: PyModuleDef_Slot())
  }()

  private static let execute: @convention(c) (ObjectPointer?) -> CInt = { module in
    guard let module, let slot = ModuleState.slot(of: module) else { return -1 }
    do {
      slot.pointee = Unmanaged.passRetained(try ModuleState(PythonObject(borrowed: module)))
      return 0
    } catch {
      return -1
    }
  }

  private static let traverse: traverseproc = { module, visit, argument in
    guard let module, let visit, let state = ModuleState.slot(of: module)?.pointee else { return 0 }
    for reference in state.takeUnretainedValue().references {
      let status = reference.withPointer { visit($0, argument) }
      if status != 0 { return status }
    }
    return 0
  }

  private static let clear: inquiry = { module in
    release(module)
    return 0
  }

  private static let free: freefunc = { release($0?.assumingMemoryBound(to: PyObject.self)) }

  private static let release: @Sendable (ObjectPointer?) -> Void = { module in
    guard let module, let slot = ModuleState.slot(of: module), let state = slot.pointee else { return }
    slot.pointee = nil
    state.release()
  }
}
