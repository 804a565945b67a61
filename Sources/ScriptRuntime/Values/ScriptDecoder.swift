internal import CPython
internal import PythonBridge

/// Reads a value from objects of Python's. Attached.
struct ScriptDecoder: Decoder {
  private let object: PythonObject
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ object: PythonObject, _ codingPath: [any CodingKey]) {
    self.object = object
    self.codingPath = codingPath
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    try requireDepth()
    guard object.withPointer({ py_is_dict($0) }) != 0 else { throw mismatch("dict") }
    let container = Keyed<Key>(codingPath: codingPath, dictionary: object)
    // Keys of any name: a dictionary, of which nothing may get lost. A structure takes what it knows.
    if Key(stringValue: "\u{FFFF}") != nil { try container.requireKeys() }
    return KeyedDecodingContainer(container)
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try requireDepth()
    // `bytes` are numbers, as Foundation's `Data` reads them.
    guard !object.isString else { throw mismatch("list") }
    var items: [PythonObject] = []
    do {
      try object.withPointer { (pointer) throws(ScriptError) in
        try Conversion.forEachItem(of: pointer) { (item) throws(ScriptError) in
          try Conversion.take(bytes: MemoryLayout<PythonObject>.stride)
          items.append(PythonObject(borrowed: item))
        }
      }
    } catch {
      throw error.kind == .conversion ? mismatch("list") : error
    }
    return Unkeyed(codingPath: codingPath, items: items)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { Single(codingPath: codingPath, object: object) }

  /// A coding may go into containers by itself, without `decode`.
  private func requireDepth() throws(ScriptError) {
    guard codingPath.count < Conversion.deepest else { throw Conversion.tooDeep }
  }

  private func mismatch(_ expected: String) -> DecodingError {
    .typeMismatch(
      Any.self,
      DecodingError.Context(
        codingPath: codingPath, debugDescription: "expected \(expected), not '\(object.typeName)'"))
  }

  /// A value that a container holds.
  fileprivate static func decode<Value: Decodable>(
    _ object: PythonObject, _ type: Value.Type, _ path: [any CodingKey]
  ) throws -> Value {
    try Conversion.enter()
    defer { Conversion.leave() }
    try Conversion.take(bytes: MemoryLayout<Value>.size)
    // Numbers, text, `[UInt8]` and their like are read without a coding.
    guard let native = type as? any FromScript.Type, !(type is any ScriptCodable.Type) else {
      return try Value(from: ScriptDecoder(object, path))
    }
    let value: any FromScript
    do { value = try native.init(object) } catch {
      guard Conversion.hasPlace(error) else { throw error }
      throw DecodingError.typeMismatch(
        type, DecodingError.Context(codingPath: path, debugDescription: error.message))
    }
    guard let value = value as? Value else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: path, debugDescription: "cannot be read as \(type)"))
    }
    return value
  }

  private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let codingPath: [any CodingKey]
    let dictionary: PythonObject

    var allKeys: [Key] {
      do { return try keys().compactMap { try? Self.key($0) } } catch {
        PythonError.clear()
        return []
      }
    }

    /// The dictionary's own list of its keys: to make that runs no code of the script's.
    private func keys() throws(PythonError) -> [PythonObject] {
      try owned(dictionary.withPointer { PyDict_Keys($0) }).items()
    }

    /// A `str` or an `int` as a key; nil where it is none. Throws `.conversion`.
    private static func key(_ object: PythonObject) throws(ScriptError) -> Key? {
      object.isInteger ? Key(intValue: try Int(object)) : Key(stringValue: try String(object))
    }

    /// Throws `.conversion` for what cannot be a key, and for two that a Swift dictionary would take for one.
    func requireKeys() throws {
      var names: Set<String> = []
      for object in try keys() {
        do throws(ScriptError) {
          guard let name = try Self.key(object)?.stringValue, !names.insert(name).inserted else { continue }
          throw Conversion.same("two", name)
        } catch {
          guard Conversion.hasPlace(error) else { throw error }
          throw DecodingError.typeMismatch(
            Key.self, DecodingError.Context(codingPath: codingPath, debugDescription: "a key: \(error.message)"))
        }
      }
    }

    private func value(_ key: any CodingKey) throws -> PythonObject {
      if let value = try dictionary.value(for: .string(key.stringValue)) { return value }
      guard let number = key.intValue, let value = try dictionary.value(for: .integer(number)) else {
        throw DecodingError.keyNotFound(
          key, DecodingError.Context(codingPath: codingPath, debugDescription: "there is no '\(key.stringValue)'"))
      }
      return value
    }

    func contains(_ key: Key) -> Bool {
      do {
        if try dictionary.value(for: .string(key.stringValue)) != nil { return true }
        guard let number = key.intValue else { return false }
        return try dictionary.value(for: .integer(number)) != nil
      } catch {
        // Whoever is told that it is there goes on to read it, and that can throw.
        PythonError.clear()
        return true
      }
    }

    func decodeNil(forKey key: Key) throws -> Bool { try value(key).isNone }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
      try ScriptDecoder.decode(value(key), type, codingPath + [key])
    }

    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
      try ScriptDecoder(value(key), codingPath + [key]).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      try ScriptDecoder(value(key), codingPath + [key]).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
      try ScriptDecoder(value(ScriptCodingKey.super), codingPath + [ScriptCodingKey.super])
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try ScriptDecoder(value(key), codingPath + [key]) }
  }

  private struct Unkeyed: UnkeyedDecodingContainer {
    let codingPath: [any CodingKey]
    let items: [PythonObject]
    private(set) var currentIndex = 0

    init(codingPath: [any CodingKey], items: [PythonObject]) {
      self.codingPath = codingPath
      self.items = items
    }

    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex >= items.count }
    private var path: [any CodingKey] { codingPath + [ScriptCodingKey(index: currentIndex)] }

    private func current() throws -> PythonObject {
      guard currentIndex < items.count else {
        throw DecodingError.valueNotFound(
          Any.self, DecodingError.Context(codingPath: path, debugDescription: "there are only \(items.count) items"))
      }
      return items[currentIndex]
    }

    mutating func decodeNil() throws -> Bool {
      guard try current().isNone else { return false }
      currentIndex += 1
      return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
      let value = try ScriptDecoder.decode(current(), type, path)
      currentIndex += 1
      return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
      let container = try ScriptDecoder(current(), path).container(keyedBy: type)
      currentIndex += 1
      return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
      let container = try ScriptDecoder(current(), path).unkeyedContainer()
      currentIndex += 1
      return container
    }

    mutating func superDecoder() throws -> any Decoder {
      let decoder = ScriptDecoder(try current(), path)
      currentIndex += 1
      return decoder
    }
  }

  private struct Single: SingleValueDecodingContainer {
    let codingPath: [any CodingKey]
    let object: PythonObject

    func decodeNil() -> Bool { object.isNone }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
      try ScriptDecoder.decode(object, type, codingPath)
    }
  }
}

extension FromScript {
  /// Reads an object of the bridge's.
  fileprivate init(_ object: PythonObject) throws(ScriptError) {
    self = try object.withPointer { (pointer) throws(ScriptError) in
      try Self(fromScript: BorrowedReference(pointer))
    }
  }
}
