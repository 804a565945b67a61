import FTPModule
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Shows transfers on standard error as they run: `--progress`.
///
/// On a terminal one line, drawn anew ten times a second, and a last one that stays. Otherwise a line at the beginning, one every
/// few seconds and one at the end. Of several transfers at once the oldest has the terminal's line.
final class ProgressMeter: TransferObserver {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let line = Mutex(Line())

  /// The line on the terminal.
  private struct Line {
    var owner: ObjectIdentifier?
    /// How many columns it takes.
    var width = 0
  }

  /// Seconds between two lines of one transfer.
  private var interval: Double { isTerminal ? 0.1 : 5 }

  func begins(_ transfer: ObservedTransfer) -> any TransferWatch {
    let watch = Watch(transfer, meter: self, interval: interval)
    if isTerminal { draw(watch) } else { Self.write(watch.report.beginning + "\n") }
    return watch
  }

  /// One transfer's part of it. Used by the transfer's thread.
  private final class Watch: TransferWatch {
    private(set) var report: TransferReport
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

    func moved(_ bytes: UInt64) {
      let now = ProgressMeter.now()
      report.moved = bytes
      guard now >= next else { return }
      next = now + interval
      report.measure(now: now)
      meter.show(self)
    }

    func ended(isWhole: Bool) {
      report.measure(now: ProgressMeter.now())
      meter.end(self, isWhole ? report.success : report.failure)
    }
  }

  private func show(_ watch: Watch) {
    if isTerminal { draw(watch) } else { Self.write(watch.report.middle + "\n") }
  }

  private func draw(_ watch: Watch) {
    // Not awaited: a fork's child would wait for a thread of its parent.
    line.withLockIfAvailable { line in
      guard line.owner == nil || line.owner == ObjectIdentifier(watch) else { return }
      line.owner = ObjectIdentifier(watch)
      let text = watch.report.line(columns: Self.columns - 1)
      Self.write("\r" + text.padded(to: line.width))
      line.width = text.columns
    }
  }

  private func end(_ watch: Watch, _ text: String) {
    guard isTerminal else {
      Self.write(text + "\n")
      return
    }
    line.withLockIfAvailable { line in
      Self.write("\r" + text.padded(to: line.width) + "\n")
      line.width = 0
      if line.owner == ObjectIdentifier(watch) { line.owner = nil }
    }
  }

  private static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func write(_ text: String) { Banner.say(text) }
}
