import CPython
import PythonBridge

/// What `progress_bar()` returns: called with the progress of transfers, it shows them.
final class ProgressBar: ReferenceHolder {
  private let meter: ProgressMeter
  private let output: PythonFileOutput
  private var watches: [String: ProgressMeter.Watch] = [:]
  /// The transfer that was shown as whole last: it may be told of once more.
  private var finished: String?

  private init(_ file: PythonObject) throws(PythonError) {
    output = try PythonFileOutput(file)
    meter = ProgressMeter(output)
  }

  /// What has not come to its end by now does not any more.
  deinit {
    for watch in watches.values { Attachment.detach { watch.ended(isWhole: false) } }
  }

  var references: [PythonObject] { [output.file].compactMap(\.self) }
  func clearReferences() { output.file = nil }

  static let function = PyMethodDef.function(
    "progress_bar",
    """
    progress_bar($module, file=None)
    --

    A callable that shows transfers as they run: ftp.download(..., progress=progress_bar()).

    On a terminal it draws one line anew ten times a second, and a last one that stays; otherwise it
    writes a line at the beginning of a transfer, one every five seconds and one at its end. file is
    a text file, None sys.stderr of this moment. It takes whatever objects have the attributes name,
    done and total (bytes, total None when unknown) and attempt, of several transfers at a time, from
    any thread; a transfer that has not come to its end when the callable goes is shown as failed.
    What cannot be written is passed over.

    Raises what the file's isatty() and fileno() raise.
    """
  ) {
    ModuleFunctions.call($0, $1, $2, $3, Signature("progress_bar", ["file"])) { state, arguments in
      let file = try arguments.value(0) ?? LazyAttributes.sys.value(state).attribute("stderr")
      return try NativeObject.make(state.progressBarType, try ProgressBar(file))
    }
  }

  /// Shows the progress of one transfer.
  private func show(_ progress: PythonObject) throws {
    let name = try Self.name(progress.attribute("name"))
    let done = try Self.bytes(progress.attribute("done"))
    let total = try progress.attribute("total")
    let attempt = try progress.optionalAttribute("attempt")?.integer() ?? 1
    let size: UInt64? = total.isNone ? nil : try Self.bytes(total)
    let isWhole = size.map { done >= $0 } ?? false
    if isWhole, finished == name, watches[name] == nil { return }
    let known = watches[name]
    // Detached: another thread that draws waits for the interpreter, with the line in its hands.
    let watch = Attachment.detach { () -> ProgressMeter.Watch in
      let watch = known ?? meter.watch(ObservedTransfer(isUpload: nil, name: name, total: size))
      watch.tried(attempt)
      watch.moved(done)
      if isWhole { watch.ended(isWhole: true) }
      return watch
    }
    watches[name] = isWhole ? nil : watch
    finished = isWhole ? name : nil
  }

  /// A number of bytes, of any size: servers and scripts name what they like.
  private static func bytes(_ number: PythonObject) throws(PythonError) -> UInt64 {
    let number = try number.double()
    return number > 0 ? UInt64(min(number, 1e18)) : 0
  }

  /// For a reader: what is no text is replaced.
  private static func name(_ name: PythonObject) throws -> String {
    let bytes = name.isBytes ? name : try name.string().encoded("utf-8", errors: "replace")
    return try bytes.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Makes the type.
  static func makeType(_ module: PythonObject, name: String) throws(PythonError) -> PythonObject {
    let documentation: StaticString = "Shows the progress of transfers: call it with each progress object."
    return try PythonBridge.makeType(
      in: module, name: "\(name)._ProgressBar", size: NativeObject.size, flags: py_collected_type_flags,
      slots: NativeObject.slots + [PyType_Slot(Py_tp_call, called), PyType_Slot(Py_tp_doc, documentation.cString)])
  }

  private static let called: @convention(c) (ObjectPointer?, ObjectPointer?, ObjectPointer?) -> ObjectPointer? = {
    instance, tuple, dictionary in
    guard let instance else { return nil }
    return trampoline(of: instance) { _ in
      let signature = Signature("progress_bar", ["progress"], required: 1)
      let arguments = try Arguments(signature, tuple: tuple, dictionary: dictionary)
      let bar = NativeObject.content(PythonObject(borrowed: instance), as: ProgressBar.self)
      try bar?.show(arguments.required(0))
      return PythonObject.none
    }
  }
}
