import CPython
import FTPModule

/// The client as a module that the interpreter has built in.
enum BuiltinModule {
  /// Makes `import ftplib` find the client before every file of that name. Call it before Python starts.
  ///
  /// False only if there is no memory left.
  static func register() -> Bool {
    // Python keeps the pointer instead of copying the name: only a literal's bytes live as long as that.
    let name: StaticString = "ftplib"
    return name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) {
      PyImport_AppendInittab($0) { FTPModule.moduleDefinition() } == 0
    }
  }
}
