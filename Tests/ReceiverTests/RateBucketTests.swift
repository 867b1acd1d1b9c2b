import Receiver
import Testing
import Webhooks

struct RateBucketTests {
    static let second: UInt64 = 1_000_000_000

    static func limit(_ rate: Double, _ burst: Int) -> Integration.RateLimit {
        Integration.RateLimit(requestsPerSecond: rate, burst: burst)
    }

    @Test(arguments: [1, 2, 10, 1_000_000])
    func `a burst is taken whole and one beyond it has to wait`(burst: Int) {
        let bucket = RateBucket()
        let limit = Self.limit(2, burst)
        for _ in 0..<burst { #expect(bucket.take(limit, now: Self.second) == nil) }
        #expect(bucket.take(limit, now: Self.second) == Self.second / 2)
    }

    @Test func `after the wait one may go on, a nanosecond before it none`() {
        let bucket = RateBucket()
        let limit = Self.limit(10, 1)
        #expect(bucket.take(limit, now: 5) == nil)
        #expect(bucket.take(limit, now: 5 + Self.second / 10 - 1) == 1)
        #expect(bucket.take(limit, now: 5 + Self.second / 10) == nil)
        #expect(bucket.take(limit, now: 5 + Self.second / 10) == Self.second / 10)
    }

    @Test func `a steady rate goes on for ever, and a pause gives one burst back, not more`() {
        let bucket = RateBucket()
        let limit = Self.limit(1000, 3)
        var now: UInt64 = 0
        for _ in 0..<10_000 {
            #expect(bucket.take(limit, now: now) == nil)
            now += Self.second / 1000
        }
        now += 3600 * Self.second
        for _ in 0..<3 { #expect(bucket.take(limit, now: now) == nil) }
        #expect(bucket.take(limit, now: now) != nil)
    }

    @Test func `requests that are turned away do not lengthen the wait`() {
        let bucket = RateBucket()
        let limit = Self.limit(1, 1)
        #expect(bucket.take(limit, now: 0) == nil)
        for _ in 0..<1000 { #expect(bucket.take(limit, now: 0) == Self.second) }
    }

    @Test func `a rate that a reload changes counts from then on`() {
        let bucket = RateBucket()
        for _ in 0..<1000 { _ = bucket.take(Self.limit(0.001, 1000), now: 0) }
        let wait = bucket.take(Self.limit(10, 1), now: 0)
        #expect(wait == Self.second / 10)
    }

    @Test(arguments: [0.001, 1_000_000])
    func `the slowest and the fastest rate do not overflow`(rate: Double) {
        let bucket = RateBucket()
        let limit = Self.limit(rate, 1_000_000)
        for _ in 0..<1_000_000 { _ = bucket.take(limit, now: 1) }
        #expect(bucket.take(limit, now: 1) == UInt64(1_000_000_000 / rate))
    }
}
