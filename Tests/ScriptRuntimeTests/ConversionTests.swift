import Foundation
import ScriptRuntime
import Testing

@Suite struct ConversionTests {
  /// `repr` of what Python has of a value, and the value as it comes back.
  private func roundTrip<Value: FromScript & IntoScript & Sendable>(_ value: Value) throws -> (String, Value) {
    try withInterpreter { (interpreter) throws in
      try interpreter.set("value", to: value)
      let text: String = try interpreter.eval("repr(value)")
      let back: Value = try interpreter["value"]
      return (text, back)
    }
  }

  private func check<Value: FromScript & IntoScript & Sendable & Equatable>(_ value: Value, _ text: String) throws {
    let (seen, back) = try roundTrip(value)
    #expect(seen == text)
    #expect(back == value)
  }

  @Test func `values keep their worth both ways`() throws {
    try check(Int.min, "-9223372036854775808")
    try check(UInt64.max, "18446744073709551615")
    try check(Int8(-128), "-128")
    try check(UInt16.max, "65535")
    try check(true, "True")
    try check(0.1, "0.1")
    try check(-Double.infinity, "-inf")
    try check(Float(0.5), "0.5")
    try check("", "''")
    try check("a\0b \u{1F40D} \u{FC}", "'a\\x00b \u{1F40D} \u{FC}'")
    try check([UInt8]([0, 255, 10]), "b'\\x00\\xff\\n'")
    try check([UInt8](), "b''")
    try check([1, 2, 3], "[1, 2, 3]")
    try check([[String]](), "[]")
    try check(["a": [1.5, nil]], "{'a': [1.5, None]}")
    try check(Set([7]), "{7}")
    try check(Int?.none, "None")
    try check(Int?(4), "4")
  }

  struct Misfit: Sendable, CustomTestStringConvertible {
    let expression: String
    let message: String
    let read: @Sendable (Interpreter, String) throws(ScriptError) -> Void
    var testDescription: String { expression }

    init<Value: FromScript>(_ expression: String, _ type: Value.Type, _ message: String) {
      self.expression = expression
      self.message = message
      read = { (interpreter, expression) throws(ScriptError) in _ = try interpreter.eval(expression, as: type) }
    }
  }

  static let misfits: [Misfit] = [
    Misfit("'1'", Int.self, "expected int, not 'str'"),
    Misfit("1.0", Int.self, "expected int, not 'float'"),
    Misfit("None", Int.self, "expected int, not 'NoneType'"),
    Misfit("2 ** 63", Int.self, "the int does not fit Int"),
    Misfit("2 ** 64", UInt64.self, "the int does not fit UInt64"),
    Misfit("-1", UInt.self, "the int does not fit UInt"),
    Misfit("256", UInt8.self, "the int does not fit UInt8"),
    Misfit("10 ** 400", Double.self, "int too large to convert to float"),
    Misfit("'x'", Double.self, "expected float, not 'str'"),
    Misfit("1", Bool.self, "expected bool, not 'int'"),
    Misfit("b'x'", String.self, "expected str, not 'bytes'"),
    Misfit(
      "'\\ud800'", String.self, "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed"),
    Misfit("'ab'", [String].self, "expected list, not 'str'"),
    Misfit("7", [Int].self, "expected list, not 'int'"),
    Misfit("[1, 'a']", [Int].self, "item 1: expected int, not 'str'"),
    Misfit("[1]", [String: Int].self, "expected dict, not 'list'"),
    Misfit("{'a': [1, None]}", [String: [Int]].self, "item a: item 1: expected int, not 'NoneType'"),
    Misfit("{'\\u00e9': 1, 'e\\u0301': 2}", [String: Int].self, "two keys are the same in Swift: e\u{301}"),
    Misfit("[{2 ** 53: 1, 2 ** 53 + 1: 2}]", [[Double: Int]].self, "item 0: two keys are the same in Swift: \(0x1p53)"),
    Misfit("{'\\u00e9', 'e\\u0301'}", Set<String>.self, "two items are the same in Swift: "),
    Misfit("frozenset({2 ** 53, 2 ** 53 + 1})", Set<Double>.self, "two items are the same in Swift: \(0x1p53)"),
    Misfit("memoryview(b'abcd')[::2]", [UInt8].self, "memoryview: underlying buffer is not C-contiguous"),
  ]

