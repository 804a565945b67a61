/// A line of a listing, cut into its fields once for all formats.
///
/// Every question about a place that the line does not have is answered with empty bytes, which match nothing.
struct ListingLine {
  let bytes: [UInt8]
  /// Where the fields are: runs of bytes between blanks (spaces and tabs).
  private let fields: [Range<Int>]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var fields: [Range<Int>] = []
    var start: Int?
    for (index, byte) in bytes.enumerated() {
      if byte.isBlank {
        if let begin = start { fields.append(begin..<index) }
        start = nil
      } else if start == nil {
        start = index
      }
    }
    if let begin = start { fields.append(begin..<bytes.count) }
    self.fields = fields
  }

  /// How many fields there are.
  var count: Int { fields.count }

  /// A field by its number.
  subscript(_ index: Int) -> ArraySlice<UInt8> {
    fields.indices.contains(index) ? bytes[fields[index]] : []
  }

  /// The last field.
  var last: ArraySlice<UInt8> { self[count - 1] }

  /// The bytes from the beginning of a field to the end of another, with the blanks between them.
  func text(_ range: Range<Int>) -> ArraySlice<UInt8> {
    guard let first = range.first, let last = range.last, fields.indices.contains(first),
      fields.indices.contains(last)
    else { return [] }
    return bytes[fields[first].lowerBound..<fields[last].upperBound]
  }

  /// Everything after a field and the one blank that ends it.
  func rest(after index: Int) -> ArraySlice<UInt8> {
    fields.indices.contains(index) ? bytes[fields[index].upperBound...].dropFirst() : []
  }

  /// Everything after a field and all blanks that follow it.
  func trimmedRest(after index: Int) -> ArraySlice<UInt8> { rest(after: index).drop(while: \.isBlank) }

  /// The column where a field begins, counted from 0; nil when there is no such field.
  func column(of index: Int) -> Int? { fields.indices.contains(index) ? fields[index].lowerBound : nil }
}

/// What a format may know beside the line itself.
struct ListingContext {
  /// No file was changed later than this: a day after the client's clock, for the server may be in any time zone.
  let latest: Int64
  /// How dates of three numbers are written, when the caller knows it.
  let dateOrder: ListingParser.DateOrder?
  /// What the last heading announced.
  var section: ListingSection?
}
