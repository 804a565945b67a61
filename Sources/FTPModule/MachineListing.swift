import CPython
import FTPClient
import PythonBridge

/// What `mlsd` returns: an iterator of `(name, facts)` that asks the server at its first step.
final class MachineListing: ReferenceHolder {
  /// Nothing after the garbage collector has broken the cycle that the iterator was part of.
  private var ftp: PythonObject?
  private let path: String
  private let facts: [String]
  private var entries: PythonObject?

  init(ftp: PythonObject, path: String, facts: [String]) {
    self.ftp = ftp
    self.path = path
    self.facts = facts
  }

  var references: [PythonObject] { [ftp, entries].compactMap(\.self) }

  func clearReferences() {
    ftp = nil
    entries = nil
  }

  /// The next entry; nil at the end.
  private func next(_ state: ModuleState) throws -> PythonObject? {
    if entries == nil { entries = try request(state).iterator() }
    guard let line = try entries?.next() else { return nil }
    let entry = MachineListingEntry(line: try line.withUTF8 { Array($0) })
    let facts = try PythonObject.dictionary()
    // CPython's reading of a line without facts.
    if entry.facts.isEmpty { try facts.set(.string(""), for: "") }
    for (name, value) in entry.facts {
      try facts.set(Text.decode(value, "utf-8"), for: Text.decode(name, "utf-8"))
    }
    return try .tuple(Text.decode(entry.name, "utf-8"), facts)
  }

  private func request(_ state: ModuleState) throws -> PythonObject {
    guard let ftp else { return try .list() }
    let object = FTPObject(object: ftp, state: state)
    if !facts.isEmpty {
      try object.requireSendable(.string(path))
      _ = try object.sendcmd("OPTS MLST " + facts.map { "\($0);" }.joined())
    }
    return try object.listing(path.isEmpty ? "MLSD" : "MLSD \(path)") { _ in }
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
