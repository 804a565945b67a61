import CPython
import FTPClient
import PythonBridge

/// How long an `FTP` object waits.
///
/// Its attribute `timeout` is a number of seconds, `None` for no limit, or `socket`'s own mark for "not given".
/// Not given means the default of `socket.setdefaulttimeout`, and where there is none the limits below; sockets then stay without
/// a time limit of their own, as they would be in CPython.
extension FTPObject {
  /// How long to wait for a connection when nobody said.
  static let defaultConnect = 60.0
  /// How long a reply may take and a data connection may be silent when nobody said.
  static let defaultIdleTimeout = Duration.seconds(300)

  /// `socket`'s mark for a timeout that was not given.
  func notGiven() throws(PythonError) -> PythonObject {
    try state.notGiven()
  }

  /// Checks a timeout that a caller gave: a number above zero, or `None`.
  static func checkTimeout(_ value: PythonObject) throws(PythonError) {
    if value.isNone { return }
    guard try value.double() > 0 else {
      throw .value(
        "timeout must be above 0 seconds, or None for no limit, not \(try value.text()): non-blocking sockets (0) are not supported"
      )
    }
  }

  /// How long connecting may take, in seconds, nil for ever; what `timeout` is, nil where it was not given; and whether the socket must lose that limit
  /// once it is connected.
  func connectSeconds() throws(PythonError) -> (seconds: Double?, given: PythonObject?, isOurs: Bool) {
    guard try object.hasAttribute(state.names[.timeout], notGiven()) else {
      let timeout = try attribute(.timeout)
      try Self.checkTimeout(timeout)
      return (timeout.isNone ? nil : try timeout.double(), timeout, false)
    }
    // A module that a script has put in the place of `socket` need not have it, and a mock's is no number.
    let global = try state.pythonSocket().glance.callForNumber(state.names[glance: .getdefaulttimeout])
    return (global ?? Self.defaultConnect, nil, global == nil)
  }

  /// The attribute `timeout` as seconds, where it is a number above zero; nil is for ever. What else somebody has called so is not meant for this.
  func givenSeconds() throws(PythonError) -> Double? {
    let value = try attribute(.timeout)
    guard !value.isNone else { return nil }
    do {
      let seconds = try value.double()
      return seconds > 0 ? seconds : nil
    } catch {
      guard PythonError.matches(.typeError) else { throw error }
      PythonError.clear()
      return nil
    }
  }

  /// How long a data connection may take to be made, and how long it may be silent; nil is for ever. As on the sockets that `transfercmd` returns.
  func dataLimits() throws(PythonError) -> (connecting: Duration?, idleTimeout: Duration?) {
    let limit = try connectSeconds()
    let seconds = limit.seconds.map { Duration($0) }
    return (seconds, limit.isOurs ? Self.defaultIdleTimeout : seconds)
  }

  /// `keepalive`: how often a transfer speaks on the control connection; nil when it does not.
  ///
  /// What is no number is not meant for this: CPython's class has no such attribute, and a subclass may have a method of the name.
  var keepAliveInterval: Duration? {
    get throws(PythonError) {
      let value = try attribute(.keepalive)
      guard !value.isNone, value !== PythonObject.bool(true), value !== PythonObject.bool(false) else { return nil }
      let seconds: Double
      do { seconds = try value.double() } catch {
        guard PythonError.matches(.typeError) else { throw error }
        PythonError.clear()
        return nil
      }
      guard seconds > 0 else { throw .value("keepalive must be above 0 seconds, or None for never") }
      return Duration(seconds)
    }
  }

  /// How long to wait on a socket: its own limit, or ours when nobody set one. What somebody has put in a socket's place may have no such method.
  func idleTimeout(of socket: PythonObject) throws(PythonError) -> Duration? {
    let limit = try socket.optionalAttribute(state.names[.gettimeout])?.call() ?? PythonObject.none
    if limit.isNone { return try attribute(.timeout) === state.notGiven() ? Self.defaultIdleTimeout : nil }
    return Duration(try limit.double())
  }
}

extension Duration {
  /// A number of seconds; more than 300 years, or no number, is 300 years.
  init(_ seconds: Double) {
    let longest = 1e10
    self = .milliseconds(Int64((seconds.isNaN ? longest : max(0, min(seconds, longest))) * 1000))
  }
}
