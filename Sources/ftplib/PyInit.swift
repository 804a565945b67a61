public import CPython
import FTPModule

/// What `import ftplib` calls. The only symbol that the shared object exports.
///
/// Raises `ImportError` in a Python that has not all of the stable ABI that the module uses.
@c(PyInit_ftplib)
public func PyInit_ftplib() -> UnsafeMutablePointer<PyObject>? {
  guard py_has_stable_abi() != 0 else {
    let version = String(cString: Py_GetVersion()).prefix { $0 != " " }
    PyErr_SetString(py_import_error(), "ftplib needs Python 3.11 or later; this is Python \(version)")
    return nil
  }
  return FTPModule.moduleDefinition()
}
