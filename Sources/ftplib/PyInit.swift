public import CPython
import FTPModule

/// What `import ftplib` calls. The only symbol that the shared object exports.
@c(PyInit_ftplib)
public func PyInit_ftplib() -> UnsafeMutablePointer<PyObject>? { FTPModule.moduleDefinition() }
