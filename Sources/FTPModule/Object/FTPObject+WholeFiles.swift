import CPython
import FTPClient
import Glibc
import PythonBridge

/// Transfers that finish: `download` and `upload`.
extension FTPObject {
  /// `download(remote, local, *, resume, verify, retries, progress, segments)`.
  func download(_ arguments: Arguments) throws -> PythonObject {
    let remote = try arguments.required(0)
    let (client, path) = try transferClient(remote)
    let options = try transferOptions(arguments)
    let sink: any DownloadSink
    if let place = try localPath(arguments.required(1), method: .write, "download") {
      sink = PartFile(try LocalPlace(place), checkInterrupt: client.checkInterrupt)
    } else {
      sink = try FileObjectSink(arguments.required(1), client)
    }
    let download = FileDownload(
      client, path, name: try lookingAt(remote), to: sink, options: options,
      progress: try progress(arguments, remote, client))
    return try finishing { try download.run() }
  }

  /// `upload(local, remote, *, resume, verify, retries, progress)`.
  func upload(_ arguments: Arguments) throws -> PythonObject {
    let remote = try arguments.required(1)
    let (client, path) = try transferClient(remote)
    let options = try transferOptions(arguments)
    let source: any UploadSource
    if let place = try localPath(arguments.required(0), method: .read, "upload") {
      // A pipe's other end may be another thread of this program.
      do {
        source = try Attachment.detach { try LocalSource(place, checkInterrupt: client.checkInterrupt) }
      } catch let failure as PythonFailure { throw PythonError.restore(failure.exception) }
    } else {
      source = try FileObjectSource(arguments.required(0), client)
    }
    let upload = FileUpload(
      client, source, to: path, name: try lookingAt(remote), options: options,
      progress: try progress(arguments, remote, client))
    return try finishing { try upload.run() }
  }

  /// The client of this object for paths of the kind of `remote`, and that path as the client has it. Raises `TypeError`, `ValueError`.
  func transferClient(_ remote: PythonObject) throws -> (ObjectClient, [UInt8]) {
    try requireSendable(command("RETR", remote))
    let path = remote.isBytes ? try remote.withBytes { Array($0) } : try TextCodec.lossless.encode(remote)
    guard !path.isEmpty else { throw PythonError.value("the server's path is empty") }
    return (try ObjectClient(self, isText: remote.isString), path)
  }

  func transferOptions(_ arguments: Arguments) throws -> FTPTransfer.Options {
    var options = FTPTransfer.Options()
    options.resumes = try arguments["resume"]?.isTrue() ?? true
    options.verifies = try arguments["verify"]?.isTrue() ?? true
    options.hashing = PythonHashing()
    options.retries = try number(arguments["retries"], "retries", options.retries, 0...1_000_000)
    options.segments = try number(
      arguments["segments"], "segments", options.segments, 1...FTPTransfer.Options.mostSegments)
    return options
  }

  func number(
    _ value: PythonObject?, _ name: String, _ preset: Int, _ range: ClosedRange<Int>
  ) throws(PythonError) -> Int {
    guard let value else { return preset }
    guard value.isInteger else { throw .type("\(name) must be an int, not '\(value.typeName)'") }
    guard let number = try? value.integer(), range.contains(number) else {
      PythonError.clear()
      throw .value("\(name) must be \(range.lowerBound) to \(range.upperBound), not \(try value.text())")
    }
    return number
  }

  /// A listener that calls `progress` with a `TransferProgress`.
  private func progress(
    _ arguments: Arguments, _ name: PythonObject, _ client: ObjectClient
  ) throws -> ((FTPTransfer.Progress) throws -> Void)? {
    guard let callback = arguments.value("progress") else { return nil }
    guard callback.isCallable else { throw PythonError.type("progress must be callable, not '\(callback.typeName)'") }
    let state = state
    return { progress in
      try client.attached { _ = try callback.call(state.transferTypes.makeProgress(progress, name: name)) }
    }
  }

