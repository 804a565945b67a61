/// Which names of a server's may be names here.
enum TreeName {
  /// Why a name is not used as that of a file in a folder here; nil when it may be.
  ///
  /// A name that would be another place, or a device, on any system is none on this one either: a folder can be copied
  /// on.
  static func refusal(_ name: [UInt8]) -> String? {
    guard ListingEntry(name: name, kind: .file).isSafeFileName else { return "the name would lead to another place" }
    if name.count > 255 { return "the name is longer than 255 bytes" }
    let stem = name.prefix { $0 != UInt8(ascii: ".") && $0 != ASCII.space }.map(\.lowercased).text
    return devices.contains(stem) ? "the name is that of a device on Windows" : nil
  }

  /// Whether a name is one that transfers use until a file is whole.
  static func isTemporary(_ name: [UInt8]) -> Bool {
    name.first == UInt8(ascii: ".") && [".part", ".part.state"].contains { name.text.hasSuffix($0) }
  }

  private static let devices: Set<String> = {
    let numbered = ["com", "lpt"].flatMap { kind in (0...9).map { "\(kind)\($0)" } }
    return Set(["con", "prn", "aux", "nul", "conin$", "conout$"] + numbered)
  }()
}