  @Test(arguments: misfits)
  func `what does not fit says why`(misfit: Misfit) throws {
    let error = try withInterpreter { (interpreter) throws in
      refusal { () throws(ScriptError) in try misfit.read(interpreter, misfit.expression) }
    }
    #expect(error?.kind == .conversion)
    // Which of two equal items of a set comes last is not known.
    #expect(
      misfit.message.hasSuffix(": ")
        ? error?.message.hasPrefix(misfit.message) == true : error?.message == misfit.message)
    #expect(try withInterpreter { try $0.eval("1", as: Int.self) } == 1)
  }

  @Test func `equal items of a list are one in a set`() throws {
    try withInterpreter { (interpreter) throws in
      #expect(try interpreter.eval("[1, 1, 2]", as: Set<Int>.self) == [1, 2])
      #expect(try interpreter.eval("['\\u00e9', 'e\\u0301']", as: Set<String>.self) == ["\u{E9}"])
    }
  }

  @Test func `any iterable is an array, what has __index__ an integer`() throws {
    try withInterpreter { (interpreter) throws in
      #expect(try interpreter.eval("range(3)", as: [Int].self) == [0, 1, 2])
      #expect(try interpreter.eval("(c for c in 'ab')", as: [String].self) == ["a", "b"])
      #expect(try interpreter.eval("bytearray(b'ab')", as: [UInt8].self) == [97, 98])
      #expect(try interpreter.eval("[1, 255]", as: [UInt8].self) == [1, 255])
      try interpreter.run("class Place:\n    def __index__(self): return 7")
      #expect(try interpreter.eval("Place()", as: Int.self) == 7)
      #expect(try interpreter.eval("3", as: Double.self) == 3)
    }
  }

  @Test func `a list that its items change while they are read does no harm`() throws {
    try withInterpreter { (interpreter) throws in
      try interpreter.run(
        """
        class Shrinks:
            def __index__(self):
                values.clear()
                return 1
        values = [Shrinks(), 2, 3]
        """)
      #expect(try interpreter["values"] as [Int] == [1])
    }
  }

  struct Reading: ScriptCodable, Equatable {
    enum Quality: String, Codable { case good, bad }
    var sensor: String
    var values: [Double]
    var quality: Quality
    var data: [UInt8]
    var note: String?
    var place: [String: Int]
    var next: [Reading]
  }

  @Test func `Codable values come and go as dictionaries`() throws {
    let inner = Reading(sensor: "b", values: [], quality: .bad, data: [], note: "n", place: [:], next: [])
    let reading = Reading(
      sensor: "a", values: [1.5, 2], quality: .good, data: [1], note: nil, place: ["x": 3], next: [inner])
    try withInterpreter { (interpreter) throws in
      try interpreter.set("reading", to: reading)
      #expect(try interpreter["reading"] as Reading == reading)
      #expect(
        try interpreter.eval("repr({k: reading[k] for k in sorted(reading) if k != 'next'})", as: String.self)
          == "{'data': b'\\x01', 'place': {'x': 3}, 'quality': 'good', 'sensor': 'a', 'values': [1.5, 2.0]}")
      let error = refusal { () throws(ScriptError) in
        try interpreter.run("reading['next'][0]['values'] = [1, 'two']")
        _ = try interpreter["reading"] as Reading
      }
      #expect(error?.message == "next: item 0: values: item 1: expected float, not 'str'")
      let missing = refusal { () throws(ScriptError) in _ = try interpreter.eval("{'sensor': 'a'}", as: Reading.self) }
      #expect(missing?.message == "there is no 'values'")
    }
  }

  struct Block: ScriptCodable, Equatable { var data: Data }

  @Test func `Foundation's Data is read from bytes, and from the list that it is written as`() throws {
    try withInterpreter { (interpreter) throws in
      let block = Block(data: Data([0, 97, 255]))
      for expression in ["b'\\0a\\xff'", "bytearray(b'\\0a\\xff')", "[0, 97, 255]"] {
        #expect(try interpreter.eval("{'data': \(expression)}", as: Block.self) == block)
      }
      try interpreter.set("block", to: block)
      #expect(try interpreter["block"] as Block == block)
      let error = refusal { () throws(ScriptError) in _ = try interpreter.eval("{'data': 'abc'}", as: Block.self) }
      #expect(error?.message == "data: expected list, not 'str'")
    }
  }

  struct Places: ScriptCodable, Equatable {
    struct Place: Codable, Equatable { var x: Int }
    var named: [String: Place] = [:]
    var numbered: [Int: Place] = [:]
  }

  @Test func `a dictionary by a coding loses none of its keys`() throws {
    try withInterpreter { (interpreter) throws in
      let places = Places(named: ["a": .init(x: 1), "a\0b": .init(x: 3)], numbered: [7: .init(x: 2)])
      #expect(
        try interpreter.eval(
          "{'named': {'a': {'x': 1}, 'a\\0b': {'x': 3}}, 'numbered': {7: {'x': 2}}, 5: None}", as: Places.self)
          == places)
      try interpreter.set("places", to: places)
      #expect(try interpreter["places"] as Places == places)
      for (key, reason) in [
        ("None", "expected str, not 'NoneType'"), ("2 ** 64", "the int does not fit Int"),
        (
          "'\\ud800'", "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed"
        ),
        ("'\\u00e9': {'x': 3}, 'e\\u0301'", "two are the same in Swift: e\u{301}"),
        ("1: {'x': 3}, '1'", "two are the same in Swift: 1"),
      ] {
        let error = refusal { () throws(ScriptError) in
          _ = try interpreter.eval("{'named': {'a': {'x': 1}, \(key): {'x': 2}}, 'numbered': {}}", as: Places.self)
        }
        #expect(error?.kind == .conversion)
        #expect(error?.message == "named: a key: \(reason)")
      }
    }
  }

  @Test func `a dictionary whose items a script takes away while they are read does no harm`() throws {
    try withInterpreter { (interpreter) throws in
      try interpreter.run(
        """
        import gc
        class Thief:
            def __index__(self):
                for pair in gc.get_referrers(self):
                    for items in gc.get_referrers(pair) if isinstance(pair, tuple) else []:
                        if isinstance(items, list): items.clear()
                return 7
        """)
      let error = refusal { () throws(ScriptError) in
        _ = try interpreter.eval("{'x' * 40 + str(n): Thief() for n in range(3)}", as: [String: Int].self)
      }
      #expect(error?.type == "IndexError")
    }
  }

  /// Lists in lists, by a coding and by the library's conversions.
  final class Lists: ScriptCodable {
    let inner: [Lists]
    let depth: Int

    init(depth: Int) {
      inner = depth > 1 ? [Lists(depth: depth - 1)] : []
      self.depth = depth
    }
    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      var inner: [Lists] = []
      while !container.isAtEnd { inner.append(try container.decode(Lists.self)) }
      self.inner = inner
      depth = 1 + (inner.map(\.depth).max() ?? 0)
    }
    func encode(to encoder: any Encoder) throws {
      var container = encoder.unkeyedContainer()
      for list in inner { try container.encode(list) }
    }
  }

  final class Link: ScriptCodable {
    let next: [Link]?
  }

  final class Bare: FromScript, IntoScript {
    let inner: [Bare]

    init(depth: Int) { inner = depth > 1 ? [Bare(depth: depth - 1)] : [] }
    init(fromScript reference: borrowing BorrowedReference) throws(ScriptError) {
      inner = try [Bare](fromScript: reference)
    }
    func intoScript() throws(ScriptError) -> OwnedReference { try inner.intoScript() }
  }

  /// Goes into containers by itself.
  struct Descent: ScriptCodable {
    init(from decoder: any Decoder) throws {
      func descend(_ container: any UnkeyedDecodingContainer) throws {
        var container = container
        while !container.isAtEnd { try descend(container.nestedUnkeyedContainer()) }
      }
      try descend(decoder.unkeyedContainer())
    }
    func encode(to encoder: any Encoder) throws {}
  }

  static let bottomless: [Misfit] = [
    Misfit("(lambda a: (a.append(a), a)[1])([])", Lists.self, ""),
    Misfit("(lambda a: (a.append(a), a)[1])([])", Bare.self, ""),
    Misfit("(lambda a: (a.append(a), a)[1])([])", Descent.self, ""),
    Misfit("(lambda a: (a.update(next=[a]), a)[1])({})", Link.self, ""),
    Misfit("nested(100000)", Lists.self, ""),
    Misfit("nested(100000)", Bare.self, ""),
  ]

  @Test(arguments: bottomless)
  func `a value that is nested too deeply is an error`(value: Misfit) throws {
    try withInterpreter { (interpreter) throws in
      try interpreter.run(
        "def nested(depth):\n    a = []\n    for _ in range(depth - 1): a = [a]\n    return a")
      let error = refusal { () throws(ScriptError) in try value.read(interpreter, value.expression) }
      #expect(error?.kind == .conversion)
      #expect(error?.description == "RecursionError: the value is nested more than 512 deep")
      #expect(try interpreter.eval("nested(500)", as: Lists.self).depth == 500)
      #expect(try interpreter.eval("1 + 1", as: Int.self) == 2)
    }
  }

  @Test func `a registered function reads nested values on a thread with the least stack`() throws {
    try withInterpreter { (interpreter) throws in
      try interpreter.register("depth") { (lists: Lists) in lists.depth }
      try interpreter.register("lists") { (depth: Int) in Lists(depth: depth) }
      try interpreter.run(
        """
        import _thread, threading
        before = _thread.stack_size(1)
        depths = []
        def work():
            a = []
            for _ in range(499): a = [a]
            depths.append(depth(a))
            try: depth([a] * 3 + [(lambda a: (a.append(a), a)[1])([])])
            except RecursionError as e: depths.append(str(e))
            a = lists(500)
            for _ in range(499): a, = a
            depths.append(a)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        _thread.stack_size(before)
        """)
      #expect(
        try interpreter.eval("repr(depths)", as: String.self)
          == "[500, 'depth() argument 1: the value is nested more than 512 deep', []]")
    }
  }

  @Test func `a Swift value that is nested too deeply is an error`() throws {
    try withInterpreter { (interpreter) throws in
      for error in [
        refusal { () throws(ScriptError) in try interpreter.set("deep", to: Lists(depth: 1000)) },
        refusal { () throws(ScriptError) in try interpreter.set("deep", to: Bare(depth: 1000)) },
      ] { #expect(error?.description == "RecursionError: the value is nested more than 512 deep") }
      try interpreter.set("deep", to: Lists(depth: 500))
      #expect((try interpreter["deep"] as Lists).depth == 500)
    }
  }
}
