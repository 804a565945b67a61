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

  /// The size of a file in bytes (`SIZE`), as a binary download gives it: unlike `FTPSession.size` it sets that representation first.
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

  /// The entries of a directory with their facts (`MLSD`); see `FTPSession.machineList`.
  public func machineList(_ path: String? = nil) throws -> [MachineListingEntry] {
    try usable { (session) throws(FTPError) in try session.machineList(path) }
  }

  /// The facts about one file or directory (`MLST`).
  public func machineStatus(of path: String? = nil) throws -> MachineListingEntry {
    try usable { (session) throws(FTPError) in try session.machineStatus(of: path) }
  }

  /// Text about the server or a path (`STAT`).
  public func status(of path: String? = nil) throws -> String {
    try usable { (session) throws(FTPError) in try session.status(of: path) }
  }

  /// The server's help text (`HELP`).
  public func help(about command: String? = nil) throws -> String {
    try usable { (session) throws(FTPError) in try session.help(about: command) }
  }

  /// The server's operating system (`SYST`).
  public func system() throws -> String {
    try usable { (session) throws(FTPError) in try session.system() }
  }

  /// Sets an option of a command (`OPTS`), as in `UTF8 ON`.
  @discardableResult
  public func setOption(_ option: String) throws -> Reply {
    try usable { (session) throws(FTPError) in try session.setOption(option) }
  }

  /// A command of this server alone (`SITE`).
  @discardableResult
  public func site(_ command: String) throws -> Reply {
    try usable { (session) throws(FTPError) in try session.site(command) }
  }

  /// Whether commands and replies travel inside TLS.
  public var isSecure: Bool { session.isSecure }

  /// Ends TLS on the control connection (`CCC`); see `FTPSession.clearCommandChannel`.
  @discardableResult
  public func clearCommandChannel() throws -> Reply {
    try usable { (session) throws(FTPError) in try session.clearCommandChannel() }
  }
}
