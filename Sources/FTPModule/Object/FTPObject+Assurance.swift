import PythonBridge

/// What looking has shown of an FTP object, and would show again: it holds until somebody writes to the object or its class, and saves
/// some 20 lookups a command.
struct Assurance {
  fileprivate(set) var lookups: LookupState
  /// Commands that enter here, or go through fewer methods, are this module's own affair: see `FTPObject.exchange`.
  let entry: FTPObject.Entry
  /// What `timeout` says of replies; nil where that is to be asked each time.
  let replyLimit: Connection.ReplyLimit?
  /// What `maxline` says.
  let lineLimit: Int
  /// Nobody sees the data connections: see `PlainData`.
  var hidesData = false
}

extension FTPObject {
  /// The connection of an object that is as it was when a command could enter here.
  static func assuredConnection(of object: Glance, _ state: ModuleState, _ entry: Entry) throws(PythonError)
    -> Connection?
  {
    guard let lookups = state.lookups.state(of: object), let connection = try connection(of: object, state),
      let assurance = connection.assurance, assurance.lookups == lookups, assurance.entry.rawValue <= entry.rawValue
    else { return nil }
    return connection
  }

  /// Remembers that a command could enter here, where that needs no other look as long as nobody writes to the object. `lookups` is its state
  /// before that was looked for.
  static func assure(
    _ connection: Connection, _ entry: Entry, in lookups: LookupState?, of object: Glance, _ state: ModuleState
  ) {
    connection.assurance = nil
    guard let lookups, state.socketAttribute.watches(object),
      others.allSatisfy({ state.lookups.isPlain(state.names[glance: $0]) })
    else { return }
    do {
      guard try haveConstants(object, [.debugging, .maxline], state) else { return }
      connection.assurance = Assurance(
        lookups: lookups, entry: entry,
        replyLimit: try object.has(state.names[glance: .timeout], state.notGiven()) ? .default : nil,
        lineLimit: try maximumLine(of: object, state))
    } catch {
      // Such an attribute need not be there as long as nobody asks for it.
      PythonError.clear()
    }
  }

  /// Remembers of a connection so assured that nobody sees its object's data connections; these attributes say so.
  static func assureHiding(
    _ connection: Connection, of object: Glance, _ state: ModuleState, by attributes: [Name]
  ) throws(PythonError) {
    guard connection.assurance != nil, try haveConstants(object, attributes, state) else { return }
    connection.assurance?.hidesData = true
  }

  /// Whether nothing but writing to the object or its class can change these attributes.
  private static func haveConstants(
    _ object: Glance, _ attributes: [Name], _ state: ModuleState
  ) throws(PythonError) -> Bool {
    for name in attributes {
      guard state.lookups.isPlain(state.names[glance: name]), try object.hasConstant(state.names[glance: name])
      else { return false }
    }
    return true
  }

  /// What else must be plain: two that are text, one that goes by the very object, one that is looked at each time, and one that is written to.
  private static let others: [Name] = [.encoding, .errors, .timeout, .file, .lastresp]

  /// Sets `lastresp`.
  static func setLastResponse(
    _ code: PythonObject, of object: Glance, on connection: Connection, _ state: ModuleState
  ) throws(PythonError) {
    let name = state.names[glance: .lastresp]
    if let assurance = connection.assurance,
      let lookups = try state.lookups.set(name, code, of: object, in: assurance.lookups)
    {
      connection.assurance?.lookups = lookups
    } else {
      try object.set(name, code)
    }
  }
}
