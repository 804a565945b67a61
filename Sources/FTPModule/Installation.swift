import CPython
import PythonBridge

/// `install`: this module in the standard library's place.
enum Installation {
  static let function = PyMethodDef.function(
    "install",
    """
    install($module, /)
    --

    Put this module in the place of the standard library's: from now on `import ftplib` gives
    this one, in every module of the program.

    Modules that have imported the standard library's before keep that: a RuntimeWarning says
    so.
    """
  ) {
    ModuleFunctions.call($0, $1, $2, $3, Signature("install")) { state, _ in
      let modules = try importModule("sys").attribute("modules")
      let name = try PythonObject.string("ftplib")
      let ownName = try state.namespace.value(for: .string("__name__")) ?? name
      let own = try importModule(ownName.text())
      if let present = try modules.value(for: name), present !== own {
        try warn(
          "RuntimeWarning",
          "ftplib was imported before install(): modules that hold the standard library's go on using that")
      }
      try modules.set(own, for: name)
      return .none
    }
  }
}
