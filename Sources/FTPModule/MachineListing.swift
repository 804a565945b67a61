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
  private var names = FactNames()

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
    guard let entry = try entry(ofText: line) else { return try entry(ofEscaped: line) }
    return entry
  }

  /// The entry of a line; nil when it has lone surrogates, which stand for bytes that are not in the encoding.
  private func entry(ofText line: PythonObject) throws -> PythonObject? {
    let facts = try PythonObject.dictionary()
    var count = 0
    let name = try line.withEncodableUTF8 { line in
      let name = try MachineListingEntry.read(line) { name, value in
        try facts.set(.string(utf8: value), for: names.lowercased(name, at: count))
        count += 1
      }
      return try PythonObject.string(utf8: name)
    }
    guard let name else { return nil }
    // CPython's reading of a line without facts.
    if count == 0 { try facts.set(.string(""), for: "") }
    return try .tuple(name, facts)
  }

  private func entry(ofEscaped line: PythonObject) throws -> PythonObject {
    let codec = TextCodec.lossless
    let entry = MachineListingEntry(line: try codec.encode(line))
    let facts = try PythonObject.dictionary()
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
    return try object.listing(command)
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

/// The names of facts in lower case, as Python strings: a listing has the same few in each line, mostly in the same order.
private struct FactNames {
  private var known: [(written: [UInt8], name: PythonObject)] = []
  /// More than servers have.
  private static let limit = 64

  /// The name that is written so; `position` is which of its line's facts it is.
  mutating func lowercased(_ written: UnsafeRawBufferPointer, at position: Int) throws(PythonError) -> PythonObject {
    if position < known.count, known[position].written.elementsEqual(written) { return known[position].name }
    if let found = known.first(where: { $0.written.elementsEqual(written) }) { return found.name }
    let name = try TextCodec.utf8.decode(written.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
    if known.count < Self.limit { known.append((Array(written), name)) }
    return name
  }
}