  /// A path of this computer as bytes; nil for a file object, which has `method`. Below a device root it is the device's path.
  func localPath(_ value: PythonObject, method: Name?, _ function: String) throws -> [UInt8]? {
    if !value.isString, !value.isBytes {
      let isPath = try value.optionalAttribute("__fspath__") != nil
      // Paths may have a `write` as well, which writes the whole file anew (py.path), and files a path (fsspec).
      if let method, try value.optionalAttribute("\(method)") != nil,
        try !isPath || value.isInstance(of: importModule("io").attribute("IOBase"))
      {
        return nil
      }
      guard isPath else {
        throw PythonError.type(
          "\(function)() needs a path (str, bytes, os.PathLike) or a binary file for the local side, not '\(value.typeName)'"
        )
      }
    }
    // To the device's paths it is the working directory.
    if value.isString || value.isBytes, try !value.isTrue() { return [] }
    var path = value
    let modules = try importModule("sys").attribute("modules")
    if let mapping = try modules.value(for: .string("_ftpy.hostpath")), try !mapping.attribute("root").isNone {
      path = try mapping.callMethod("host", path)
    }
    let bytes = try importModule("os").callMethod("fsencode", path).withBytes { Array($0) }
    guard !bytes.contains(0) else { throw PythonError.value("embedded null byte") }
    return bytes
  }

  // MARK: The end

  private func finishing(_ body: () throws -> FTPTransfer.Result) throws -> PythonObject {
    let result: FTPTransfer.Result
    do { result = try body() } catch let failure as TransferFailure { throw exception(for: failure) }
    let modified = try result.modified.map { try PythonObject.float(Double($0.seconds) + Double($0.nanosecond) * 1e-9) }
    var verified = PythonObject.none
    var digest = PythonObject.none
    switch result.verified {
    case .none: break
    case .size: verified = try .string("size")
    case .hash(_, let bytes):
      verified = try .string("\(result.verified)")
      digest = try .string(bytes.hexadecimalDigits)
    }
    return try state.transferTypes.result.makeStruct([
      .integer(result.size), .integer(result.bytes), .float(result.duration.inSeconds), .integer(result.attempts),
      .integer(result.resumes), .integer(result.kept), .integer(result.changes), .integer(result.segments), verified,
      digest,
      modified ?? .none,
    ])
  }

  /// Sets the exception for a transfer that did not finish: of the class of its last cause, which is its `__cause__`, with what was tried
  /// behind the cause's text. What this side's own code raised is raised as it is.
  func exception(for failure: TransferFailure) -> PythonError {
    switch failure.cause {
    case let local as LocalFailure:
      if let own = local.error as? PythonFailure { return .restore(own.exception) }
      guard let error = local.error as? FTPError else { return .raise(.runtimeError, "\(local.error)") }
      return state.exception(for: FTPError(error.kind, "\(error.message) (\(failure.attempt))"))
    case let refusal as LoginRefusal:
      guard let own = refusal.error as? PythonFailure else { return .raise(.runtimeError, "\(refusal.error)") }
      return explained(own.exception, failure.attempt)
    case let own as PythonFailure: return explained(own.exception, failure.attempt)
    case let error as FTPError:
      _ = state.exception(for: error)
      let cause = PythonError.take()
      let raised = state.exception(for: FTPError(error.kind, "\(error.message) (\(failure.attempt))"))
      return raised.caused(by: cause)
    default: return .raise(.runtimeError, "\(failure.cause) (\(failure.attempt))")
    }
  }

  /// An exception like another one, with what was tried behind its text; the other itself when it is none of the network's, or cannot be made
  /// anew.
  private func explained(_ exception: PythonObject, _ attempt: String) -> PythonError {
    let kind = exception.type
    guard [state.errors.error, .osError, .eofError].contains(where: kind.isSubclass) else { return .restore(exception) }
    do {
      let text = try exception.optionalAttribute("strerror").flatMap { $0.isString ? $0 : nil } ?? exception.string()
      let message = try PythonObject.string("\(text.text()) (\(attempt))")
      var arguments = try PythonObject.tuple(message)
      if let number = try exception.optionalAttribute("errno"), number.isInteger {
        arguments = try .tuple(number, message)
      }
      let raised = try kind.call(arguments: arguments, keywords: nil)
      return PythonError.restore(raised).caused(by: exception)
    } catch {
      PythonError.clear()
      return .restore(exception)
    }
  }
}

extension PythonError {
  /// Gives the exception that is set a cause.
  fileprivate func caused(by cause: PythonObject?) -> PythonError {
    guard let cause, let exception = PythonError.take() else { return self }
    PythonError.preserving { try exception.setAttribute(.string("__cause__"), cause) }
    return .restore(exception)
  }
}
