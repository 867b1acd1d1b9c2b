import Synchronization

/// Durations in fixed buckets, as Prometheus wants them.
package final class Histogram: Sendable {
    /// Upper bounds in microseconds.
    static let boundsMicroseconds: [UInt64] = [
        25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000,
        1_000_000,
        5_000_000,
    ]

    private struct State {
        var buckets = [UInt64](repeating: 0, count: boundsMicroseconds.count + 1)
        var sumMicroseconds: UInt64 = 0
        var count: UInt64 = 0
    }
    private let state = Mutex(State())

    package init() {}

    package func record(nanoseconds: UInt64) {
        let value = nanoseconds / 1000
        let bucket =
            Self.boundsMicroseconds.firstIndex { value <= $0 } ?? Self.boundsMicroseconds.count
        state.withLock { state in
            state.buckets[bucket] &+= 1
            state.sumMicroseconds &+= value
            state.count &+= 1
        }
    }

    /// Prometheus' text form.
    func write(_ name: String, _ help: String, to text: inout String) {
        let now = state.withLock { $0 }
        text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
        var sum: UInt64 = 0
        for (bound, count) in zip(Self.boundsMicroseconds, now.buckets) {
            sum += count
            text += "\(name)_bucket{le=\"\(Double(bound) / 1_000_000)\"} \(sum)\n"
        }
        text += "\(name)_bucket{le=\"+Inf\"} \(now.count)\n"
        text += "\(name)_sum \(Double(now.sumMicroseconds) / 1_000_000)\n"
        text += "\(name)_count \(now.count)\n"
    }
}
