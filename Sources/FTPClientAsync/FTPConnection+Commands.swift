public import FTPClient

/// The commands without a data connection, and listings. Each is documented at `FTPSession`.
extension FTPConnection {
  /// The server's greeting.
  public var welcome: Reply {
    get throws { try usable { (session) throws(FTPError) in session.welcome } }
  }

  /// Logs in; see `FTPSession.logIn`.
  @discardableResult
  public func logIn(user: String = "anonymous", password: String? = nil, account: String = "") throws -> Reply {
    try usable { (session) throws(FTPError) in
      try session.logIn(user: user, password: password, account: account)
    }
  }

  /// Sends any command and returns its reply; see `FTPSession.execute`.
  public func execute(_ line: String) throws -> Reply {
    try usable { (session) throws(FTPError) in try session.execute(line) }
  }

  /// The current directory (`PWD`).
  public func workingDirectory() throws -> String {
    try usable { (session) throws(FTPError) in try session.workingDirectory() }
  }

  /// Changes the current directory (`CWD`, `CDUP`).
  @discardableResult
  public func changeDirectory(to path: String) throws -> Reply {
    try usable { (session) throws(FTPError) in try session.changeDirectory(to: path) }
  }

  /// Makes a directory (`MKD`) and returns its path.
  @discardableResult
  public func makeDirectory(_ path: String) throws -> String {
    try usable { (session) throws(FTPError) in try session.makeDirectory(path) }
  }

  /// Removes a directory (`RMD`).
  @discardableResult
  public func removeDirectory(_ path: String) throws -> Reply {
    try usable { (session) throws(FTPError) in try session.removeDirectory(path) }
  }

  /// Deletes a file (`DELE`).
  @discardableResult
  public func delete(_ path: String) throws -> Reply {
    try usable { (session) throws(FTPError) in try session.delete(path) }
  }

  /// Renames a file or directory (`RNFR`, `RNTO`).
  @discardableResult
  public func rename(_ path: String, to newPath: String) throws -> Reply {
    try usable { (session) throws(FTPError) in try session.rename(path, to: newPath) }
  }

  /// The size of a file in bytes (`SIZE`), as a binary download gives it; nil when the server's answer holds none.
  public func size(of path: String) throws -> UInt64? {
    try usable { (session) throws(FTPError) in
      try session.setRepresentation(.binary)
      return try session.size(of: path)
    }
  }

  /// When a file was last changed, in UTC (`MDTM`); nil when the server's answer holds no time.
  public func modificationTime(of path: String) throws -> FileStatus.Time? {
    try usable { (session) throws(FTPError) in try session.modificationTime(of: path) }
  }

  /// The extensions that the server names (`FEAT`).
  public func features() throws -> [String] {
    try usable { (session) throws(FTPError) in try session.features() }
  }

  /// Does nothing, and keeps the server from closing an idle session (`NOOP`).
  @discardableResult
  public func noOperation() throws -> Reply {
    try usable { (session) throws(FTPError) in try session.noOperation() }
  }

  /// The entries of a directory by whatever the server has for that; see `FTPSession.entries`.
  public func entries(of path: String? = nil) throws -> [ListingEntry] {
    try usable { (session) throws(FTPError) in try session.entries(of: path) }
  }

  /// The names in a directory (`NLST`).
  public func nameList(_ path: String? = nil) throws -> [String] {
    try usable { (session) throws(FTPError) in try session.nameList(path) }
  }

  /// The lines of a directory listing as the server writes them (`LIST`).
  public func list(_ path: String? = nil) throws -> [String] {
    try usable { (session) throws(FTPError) in try session.list(path) }
  }
}
