/// Where a server waits for the data connection: what its reply to `PASV` or `EPSV` says.
public struct PassiveAddress: Sendable, Equatable {
  /// The dotted IPv4 address of a 227 reply; nil for 229, which names no host (RFC 2428 section 3).
  ///
  /// A server can name any host here (CVE-2020-8284, CVE-2021-4189): use the control connection's peer unless told otherwise.
  public var host: String? { address.map { "\($0 >> 24).\($0 >> 16 & 255).\($0 >> 8 & 255).\($0 & 255)" } }
  private let address: UInt32?
  /// The port, 1 to 65535.
  public let port: UInt16

  /// Reads a 227 or a 229 reply, whichever it is: some gateways answer `PASV` with a 229.
  ///
  /// Throws `.reply` for any other code and `.malformed` when no address is found.
  public init(_ reply: Reply) throws(FTPError) {
    switch reply.code {
    case 227: try self.init(passive: reply)
    case 229: try self.init(extendedPassive: reply)
    default: throw FTPError(unexpected: reply)
    }
  }

  /// Reads `227 Entering Passive Mode (h1,h2,h3,h4,p1,p2)`; the six numbers may stand anywhere
  /// (RFC 1123 section 4.1.2.6).
  public init(passive reply: Reply) throws(FTPError) {
    guard reply.code == 227 else { throw FTPError(unexpected: reply) }
    guard let numbers = Self.sixNumbers(in: reply.bytes) else { throw Self.noAddress(reply) }
    var (address, port) = (UInt32(0), UInt16(0))
    for index in numbers.indices {
      let number = numbers[index]
      guard number <= 255 else { throw Self.noAddress(reply) }
      if index < 4 { address = address << 8 | UInt32(number) } else { port = port << 8 | UInt16(number) }
    }
    guard port > 0 else { throw Self.noAddress(reply) }
    self.address = address
    self.port = port
  }

  /// Reads `229 Entering Extended Passive Mode (|||port|)`; any character may stand for `|` (RFC 2428
  /// section 3), the protocol and address fields are ignored.
  public init(extendedPassive reply: Reply) throws(FTPError) {
    guard reply.code == 229 else { throw FTPError(unexpected: reply) }
    let bytes = reply.bytes
    guard
      let open = bytes.firstIndex(of: ASCII.parenthesisOpen),
      let close = bytes[open...].firstIndex(of: ASCII.parenthesisClose)
    else { throw Self.noAddress(reply) }
    let inside = bytes[(open + 1)..<close]
    guard let delimiter = inside.first, inside.last == delimiter, delimiter.digit == nil else {
      throw Self.noAddress(reply)
    }
    let fields = inside.split(separator: delimiter, omittingEmptySubsequences: false)
    guard
      fields.count == 5,
      let port = fields[3].decimal(limit: UInt64(UInt16.max)).flatMap(UInt16.init(exactly:)), port > 0
    else { throw Self.noAddress(reply) }
    self.address = nil
    self.port = port
  }

  private static func noAddress(_ reply: Reply) -> FTPError {
    FTPError(.malformed, "no address in the server's reply: \(reply.text)")
  }

  /// The first six numbers with single commas between them; nil when there are none.
  private static func sixNumbers(in bytes: [UInt8]) -> InlineArray<6, Int>? {
    var numbers = InlineArray<6, Int>(repeating: 0)
    var count = 0
    // The number that is being read; none is below 0.
    var number = -1
    for byte in bytes.dropFirst(3) {
      if let digit = byte.digit {
        // It stays small enough to be counted.
        number = min(max(number, 0) * 10 + digit, tooLarge)
      } else if number >= 0 || count > 0 {
        if number >= 0, number < tooLarge {
          numbers[count] = number
          count += 1
          if count == 6 { return numbers }
        } else {
          count = 0
        }
        if byte != ASCII.comma { count = 0 }
        number = -1
      }
    }
    guard number >= 0, number < tooLarge, count == 5 else { return nil }
    numbers[count] = number
    return numbers
  }

  private static let tooLarge = 100_000
}
