import Testing

@testable import FTPClient

extension ClientTests {
  @Suite struct DeadlineTests {
    @Test func `never does not pass`() {
      #expect(!Deadline.never.hasPassed)
      #expect(Deadline.never.remaining == nil)
      #expect(Deadline.after(nil).remaining == nil)
      #expect(!Deadline.after(nil).hasPassed)
    }

    @Test(arguments: [Duration.zero, .nanoseconds(-1), .seconds(-5), .seconds(Int64.min / 2), .seconds(-9_223_372_037)])
    func `a time that is over has passed`(_ time: Duration) {
      let deadline = Deadline.after(time)
      #expect(deadline.hasPassed)
      #expect(deadline.remaining == .zero)
      #expect(deadline.milliseconds(atMost: 50) == 0)
      #expect(deadline.milliseconds(atMost: -1) == 0)
    }

    /// Below the least number of nanoseconds by less than a second: the sum overflows, not the product.
    @Test func `the most negative time has passed too`() {
      #expect(Deadline.after(.seconds(-9_223_372_036) - .milliseconds(999)).hasPassed)
    }

    @Test(arguments: [
      Duration.seconds(Int64.max), .seconds(9_223_372_036) + .milliseconds(999), .seconds(9_000_000_000),
    ])
    func `a time beyond the clock's end does not pass`(_ time: Duration) {
      let deadline = Deadline.after(time)
      #expect(!deadline.hasPassed)
      #expect(deadline.remaining.map { $0 > .seconds(1_000_000_000) } ?? true)
      #expect(deadline.milliseconds(atMost: 50) == 50)
    }

    @Test func `a time passes, and not before`() throws {
      let start = ContinuousClock.now
      let deadline = Deadline.after(.milliseconds(20))
      #expect(try #require(deadline.remaining) <= .milliseconds(20))
      while !deadline.hasPassed {}
      #expect(ContinuousClock.now - start >= .milliseconds(20))
      #expect(deadline.remaining == .zero)
    }

    @Test func `the earlier of two is the earlier`() throws {
      let soon = Deadline.after(.seconds(10))
      let late = Deadline.after(.seconds(1000))
      for deadline in [
        Deadline.earlier(soon, late), .earlier(late, soon), .earlier(soon, .never), .earlier(.never, soon),
      ] { #expect(try #require(deadline.remaining) <= .seconds(10)) }
      #expect(Deadline.earlier(.never, .never).remaining == nil)
    }

    @Test func `milliseconds for poll are rounded up and cut to the slice`() {
      #expect(Deadline.never.milliseconds(atMost: -1) == -1)
      #expect(Deadline.never.milliseconds(atMost: 50) == 50)
      #expect(Deadline.after(.seconds(10)).milliseconds(atMost: 50) == 50)
      #expect((9001...10_000).contains(Deadline.after(.seconds(10)).milliseconds(atMost: -1)))
      #expect(Deadline.after(.seconds(10_000_000)).milliseconds(atMost: -1) == CInt.max)
      // A wait for 9.999... ms that were rounded down would end early and spin.
      #expect(Deadline.after(.seconds(100) + .microseconds(999_900)).milliseconds(atMost: -1) > 100_000)
    }
  }
}
