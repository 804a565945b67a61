import CPython
import FTPClient
import PythonBridge

/// Sees the transfers of files that `retrbinary`, `retrlines`, `storbinary` and `storlines` run, in every thread;
/// listings not.
///
/// Its calls come detached from the interpreter or attached, and must not touch it.
package protocol TransferObserver: Sendable {
  /// A transfer begins: the server has agreed to it. What is returned hears of its progress.
  func begins(_ transfer: ObservedTransfer) -> any TransferWatch
}

/// Hears of one transfer, on its thread.
package protocol TransferWatch: AnyObject {
  /// So many bytes have gone over the data connection until now. Comes after each block: be quick.
  func moved(_ bytes: UInt64)

  /// It is over: all of it, with the server's word for that, or not.
  func ended(isWhole: Bool)
}

/// One transfer as it begins.
package struct ObservedTransfer: Sendable {
  /// Whether this side sends; nil when that is not known.
  package let isUpload: Bool?
  /// The path as the command has it; the command itself where it has none.
  package let name: String
  /// The bytes that are to go over, when that is known: as the server announced, or of the file that is sent.
  package let total: UInt64?
}

/// The observer of this process.
package enum TransferObservation {
  /// Set it before the interpreter starts; nobody observes otherwise.
  nonisolated(unsafe) package static var observer: (any TransferObserver)?
}

extension FTPObject {
  /// Shows a transfer to the observer when it is one of a file. `source` is the file that a binary upload reads.
  func observe(_ transfer: DataTransfer, _ command: PythonObject, isBinary: Bool, source: PythonObject?) throws
    -> (any TransferWatch)?
  {
    guard let observer = TransferObservation.observer else { return nil }
    let words = try lookingAt(command).split(separator: " ", maxSplits: 1)
    guard let verb = words.first?.uppercased(), ["RETR", "STOR", "APPE", "STOU"].contains(verb) else { return nil }
    let isUpload = verb != "RETR"
    var total: UInt64?
    // What text takes on its way is not the size of a file, and of a rest servers announce the whole or the rest.
    if isBinary, isUpload { total = try source.flatMap { try BinaryFile.rest(of: $0, state.fileTypes()) } }
    if isBinary, !isUpload, transfer.offset == 0 { total = transfer.announced }
    let watch = observer.begins(
      ObservedTransfer(isUpload: isUpload, name: String(words.last ?? ""), total: total))
    transfer.onProgress = watch.moved
    return watch
  }
}
