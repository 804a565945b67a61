/// How long a listing is that is collected in memory.
package struct ListingSize {
  private var bytes = 0

  package init() {}

  /// Counts lines. Throws `.tooLong` when it is too much.
  package mutating func add(_ lines: [UnsafeRawBufferPointer]) throws(FTPError) {
    try add(lines.reduce(0) { $0 &+ $1.count }, lines: lines.count)
  }

  /// Counts lines that have so many bytes together. Throws `.tooLong` when it is too much.
  package mutating func add(_ count: Int, lines: Int) throws(FTPError) {
    // What an empty line costs in memory counts too.
    bytes += count + lines * Limits.listingLine
    guard bytes <= Limits.listing else {
      throw FTPError(.tooLong, "the listing is longer than \(Limits.listing) bytes")
    }
  }
}
