/// A connection, and the range of a file that it fetches. One thread at a time.
final class SegmentWorker {
  let client: any TransferClient
  let isFirst: Bool
  var transfer: (any ClientTransfer)?
  var position: UInt64 = 0
  var end: UInt64 = 0
  /// Why it could not log in or begin.
  var failure: (any Error)?
  /// Until when the server may be silent.
  var deadline = Deadline.never

  init(_ client: any TransferClient, isFirst: Bool) {
    self.client = client
    self.isFirst = isFirst
  }

  var isBusy: Bool { transfer != nil }
  var left: UInt64 { end > position ? end - position : 0 }

  /// Connects where it is not connected, and has the server send from the beginning of the range on.
  func begin(_ path: [UInt8], _ range: Range<UInt64>) throws {
    try client.connect()
    try client.beBinary()
    let transfer = try client.begin("RETR", path, from: range.lowerBound)
    position = range.lowerBound
    end = range.upperBound
    deadline = .after(transfer.data.idleTimeout)
    self.transfer = transfer
  }

  /// Breaks the transfer off: all that was wanted of it has come, or nothing more is.
  func stop() {
    guard let transfer else { return }
    self.transfer = nil
    transfer.breakOff(after: FTPError(.state, "all that was wanted has come"))
  }
}
