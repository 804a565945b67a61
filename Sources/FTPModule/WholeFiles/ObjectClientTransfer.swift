import FTPClient
import PythonBridge

/// A transfer whose exceptions are taken out of the interpreter.
final class ObjectClientTransfer: ClientTransfer {
  private let client: ObjectClient
  /// Given back attached, wherever this object is dropped.
  private let held: Unmanaged<ObjectTransfer>

  init(_ client: ObjectClient, _ transfer: ObjectTransfer) {
    self.client = client
    held = .passRetained(transfer)
  }

  deinit { Attachment.attach { held.release() } }

  private var transfer: ObjectTransfer { held.takeUnretainedValue() }

  var data: DataTransfer { transfer.data }
  var endedWithoutNotice: Bool { transfer.endedWithoutNotice }
  func run(_ body: (DataTransfer) throws -> Void) throws { try client.catching { try transfer.run(body) } }
  func end() throws -> Reply? { try client.catching { try transfer.end() } }
  func breakOff(after error: any Error) -> any Error { Attachment.attach { transfer.breakOff(after: error) } }
}
