import FTPClient
import Glibc
import PythonBridge

/// The facts of one listing's lines as dictionaries: most lines have the facts of one before, and most of their values.
///
/// Such values are one `str` in all the dictionaries, and the dictionary of known facts is a copy of one that is kept here: a line is
/// compared with an earlier one, and only what is new is made.
struct FactDictionaries {
  /// Where a fact is in its line: `key=value;` from `start` to behind `end`.
  fileprivate struct Place {
    var start: Int
    var value: Int
    /// Of the semicolon.
    var end: Int
    /// Whether the value is another than in the line before.
    var isNew = true
  }

  /// A line's facts, their keys, and their dictionary.
  private struct Pattern {
    var line: [UInt8]
    var places: [Place]
    let keys: [PythonObject]
    let dictionary: PythonObject
    /// Memory that is used again.
    var nextPlaces: [Place] = []

    /// Takes over the values of these facts if they have the same keys; says whether. When it throws, the pattern is of no use any more.
    mutating func take(_ facts: UnsafeRawBufferPointer) throws(PythonError) -> Bool {
      guard let start = facts.baseAddress else { return false }
      var next = nextPlaces
      nextPlaces = []
      defer { nextPlaces = next }
      next.removeAll(keepingCapacity: true)
      guard Self.find(places, line, in: facts, start, &next) else { return false }
      for (index, place) in next.enumerated() where place.isNew {
        try dictionary.set(utf8: UnsafeRawBufferPointer(rebasing: facts[place.value..<place.end]), for: keys[index])
      }
      swap(&places, &next)
      line.removeAll(keepingCapacity: true)
      line.append(contentsOf: facts)
      return true
    }

    private static func find(
      _ places: [Place], _ line: [UInt8], in facts: UnsafeRawBufferPointer, _ start: UnsafeRawPointer,
      _ next: inout [Place]
    ) -> Bool {
      line.withUnsafeBytes { known in
        guard let known = known.baseAddress else { return false }
        var offset = 0
        for place in places {
          let size = place.end + 1 - place.start
          let head = place.value - place.start
          if offset + size <= facts.count, memcmp(start + offset, known + place.start, size) == 0 {
            next.append(Place(start: offset, value: offset + head, end: offset + size - 1, isNew: false))
            offset += size
            continue
          }
          guard offset + head <= facts.count, memcmp(start + offset, known + place.start, head) == 0,
            let end = FactDictionaries.find(UInt8(ascii: ";"), in: facts, from: offset + head)
          else { return false }
          next.append(Place(start: offset, value: offset + head, end: end, isNew: true))
          offset = end + 1
        }
        return offset == facts.count
      }
    }
  }

  private var patterns: [Pattern] = []
  /// A listing mixes few: files, directories, links.
  private static let limit = 8

  /// The entry of a line in UTF-8: `(name, facts)`. Attached. Throws `UnicodeDecodeError` and `MemoryError`.
  mutating func entry(_ line: UnsafeRawBufferPointer) throws(PythonError) -> PythonObject {
    guard let blank = Self.find(UInt8(ascii: " "), in: line, from: 0) else { return try newEntry(line) }
    let facts = UnsafeRawBufferPointer(rebasing: line[..<blank])
    for index in patterns.indices {
      do {
        guard try patterns[index].take(facts) else { continue }
      } catch {
        patterns.remove(at: index)
        throw error
      }
      return try .pair(UnsafeRawBufferPointer(rebasing: line[(blank + 1)...]), copying: patterns[index].dictionary)
    }
    return try newEntry(line)
  }

  /// The same for a line like no other. It is kept when it is as RFC 3659 has it, and no fact comes twice.
  private mutating func newEntry(_ line: UnsafeRawBufferPointer) throws(PythonError) -> PythonObject {
    let dictionary = try PythonObject.dictionary()
    var keys: [PythonObject] = []
    var places: [Place] = []
    let name = try MachineListingEntry.read(line) { (written, value) throws(PythonError) in
      // RFC 3659 compares the names of facts without case.
      let key = try TextCodec.utf8.decode(written.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
      try dictionary.set(.string(utf8: value), for: key)
      keys.append(key)
      let next = places.last.map { $0.end + 1 } ?? 0
      places.append(
        Place(start: next, value: next + written.count + 1, end: next + written.count + 1 + value.count))
    }
    // CPython's reading of a line without facts.
    if keys.isEmpty { try dictionary.set(.string(""), for: "") }
    let isRegular = places.allSatisfy { place in
      place.end < line.count && line[place.value - 1] == UInt8(ascii: "=") && line[place.end] == UInt8(ascii: ";")
    }
    if isRegular, let end = places.last?.end, end + 1 < line.count, line[end + 1] == UInt8(ascii: " "),
      try dictionary.count() == keys.count
    {
      if patterns.count == Self.limit { patterns.removeFirst() }
      patterns.append(Pattern(line: Array(line[...end]), places: places, keys: keys, dictionary: dictionary))
    }
    return try .pair(name, copying: dictionary)
  }

  /// Where a byte is, from `start` on.
  static func find(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard let base = bytes.baseAddress, start < bytes.count else { return nil }
    return memchr(base + start, CInt(byte), bytes.count - start).map { UnsafeRawPointer($0) - base }
  }
}
