internal import CPython
internal import PythonBridge

/// A `Codable` type whose values pass between Swift and scripts by its coding: structures as `dict`, arrays as `list`, raw values as they are.
///
///     struct Reading: ScriptCodable {
///       var sensor: String
///       var value: Double
///     }
///     let readings: [Reading] = try interpreter.eval("[{'sensor': 'a', 'value': 1.5}]")
public protocol ScriptCodable: Codable, FromScript, IntoScript {}

extension ScriptCodable {
  /// Decodes an object. Throws `.conversion`, which says where in it the value does not fit.
  public init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
    let object = PythonObject(borrowed: reference.pointer)
    try Conversion.enter()
    defer { Conversion.leave() }
    do { self = try Self(from: ScriptDecoder(object, [])) } catch { throw ScriptError(coding: error) }
  }

  /// Encodes the value. Throws `.conversion` when its coding does not work out.
  public func intoScript() throws(ScriptError) -> OwnedReference {
    let encoder = ScriptEncoder([])
    do { try encode(to: encoder) } catch { throw ScriptError(coding: error) }
    return OwnedReference(encoder.slot.object.newReference())
  }
}

extension ScriptError {
  /// What a type's coding threw.
  fileprivate init(coding error: any Error) {
    switch error {
    case let error as ScriptError: self = error
    case is PythonError: self = ScriptError.taken()
    case let error as DecodingError: self.init(.conversion, type: "TypeError", error.sentence)
    case let error as EncodingError: self.init(.conversion, type: "TypeError", error.sentence)
    default: self.init(.conversion, type: "TypeError", "\(error)")
    }
  }
}

extension DecodingError {
  fileprivate var sentence: String {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      return context.sentence
    case .keyNotFound(let key, let context):
      return "\(context.codingPath.place)there is no '\(key.stringValue)'"
    @unknown default: return "\(self)"
    }
  }
}

extension DecodingError.Context {
  fileprivate var sentence: String { codingPath.place + debugDescription }
}

extension EncodingError {
  fileprivate var sentence: String {
    guard case .invalidValue(_, let context) = self else { return "\(self)" }
    return context.codingPath.place + context.debugDescription
  }
}

extension [any CodingKey] {
  /// `points.2.x: `, or nothing at the top.
  fileprivate var place: String { isEmpty ? "" : map(\.stringValue).joined(separator: ".") + ": " }
}

/// A key that is a place in an array, or `super`.
struct ScriptCodingKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(index: Int) {
    stringValue = "\(index)"
    intValue = index
  }
  init(stringValue: String) {
    self.stringValue = stringValue
    intValue = nil
  }
  init(intValue: Int) { self.init(index: intValue) }

  static let `super` = ScriptCodingKey(stringValue: "super")
}
