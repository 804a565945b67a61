/// EPLF, the "easily parsed LIST format" of D. J. Bernstein's publicfile and others: facts, a tab, the name.
///
///     +i8388621.48594,m825718503,r,s280,\tdjb.html
///
/// `/`: `CWD` may succeed; `r`: `RETR` may; `s`: the size; `m`: seconds since 1970, in UTC; `up`: octal permissions.
enum EPLFFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    guard line.bytes.first == ASCII.plus, let tab = line.bytes.firstIndex(of: ASCII.tab) else { return nil }
    let name = line.bytes[tab...].dropFirst()
    guard !name.isEmpty else { return nil }
    var entry = ListingEntry(name: name, kind: .other)
    for fact in line.bytes[..<tab].dropFirst().split(separator: ASCII.comma) {
      let value = fact.dropFirst()
      switch fact.first {
      case ASCII.slash: entry.kind = .directory
      case UInt8(ascii: "r"): if entry.kind != .directory { entry.kind = .file }
      case UInt8(ascii: "s"): entry.size = value.decimal()
      case UInt8(ascii: "m"):
        entry.modified = value.decimal(limit: UInt64(ListingTime.representable.upperBound)).flatMap {
          ListingTime(seconds: Int64($0), precision: .second, isUTC: true)
        }
      case UInt8(ascii: "u") where value.first == UInt8(ascii: "p"):
        entry.permissions = Array(value.dropFirst())
        entry.mode = value.dropFirst().octal().flatMap { $0 <= 0o7777 ? UInt16($0) : nil }
      default: break
      }
    }
    return entry
  }
}
