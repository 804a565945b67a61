internal import PythonBridge

/// Makes objects of Python's from what a value encodes. Attached.
struct ScriptEncoder: Encoder {
  /// Where the one object of this level goes.
  final class Slot {
    var object: PythonObject = .none
    /// Puts the object where it belongs, when it is set.
    private let place: ((PythonObject) throws -> Void)?

    init(_ place: ((PythonObject) throws -> Void)? = nil) { self.place = place }

    func set(_ object: PythonObject) throws {
      self.object = object
      try place?(object)
    }
  }

  let codingPath: [any CodingKey]
  let slot: Slot
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ codingPath: [any CodingKey], _ slot: Slot = Slot()) {
    self.codingPath = codingPath
    self.slot = slot
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(Keyed<Key>(codingPath: codingPath, dictionary: Lazy(slot) { try .dictionary() }))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    Unkeyed(codingPath: codingPath, list: Lazy(slot) { try .list() })
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Single(codingPath: codingPath, slot: slot) }

  /// The object of a container, whose making can fail where the protocol does not let it.
  final class Lazy {
    private let result: Result<PythonObject, any Error>

    init(_ slot: Slot, _ make: () throws -> PythonObject) {
      result = Result {
        let existing = slot.object
        if !existing.isNone { return existing }
        let object = try make()
        try slot.set(object)
        return object
      }
    }

    var object: PythonObject { get throws { try result.get() } }
  }

  /// An object for a value that a container holds.
  fileprivate static func encode(_ value: some Encodable, _ path: [any CodingKey], _ slot: Slot) throws {
    try Conversion.enter()
    defer { Conversion.leave() }
    // Numbers, text, `[UInt8]` and their like have objects without a coding.
    if let value = value as? any IntoScript, !(value is any ScriptCodable) {
      try slot.set(value.intoScript().bridged())
    } else {
      try value.encode(to: ScriptEncoder(path, slot))
    }
  }

  private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let codingPath: [any CodingKey]
    let dictionary: Lazy

    private func slot(_ key: String) -> Slot {
      Slot { try dictionary.object.set($0, for: key) }
    }

    mutating func encodeNil(forKey key: Key) throws { try slot(key.stringValue).set(.none) }

    mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
      try ScriptEncoder.encode(value, codingPath + [key], slot(key.stringValue))
    }

    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
      ScriptEncoder(codingPath + [key], slot(key.stringValue)).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      ScriptEncoder(codingPath + [key], slot(key.stringValue)).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
      ScriptEncoder(codingPath + [ScriptCodingKey.super], slot(ScriptCodingKey.super.stringValue))
    }

    mutating func superEncoder(forKey key: Key) -> any Encoder {
      ScriptEncoder(codingPath + [key], slot(key.stringValue))
    }
  }

  private struct Unkeyed: UnkeyedEncodingContainer {
    let codingPath: [any CodingKey]
    let list: Lazy
    private(set) var count = 0

    init(codingPath: [any CodingKey], list: Lazy) {
      self.codingPath = codingPath
      self.list = list
    }

    private mutating func next() -> (path: [any CodingKey], slot: Slot) {
      defer { count += 1 }
      return (codingPath + [ScriptCodingKey(index: count)], Slot { [list] in try list.object.append($0) })
    }

    mutating func encodeNil() throws { try next().slot.set(.none) }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
      let (path, slot) = next()
      try ScriptEncoder.encode(value, path, slot)
    }

    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
      let (path, slot) = next()
      return ScriptEncoder(path, slot).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      let (path, slot) = next()
      return ScriptEncoder(path, slot).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
      let (path, slot) = next()
      return ScriptEncoder(path, slot)
    }
  }

  private struct Single: SingleValueEncodingContainer {
    let codingPath: [any CodingKey]
    let slot: Slot

    mutating func encodeNil() throws { try slot.set(.none) }

    mutating func encode<Value: Encodable>(_ value: Value) throws { try ScriptEncoder.encode(value, codingPath, slot) }
  }
}
