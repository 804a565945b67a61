import Glibc
import Synchronization

/// Shows transfers as they run: `ftpy --progress` and `progress_bar()`.
///
/// On a terminal one line, drawn anew ten times a second, and a last one that stays. Otherwise a line at the beginning,
/// one every few seconds and one at the end. Of several transfers at once the oldest has the terminal's line.
package final class ProgressMeter: TransferObserver {
  private let output: any ProgressOutput
  private let line = Mutex(Line())

  /// The line on the terminal.
  private struct Line {
    var owner: ObjectIdentifier?
    /// How many columns it takes.
    var width = 0
  }

  package init(_ output: any ProgressOutput = StandardErrorOutput()) { self.output = output }

  /// Seconds between two lines of one transfer.
  private var interval: Double { output.isTerminal ? 0.1 : 5 }

  package func begins(_ transfer: ObservedTransfer) -> any TransferWatch { watch(transfer) }

  func watch(_ transfer: ObservedTransfer) -> Watch {
    let watch = Watch(transfer, meter: self, interval: interval)
    if output.isTerminal { draw(watch) } else { output.write(watch.report.beginning + "\n") }
    return watch
  }

  /// One transfer's part of it. Used by one thread at a time.
  final class Watch: TransferWatch {
    fileprivate(set) var report: TransferReport
    private let meter: ProgressMeter
    private let interval: Double
    private var next: Double

    init(_ transfer: ObservedTransfer, meter: ProgressMeter, interval: Double) {
      self.meter = meter
      self.interval = interval
      let now = ProgressMeter.now()
      report = TransferReport(transfer, now: now)
      next = now + interval
    }

    package func moved(_ bytes: UInt64) {
      let now = ProgressMeter.now()
      report.moved = bytes
      guard now >= next else { return }
      next = now + interval
      report.measure(now: now)
      meter.show(self)
    }

    /// It was broken off and is tried again, for the `attempt`th time.
    func tried(_ attempt: Int) {
      guard attempt != report.attempt else { return }
      report.attempt = attempt
      next = ProgressMeter.now() + interval
      meter.show(self)
    }

    package func ended(isWhole: Bool) {
      report.measure(now: ProgressMeter.now())
      meter.end(self, isWhole ? report.success : report.failure)
    }
  }

  private func show(_ watch: Watch) {
    if output.isTerminal { draw(watch) } else { output.write(watch.report.middle + "\n") }
  }

  private func draw(_ watch: Watch) {
    // Not awaited: a fork's child would wait for a thread of its parent.
    line.withLockIfAvailable { line in
      guard line.owner == nil || line.owner == ObjectIdentifier(watch) else { return }
      line.owner = ObjectIdentifier(watch)
      let text = watch.report.line(columns: output.columns - 1)
      output.write("\r" + text.padded(to: line.width))
      line.width = text.columns
    }
  }

  private func end(_ watch: Watch, _ text: String) {
    guard output.isTerminal else {
      output.write(text + "\n")
      return
    }
    // Awaited for a moment: the holder draws a line.
    for _ in 0..<50 {
      let written: Void? = line.withLockIfAvailable { line in
        output.write("\r" + text.padded(to: line.width) + "\n")
        line.width = 0
        if line.owner == ObjectIdentifier(watch) { line.owner = nil }
      }
      if written != nil { return }
      usleep(1000)
    }
    output.write("\r\(text)\n")
  }

  private static let origin = SuspendingClock.now

  /// Seconds since some moment.
  private static func now() -> Double { (SuspendingClock.now - origin) / .seconds(1) }
}
