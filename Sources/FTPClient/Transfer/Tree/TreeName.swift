/// Which names of a server's may be names here.
enum TreeName {
  /// Why a name is not used as that of a file in a folder here; nil when it may be.
  ///
  /// A name that would be another place, or a device, on any system is none on this one either: a folder can be copied
  /// on.
  static func refusal(_ name: [UInt8]) -> String? {
    if let reason = refusalToSend(name) { return reason }
    guard ListingEntry(name: name, kind: .file).isSafeFileName else { return "the name would lead to another place" }
    if name.count > 255 { return "the name is longer than 255 bytes" }
    let stem = name.prefix { $0 != UInt8(ascii: ".") && $0 != ASCII.space }.map(\.lowercased).text
    return devices.contains(stem) ? "the name is that of a device on Windows" : nil
  }

  /// Why a name cannot be told to a server; nil when it can be. A command ends with its line (RFC 959 section 4.1).
  static func refusalToSend(_ name: [UInt8]) -> String? {
    guard name.contains(where: { $0 == ASCII.carriageReturn || $0 == ASCII.lineFeed }) else { return nil }
    return "a name with a line's end cannot be sent"
  }

  /// Whether a name is one that transfers use until a file is whole.
  static func isTemporary(_ name: [UInt8]) -> Bool {
    name.first == UInt8(ascii: ".") && [".part", ".part.state"].contains { name.text.hasSuffix($0) }
  }

  /// Why a name that transfers use is left out, unless it is certainly one of theirs: then there is nothing to say.
  ///
  /// Uploads put eight letters, or sixteen digits, into theirs; a download has its state beside it, among `names`.
  static func refusalOfTemporary(_ name: [UInt8], among names: (([UInt8]) -> Bool)) -> String? {
    guard isTemporary(name) else { return nil }
    let state = Array(".state".utf8)
    if names(name + state) || (name.text.hasSuffix(".part.state") && names(Array(name.dropLast(state.count)))) {
      return nil
    }
    let parts = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if parts.count >= 4, parts.last.map({ Array($0) == Array("part".utf8) }) ?? false, let tail = parts.dropLast().last,
      tail.count == 8 && tail.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
        || tail.count == 16 && tail.allSatisfy({ $0.hexadecimal != nil && $0 == $0.lowercased })
    {
      return nil
    }
    return "the name is one that transfers use for what is not whole yet"
  }

  private static let devices: Set<String> = {
    let numbered = ["com", "lpt"].flatMap { kind in (0...9).map { "\(kind)\($0)" } }
    return Set(["con", "prn", "aux", "nul", "conin$", "conout$"] + numbered)
  }()
}
