internal import CScriptRuntime

/// What holds for every value on its way between Swift and Python, whoever's it is.
enum Conversion {
  /// How many lists, dictionaries and codings may lie one in the other: as many as Foundation's JSON decoder allows. Each takes some
  /// hundred bytes of the thread's stack, and a script can make a list that holds itself.
  static let deepest: CInt = 512

  /// Goes into a value, to be followed by `leave`. Throws `.conversion` (`RecursionError`) where that is too deep.
  static func enter() throws(ScriptError) {
    guard script_conversion_enter(deepest) else { throw tooDeep }
  }

  /// Comes out of it.
  static func leave() { script_conversion_leave() }

  static var tooDeep: ScriptError {
    ScriptError(.conversion, type: tooDeepType, "the value is nested more than \(deepest) deep")
  }

  /// Whether `error` says that a value does not fit, which is to say where; of one that is too deep the place would say nothing, at length.
  static func hasPlace(_ error: ScriptError) -> Bool { error.kind == .conversion && error.type != tooDeepType }

  private static let tooDeepType = "RecursionError"
}
