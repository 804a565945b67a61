import CPython
import FTPClient
import PythonBridge

/// What `mlsd` returns: an iterator of `(name, facts)` that asks the server at its first step.
final class MachineListing: ReferenceHolder {
  /// Nothing after the garbage collector has broken the cycle that the iterator was part of.
  private var ftp: PythonObject?
  private let path: PythonObject?
  private let facts: [String]
  private var entries: PythonObject?

  /// `path` is a `str` or `bytes`; nil is the current directory.
  init(ftp: PythonObject, path: PythonObject?, facts: [String]) {
    self.ftp = ftp
    self.path = path
    self.facts = facts
  }

  var references: [PythonObject] { [ftp, path, entries].compactMap(\.self) }

  func clearReferences() {
    ftp = nil
    entries = nil
  }

  /// The next entry; nil at the end.
  private func next(_ state: ModuleState) throws -> PythonObject? {
    if entries == nil { entries = try request(state).iterator() }
    guard let line = try entries?.next() else { return nil }
    let codec = TextCodec.lossless
    let entry = MachineListingEntry(line: try codec.encode(line))
    let facts = try PythonObject.dictionary()
    // CPython's reading of a line without facts.
    if entry.facts.isEmpty { try facts.set(.string(""), for: "") }
    for (name, value) in entry.facts {
      try facts.set(codec.decode(value), for: codec.decode(name))
    }
    return try .tuple(codec.decode(entry.name), facts)
  }

  private func request(_ state: ModuleState) throws -> PythonObject {
    guard let ftp else { return try .list() }
    let object = FTPObject(object: ftp, state: state)
    let command = try path.map { try object.command("MLSD", $0) } ?? .string("MLSD")
    if !facts.isEmpty {
      try object.requireSendable(command)
      _ = try object.sendcmd("OPTS MLST " + facts.map { "\($0);" }.joined())
    }
    return try object.listing(command) { _, _ in }
  }

  /// Makes the iterator's type.
  static func makeType(_ module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    let documentation: StaticString = "The entries of a directory: pairs of a name and a dictionary of facts."
    return try PythonBridge.makeType(
      in: module, name: "\(name)._MachineListing", size: NativeObject.size, flags: py_collected_type_flags,
      slots: NativeObject.slots + [
        PyType_Slot(Py_tp_iter, iterate),
        PyType_Slot(Py_tp_iternext, step),
        PyType_Slot(Py_tp_doc, documentation.cString),
      ])
  }

  private static let iterate: @convention(c) (ObjectPointer?) -> ObjectPointer? = { PyObject_SelfIter($0) }

  private static let step: @convention(c) (ObjectPointer?) -> ObjectPointer? = { instance in
    guard
      let instance, let listing = NativeObject.content(PythonObject(borrowed: instance), as: MachineListing.self)
    else { return nil }
    return trampoline(of: instance) { state in try listing.next(state) }
  }
}
