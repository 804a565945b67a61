/// One file of a directory, as a line of `LIST` shows it.
///
/// What a line does not say is nil. Text is the server's bytes in whatever encoding it uses.
public struct ListingEntry: Sendable, Equatable {
  /// What a name stands for.
  public enum Kind: Sendable {
    /// A file that `RETR` gives; also what a server cannot tell from one.
    case file
    /// A directory that `CWD` enters; on z/OS a partitioned data set, or a level of names.
    case directory
    /// A symbolic link, a junction of Windows.
    case link
    /// A device, pipe, socket, or something that the server has no word for.
    case other
  }

  /// The numbers of a device file.
  public struct Device: Sendable, Equatable {
    /// Which driver.
    public let major: UInt64
    /// Which of its devices.
    public let minor: UInt64

    /// A device by its two numbers.
    public init(major: UInt64, minor: UInt64) {
      self.major = major
      self.minor = minor
    }
  }

  /// The name, byte for byte as it stands in the line, with leading and trailing blanks where the format lets them be
  /// known from padding.
  ///
  /// What servers append to mark a directory is not part of it: `.DIR;1` on VMS, a final `/` on OS/400 and VShell. A
  /// VMS file keeps its `;version`, a data set of z/OS its quotes: commands want them. z/VM's name and type are joined
  /// by a dot, as its commands have them.
  public var name: [UInt8]
  /// What it is.
  public var kind: Kind
  /// Bytes. Where a line counts blocks of 512 (VMS), the space in them; nil where it counts tracks or records (z/OS).
  public var size: UInt64?
  /// When it was last changed: the server's local time, unless the time itself says UTC. Nil for data sets of z/OS,
  /// which have the day of their last use there.
  public var modified: ListingTime?
  /// What a link points to, where the line says it.
  public var target: [UInt8]?
  /// The permissions as the line has them: `-rw-r--r--+`, `[RWCEAFMS]` (NetWare), `RWED,RWED,RE,` (VMS).
  public var permissions: [UInt8]?
  /// The permission bits of a Unix mode, 0 to 0o7777.
  public var mode: UInt16?
  /// Who owns it: a name or a number.
  public var owner: [UInt8]?
  /// Which group has it: a name or a number.
  public var group: [UInt8]?
  /// How many hard links there are.
  public var links: UInt64?
  /// The numbers of a device.
  public var device: Device?
  /// The line itself, where it is in no known format: then it is the `name` too, and more may be in it than that.
  public var raw: [UInt8]?

  /// An entry with a name and a kind; the rest is set as far as it is known.
  public init(name: some Collection<UInt8>, kind: Kind) {
    self.name = Array(name)
    self.kind = kind
  }

  /// Whether the name is that of one file inside a directory, on any system: not empty, not `.` or `..`, without `/`,
  /// `\` and NUL.
  ///
  /// A server chooses the names that it lists. A program that joins one to a local path without asking this writes
  /// where the server wants it to (CVE-2002-1344, CVE-2026-27699). Windows forbids more: `:` and device names.
  public var isSafeFileName: Bool {
    !name.isEmpty && !name.isDotOrDotDot
      && !name.contains { $0 == ASCII.slash || $0 == ASCII.backslash || $0 == ASCII.nul }
  }
}

extension [UInt8] {
  /// Whether a name is `.` or `..`: the directory itself, or the one above it.
  var isDotOrDotDot: Bool { self == [UInt8(ascii: ".")] || self == [UInt8(ascii: "."), UInt8(ascii: ".")] }
}
