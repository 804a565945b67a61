public import FTPClient
public import PythonBridge

/// Sets the exception that `ftplib` has for a client's error: for a Swift program whose functions Python calls. Attached.
public func setException(for error: FTPError) -> PythonError {
  do throws(PythonError) {
    return try ModuleState.imported().exception(for: error)
  } catch { return error }
}
