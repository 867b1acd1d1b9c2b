import EventQueue
import Synchronization

/// How long commits take and how many events they hold, by queue.
final class CommitMetrics: CommitObserver {
    private struct Lane {
        var startedNanoseconds: UInt64 = 0
        var failures: UInt64 = 0
    }
    private let names: [String]
    private let durations: [Histogram]
    private let sizes: [Histogram]
    private let lanes: Mutex<[Lane]>

    init(queueNames: [String]) {
        names = queueNames
        durations = queueNames.map { _ in Histogram() }
        sizes = queueNames.map { _ in Histogram(bounds: Histogram.powersOfTwo, divisor: 1) }
        lanes = Mutex(queueNames.map { _ in Lane() })
    }

    func commitBegins(lane: Int) {
        let now = Clock.monotonicNanoseconds
        lanes.withLock { $0[lane].startedNanoseconds = now }
    }

    func commitEnded(lane: Int, events: Int, isStored: Bool) {
        let now = Clock.monotonicNanoseconds
        let started = lanes.withLock { lanes in
            if !isStored { lanes[lane].failures &+= 1 }
            return lanes[lane].startedNanoseconds
        }
        durations[lane].record(nanoseconds: now &- started)
        sizes[lane].record(UInt64(events))
    }

    func write(to text: inout String) {
        Histogram.write(
            "postern_queue_commit_seconds", "Time of one commit of a queue.",
            zip(names, durations).map { ("queue=\(Metrics.quote($0))", $1) }, to: &text)
        Histogram.write(
            "postern_queue_commit_events", "Events in one commit of a queue.",
            zip(names, sizes).map { ("queue=\(Metrics.quote($0))", $1) }, to: &text)
        let failures = lanes.withLock { $0.map(\.failures) }
        text += "# HELP postern_queue_commit_failures_total Commits that stored nothing.\n"
        text += "# TYPE postern_queue_commit_failures_total counter\n"
        for (name, count) in zip(names, failures) {
            text += "postern_queue_commit_failures_total{queue=\(Metrics.quote(name))} \(count)\n"
        }
    }
}
