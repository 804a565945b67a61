import CPython
import FTPClient
import PythonBridge

/// What `mlsd` returns: an iterator of `(name, facts)` that asks the server at its first step.
final class MachineListing: ReferenceHolder {
  /// Nothing after `close`, or after the garbage collector has broken the cycle that the iterator was part of.
  private var ftp: PythonObject?
  private let path: PythonObject?
  private let facts: [String]
  /// The lines, once the server has been asked.
  private var lines: Lines?
  private var dictionaries = FactDictionaries()
  /// Blocks of whole lines that are still to come, the last one first, and where the next line begins.
  private var blocks: [[UInt8]] = []
  private var position = 0
  /// Entries that have been made, the next one last.
  private var ahead: [PythonObject] = []
  /// How many are made at once. Twice as many objects are what the garbage collector counts, and it looks at all that there are again and again.
  private static let batch = 2048

  private enum Lines {
    /// In UTF-8, in `blocks`.
    case text
    /// An iterator over `str`.
    case strings(PythonObject)
  }

  /// `path` is a `str` or `bytes`; nil is the current directory.
  init(ftp: PythonObject, path: PythonObject?, facts: [String]) {
    self.ftp = ftp
    self.path = path
    self.facts = facts
  }

  var references: [PythonObject] {
    let iterator: PythonObject? = if case .strings(let iterator) = lines { iterator } else { nil }
    return [ftp, path, iterator].compactMap(\.self)
  }

  func clearReferences() {
    ftp = nil
    lines = nil
    blocks = []
    ahead = []
  }

  /// The next entry; nil at the end.
  private func next(_ state: ModuleState) throws -> PythonObject? {
    if lines == nil {
      // As a generator's: what it raises is its end.
      lines = .text
      lines = try request(state)
    }
    if case .strings(let iterator) = lines { return try iterator.next().map(entry(of:)) }
    return try nextOfText()
  }

  /// Whether `nextOfText` has the next entry.
  private var hasText: Bool { if case .text = lines { true } else { false } }

  /// The next entry where the lines are text; nil at their end.
  private func nextOfText() throws(PythonError) -> PythonObject? {
    if ahead.isEmpty { try withoutCollection { () throws(PythonError) in try makeAhead() } }
    return ahead.popLast()
  }

  /// Makes the next entries of a block. One for which there is no memory is tried again when it is its turn.
  private func makeAhead() throws(PythonError) {
    while let block = blocks.last, position >= block.count {
      blocks.removeLast()
      position = 0
    }
    guard let block = blocks.last else { return }
    var made: [PythonObject] = []
    defer { ahead = made.reversed() }
    try usingDictionaries { (dictionaries) throws(PythonError) in
      try block.withUnsafeBufferPointer { (bytes) throws(PythonError) in
        while position < bytes.count, made.count < Self.batch {
          let start = position
          let line = Self.line(of: UnsafeRawBufferPointer(bytes), from: start)
          position = start + line.count + 1
          do throws(PythonError) { made.append(try dictionaries.entry(line)) } catch {
            if made.isEmpty { throw error }
            PythonError.clear()
            position = start
            return
          }
        }
      }
    }
  }

  private static func line(of block: UnsafeRawBufferPointer, from start: Int) -> UnsafeRawBufferPointer {
    let end = FactDictionaries.find(UInt8(ascii: "\n"), in: block, from: start) ?? block.count
    return UnsafeRawBufferPointer(rebasing: block[start..<end])
  }

  /// Lends the dictionaries: the garbage collector may come meanwhile, and a finalizer that takes the next entry, for which there are none then.
  private func usingDictionaries<Result, Failure>(
    _ body: (inout FactDictionaries) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var taken = FactDictionaries()
    swap(&taken, &dictionaries)
    defer { swap(&taken, &dictionaries) }
    return try body(&taken)
  }

  /// The entry of a line as Python has it, with lone surrogates perhaps, which stand for bytes that are not in the encoding.
  private func entry(of line: PythonObject) throws -> PythonObject {
    if let entry = try line.withEncodableUTF8({ line in try usingDictionaries { try $0.entry(line) } }) { return entry }
    let codec = TextCodec.lossless
    let entry = MachineListingEntry(line: try codec.encode(line))
    let facts = try PythonObject.dictionary()
    if entry.facts.isEmpty { try facts.set(.string(""), for: "") }
    for (name, value) in entry.facts {
      try facts.set(codec.decode(value), for: codec.decode(name))
    }
    return try .tuple(codec.decode(entry.name), facts)
  }

  private func request(_ state: ModuleState) throws -> Lines {
    guard let ftp else { return .text }
    let object = FTPObject(object: ftp, state: state)
    let command = try path.map { try object.command("MLSD", $0) } ?? .string("MLSD")
    if !facts.isEmpty {
      try object.requireSendable(command)
      _ = try object.sendcmd("OPTS MLST " + facts.map { "\($0);" }.joined())
    }
    if let listed = try object.listedText(command) {
      blocks = listed.reversed()
      return .text
    }
    return .strings(try object.listing(command).iterator())
  }

  /// Makes the iterator's type.
  static func makeType(_ module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    let documentation: StaticString = "The entries of a directory: pairs of a name and a dictionary of facts."
    return try PythonBridge.makeType(
      in: module, name: "\(name)._MachineListing", size: NativeObject.size, flags: py_collected_type_flags,
      slots: NativeObject.slots + [
        PyType_Slot(Py_tp_iter, iterate),
        PyType_Slot(Py_tp_iternext, step),
        PyType_Slot(Py_tp_methods, methods.start),
        PyType_Slot(Py_tp_doc, documentation.cString),
      ])
  }

  private static let methods = StaticTable<PyMethodDef>(
    [
      .method("close", "close($self, /)\n--\n\nEnd it: there is no further entry. As a generator's.") {
        instance, type, arguments, count, keywords in
        trampoline(definedBy: type) { _ in
          _ = try Arguments(Signature("close"), arguments, count, keywords: keywords)
          guard let instance else { return PythonObject.none }
          let listing = NativeObject.content(PythonObject(borrowed: instance), as: MachineListing.self)
          // A server that has not been asked is not asked any more.
          listing?.clearReferences()
          return PythonObject.none
        }
      }
    ], end: PyMethodDef())

  private static let iterate: @convention(c) (ObjectPointer?) -> ObjectPointer? = { PyObject_SelfIter($0) }

  private static let step: @convention(c) (ObjectPointer?) -> ObjectPointer? = { instance in
    guard
      let instance, let listing = NativeObject.content(PythonObject(borrowed: instance), as: MachineListing.self)
    else { return nil }
    // The search for the module's state costs as much as an entry.
    if listing.hasText { do { return try listing.nextOfText()?.newReference() } catch { return nil } }
    return trampoline(of: instance) { state in try listing.next(state) }
  }
}
