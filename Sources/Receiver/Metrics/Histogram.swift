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

    private struct State {
        var buckets: [UInt64]
        var sum: UInt64 = 0
        var count: UInt64 = 0
    }
    private let bounds: [UInt64]
    /// What a recorded value is divided by when it is shown.
    private let divisor: Double
    private let state: Mutex<State>

    /// Durations, shown in seconds.
    package convenience init() { self.init(bounds: Self.microseconds, divisor: 1_000_000) }

    init(bounds: [UInt64], divisor: Double) {
        self.bounds = bounds
        self.divisor = divisor
        state = Mutex(State(buckets: [UInt64](repeating: 0, count: bounds.count + 1)))
    }

    package func record(nanoseconds: UInt64) { record(nanoseconds / 1000) }

    func record(_ value: UInt64) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.buckets[bucket] &+= 1
            state.sum &+= value
            state.count &+= 1
        }
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
            let now = histogram.state.withLock { $0 }
            let before = labels.isEmpty ? "" : labels + ","
            let braces = labels.isEmpty ? "" : "{\(labels)}"
            var sum: UInt64 = 0
            for (bound, count) in zip(histogram.bounds, now.buckets) {
                sum += count
                let upper = Double(bound) / histogram.divisor
                text += "\(name)_bucket{\(before)le=\"\(upper)\"} \(sum)\n"
            }
            text += "\(name)_bucket{\(before)le=\"+Inf\"} \(now.count)\n"
            text += "\(name)_sum\(braces) \(Double(now.sum) / histogram.divisor)\n"
            text += "\(name)_count\(braces) \(now.count)\n"
        }
    }
}
