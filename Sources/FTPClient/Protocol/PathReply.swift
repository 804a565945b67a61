/// The path in a 257 reply to `PWD` or `MKD`: `257 "path" text` (RFC 959 section 5.4 and appendix II).
public enum PathReply {
  /// The path with doubled quotes undone, or nil when the reply is not a 257 with a path.
  ///
  /// A quote that ends it is followed by a blank, or the end; where none is, the first one that is not doubled ends it.
  ///
  /// vsftpd, ProFTPD and pyftpdlib double a quote in the path, Pure-FTPd, inetutils, Twisted and aioftp do
  /// not: where undoubling finds no end before a blank or the end of the line, the last such quote ends the path.
  public static func path(of reply: Reply) -> [UInt8]? {
    // In a reply of several lines it is the last.
    let isLong = reply.bytes.contains(ASCII.lineFeed)
    guard let line = isLong ? reply.bytes.split(separator: ASCII.lineFeed).last : reply.bytes[...],
      line.starts(with: "257 \"".utf8)
    else { return nil }
    let path = line.dropFirst(5)
    return doubled(path, isEnded: isEnd) ?? plain(path) ?? doubled(path) { _, _ in true }
  }

  private static func isEnd(_ line: ArraySlice<UInt8>, after index: Int) -> Bool {
    let next = line.index(after: index)
    return next >= line.endIndex || line[next] == ASCII.space
  }

  /// RFC 959's reading: a doubled quote is a quote, a single one ends the path.
  private static func doubled(
    _ line: ArraySlice<UInt8>, isEnded: (_ line: ArraySlice<UInt8>, _ index: Int) -> Bool
  ) -> [UInt8]? {
    var path: [UInt8] = []
    path.reserveCapacity(line.count)
    var index = line.startIndex
    while index < line.endIndex {
      guard line[index] == ASCII.quote else {
        path.append(line[index])
        index += 1
        continue
      }
      let next = index + 1
      guard next < line.endIndex, line[next] == ASCII.quote else {
        return isEnded(line, index) ? path : nil
      }
      path.append(ASCII.quote)
      index = next + 1
    }
    return nil
  }

  /// The other servers' writing: everything up to the last quote that a blank or the end follows.
  private static func plain(_ line: ArraySlice<UInt8>) -> [UInt8]? {
    line.indices.last { line[$0] == ASCII.quote && isEnd(line, after: $0) }
      .map { Array(line[..<$0]) }
  }
}
