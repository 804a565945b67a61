/// One file over several connections.
final class SegmentedDownload {
  private(set) var bytes: UInt64 = 0
  private(set) var resumes = 0
  private(set) var connections = 1
  var isWorthwhile: Bool { false }

  init(
    _ client: any TransferClient, _ path: [UInt8], size: UInt64, sink: any DownloadSink, options: FTPTransfer.Options,
    progress: @escaping (UInt64) throws -> Void
  ) {}

  func run() throws {}
}
