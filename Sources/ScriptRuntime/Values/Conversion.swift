internal import CPython
internal import CScriptRuntime
internal import PythonBridge

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

  /// Counts what a value takes in this program: a script's list can be a hundred thousand times the same text, each time to be copied. Throws
  /// `MemoryError` when the whole takes more than the script's memory limit.
  static func take(bytes: Int) throws(ScriptError) {
    guard script_conversion_take(max(bytes, 0)) else {
      throw ScriptError(.exception, type: "MemoryError", "the value takes more memory than the limit allows")
    }
  }

  /// Calls `body` with each item that an iterable brings; `expected` is what there should be. An endless one ends as a run does, by its deadline or by
  /// `cancel`.
  static func forEachItem(
    of pointer: ObjectPointer, expected: String = "list", _ body: (ObjectPointer) throws(ScriptError) -> Void
  ) throws(ScriptError) {
    guard let iterator = PyObject_GetIter(pointer) else {
      guard PythonError.matches(.typeError) else { throw ScriptError.taken() }
      PyErr_Clear()
      throw .mismatch(expected: expected, found: BorrowedReference(pointer))
    }
    let kept = OwnedReference(iterator)
    var count = 0
    while let next = PyIter_Next(kept.pointer) {
      let item = OwnedReference(next)
      try body(item.pointer)
      count &+= 1
      // An iterator in C runs no instruction between which Python would ask.
      if count % 256 == 0 { try RunControl.shared.check() }
    }
    if PyErr_Occurred() != nil { throw ScriptError.taken() }
  }

  /// The exception that is set, as `.conversion`: it says why a value does not fit.
  ///
  /// Not so what is no `Exception`, as a stop and `SystemExit`, or memory that has run out: that has only happened while the value was read.
  static func misfit() -> ScriptError {
    let saysWhy = PythonError.matches(.exception) && !PythonError.matches(.memoryError)
    let error = ScriptError.taken()
    return saysWhy ? ScriptError(.conversion, type: error.type, error.message) : error
  }

  /// Says that Swift takes for one what is two in Python, as texts with the same characters in another spelling: one of them would be lost.
  static func same(_ both: String, _ value: some Any) -> ScriptError {
    ScriptError(.conversion, type: "ValueError", "\(both) are the same in Swift: \(value)")
  }

  static var tooDeep: ScriptError {
    ScriptError(.conversion, type: tooDeepType, "the value is nested more than \(deepest) deep")
  }

  /// Whether `error` says that a value does not fit, which is to say where; of one that is too deep the place would say nothing, at length.
  static func hasPlace(_ error: ScriptError) -> Bool { error.kind == .conversion && error.type != tooDeepType }

  private static let tooDeepType = "RecursionError"
}
