/// The other end of a connection in messages, as in "ftp.example port 21".
///
/// It is put together when a message needs it: mostly none does.
package struct PeerName: Sendable, CustomStringConvertible {
  private let text: String
  private let port: Int?

  /// A host and its port.
  package init(_ host: String, port: Int) {
    text = host
    self.port = port
  }

  /// A whole name.
  package init(_ text: String) {
    self.text = text
    port = nil
  }

  package var description: String { port.map { "\(text) port \($0)" } ?? text }
}
