import Synchronization

/// Values in fixed buckets, as Prometheus wants them.
package final class Histogram: Sendable {
    /// Upper bounds of durations in microseconds.
    static let microseconds: [UInt64] = [
        25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000,
        1_000_000, 5_000_000,
    ]
    /// Upper bounds of counts.
    static let powersOfTwo: [UInt64] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096]

    private struct Counts {
        /// One more than the longest list of bounds.
        var buckets = InlineArray<16, UInt64>(repeating: 0)
        var sum: UInt64 = 0
        var count: UInt64 = 0
        /// Keeps the next loop's off the last line of the cache.
        let padding = InlineArray<8, UInt64>(repeating: 0)
    }

    private let bounds: [UInt64]
    /// What a recorded value is divided by when it is shown.
    private let divisor: Double
    /// By the loop that records, a power of two of them: loops that wrote to the same memory would wait for
    /// each other's.
    private let shards = InlineArray<8, Mutex<Counts>> { _ in Mutex(Counts()) }

    /// Durations, shown in seconds.
    package convenience init() { self.init(bounds: Self.microseconds, divisor: 1_000_000) }

    /// - Parameters:
    ///   - bounds: upper bounds, 15 at most, rising.
    ///   - divisor: what values are divided by when they are shown.
    init(bounds: [UInt64], divisor: Double) {
        precondition(bounds.count < 16, "more bounds than there are counts for")
        self.bounds = bounds
        self.divisor = divisor
    }

    /// - Parameter loop: the number of the loop that records; any number.
    package func record(nanoseconds: UInt64, loop: Int = 0) { record(nanoseconds / 1000, loop) }

    func record(_ value: UInt64, _ loop: Int = 0) {
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        shards[loop & (shards.count - 1)].withLock { counts in
            counts.buckets[bucket] &+= 1
            counts.sum &+= value
            counts.count &+= 1
        }
    }

    private var counts: Counts {
        var all = Counts()
        for place in shards.indices {
            let part = shards[place].withLock { $0 }
            for bucket in all.buckets.indices { all.buckets[bucket] &+= part.buckets[bucket] }
            all.sum &+= part.sum
            all.count &+= part.count
        }
        return all
    }

    /// Prometheus' text form of one without labels.
    func write(_ name: String, _ help: String, to text: inout String) {
        Self.write(name, help, [("", self)], to: &text)
    }

    /// Prometheus' text form of a family: labels without braces, and the histogram.
    static func write(
        _ name: String, _ help: String, _ family: [(String, Histogram)], to text: inout String
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
        for (labels, histogram) in family {
            let now = histogram.counts
            let before = labels.isEmpty ? "" : labels + ","
            let braces = labels.isEmpty ? "" : "{\(labels)}"
            var sum: UInt64 = 0
            for (bucket, bound) in histogram.bounds.enumerated() {
                sum += now.buckets[bucket]
                let upper = Double(bound) / histogram.divisor
                text += "\(name)_bucket{\(before)le=\"\(upper)\"} \(sum)\n"
            }
            text += "\(name)_bucket{\(before)le=\"+Inf\"} \(now.count)\n"
            text += "\(name)_sum\(braces) \(Double(now.sum) / histogram.divisor)\n"
            text += "\(name)_count\(braces) \(now.count)\n"
        }
    }
}
