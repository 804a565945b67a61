/// What a server tells of a file: enough to say whether it is still the same one.
package struct RemoteFacts: Sendable, Equatable {
  /// Bytes.
  package var size: UInt64?
  /// When it was last changed.
  package var modified: FileStatus.Time?
  /// What the server tells the file by, whatever its name (RFC 3659 section 7.5.2).
  package var unique: [UInt8]?

  package init(size: UInt64? = nil, modified: FileStatus.Time? = nil, unique: [UInt8]? = nil) {
    self.size = size
    self.modified = modified
    self.unique = unique
  }

  /// The facts of a line of `MLSD` or `MLST`.
  package init(_ entry: MachineListingEntry) {
    size = entry.value(of: "size").flatMap { $0.decimal() }
    modified = entry.value(of: "modify").flatMap { FileStatus.Time($0) }
    unique = entry.value(of: "unique")
  }

  /// Whether both tell the same thing differently. What one of them does not tell says nothing.
  package func contradicts(_ other: RemoteFacts) -> Bool {
    func differ<Value: Equatable>(_ left: Value?, _ right: Value?) -> Bool {
      guard let left, let right else { return false }
      return left != right
    }
    return differ(size, other.size) || differ(modified?.seconds, other.modified?.seconds)
      || differ(unique, other.unique)
  }

  /// Whether both tell the file's version, and the same one: a size alone is that of many.
  func confirms(_ other: RemoteFacts) -> Bool {
    guard modified != nil && other.modified != nil || unique != nil && other.unique != nil else { return false }
    return !contradicts(other)
  }

  /// Whether they can tell one version of a file from the next.
  var isTelling: Bool { size != nil && (modified != nil || unique != nil) }
}
