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

        mutating func add(_ other: Counts) {
            for bucket in buckets.indices { buckets[bucket] &+= other.buckets[bucket] }
            sum &+= other.sum
            count &+= other.count
        }
    }

    private let bounds: [UInt64]
    /// What a recorded value is divided by when it is shown.
    private let divisor: Double
    private let counts = Mutex(Counts())

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

    package func record(nanoseconds: UInt64) { record(nanoseconds / 1000) }

    func record(_ value: UInt64) {
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        counts.withLock { counts in
            counts.buckets[bucket] &+= 1
            counts.sum &+= value
            counts.count &+= 1
        }
    }

    /// Prometheus' text form of a family: labels without braces, and histograms of the same bounds that add
    /// up to what they stand for. Members without a histogram are left out.
    static func write(
        _ name: String, _ help: String, _ family: [(String, [Histogram])], to text: inout String
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
        for (labels, parts) in family {
            guard let histogram = parts.first else { continue }
            var now = Counts()
            for part in parts { now.add(part.counts.withLock { $0 }) }
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
