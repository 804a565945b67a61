/// How much a server may send, and a caller may ask to send, before the client says no.
///
/// RFC 959 sets no limits at all; each number names its precedent.
public enum Limits {
  /// Characters in one line of a reply or of a text that comes, and bytes of a text that goes. CPython's `ftplib.MAXLINE`.
  public static let line = 8192

  /// Bytes in one whole reply. Several clients were run out of memory by an endless multi-line
  /// reply (CVE-2026-44240 among them); 64 KiB is the cap that they then chose.
  public static let reply = 64 * 1024

  /// Lines in one reply. The longest real ones (help texts, banners with rules) are below 200.
  public static let replyLines = 1024

  /// Bytes and lines in one reply of status, 211 to 213: `STAT` with a directory lists it on the control connection.
  public static let statusReply = 2 * 1024 * 1024, statusReplyLines = 30_000

  /// Replies that nobody asked for or awaits any more, read and dropped before one command. Servers send one, or two.
  public static let unaskedReplies = 64

  /// Replies 1yz to one command before the last one. Servers send one; Pure-FTPd one more for `ABOR`.
  public static let preliminaryReplies = 16

  /// Bytes in one command line with its end. GNU inetutils' `ftpd` runs what follows a full line buffer
  /// as a command of its own, ProFTPD no longer answers; 2 KiB stays below the others' limits.
  public static let command = 2048

  /// Bytes of a listing that is collected in memory: two million names of 64 bytes.
  public static let listing = 256 * 1024 * 1024

  /// What a line of a listing costs beside its bytes, for that limit.
  public static let listingLine = 64

  /// Greetings `120 ready in N minutes` that may come before the `220` (RFC 959 section 5.4).
  public static let delayedGreetings = 8

  /// Bytes of a proxy's answer to `CONNECT`, status lines and headers together. Python's `http.client` takes as many for one line
  /// (`_MAXLINE`); real proxies send less than one kilobyte.
  public static let proxyHeader = 64 * 1024

  /// Characters of a proxy's own words that an error repeats.
  public static let proxyWords = 200

  /// Bytes of a host name, and of a user name or password for SOCKS: their length is sent in one byte (RFC 1928 section 5,
  /// RFC 1929 section 2).
  public static let socksText = 255
}
