import EventQueue
import Synchronization

/// How long the commits of one queue take and how many events they hold. They outlive reloads.
final class CommitMetrics: Sendable {
    let durations = Histogram()
    let sizes = Histogram(bounds: Histogram.powersOfTwo, divisor: 1)
    let failures = Atomic<UInt64>(0)

    static func write(
        _ queues: [(name: String, commits: CommitMetrics)], to text: inout String
    ) {
        let labels = queues.map { "queue=\(Metrics.quote($0.name))" }
        Histogram.write(
            "postern_queue_commit_seconds", "Time of one commit of a queue.",
            Array(zip(labels, queues.map { [$0.commits.durations] })), to: &text)
        Histogram.write(
            "postern_queue_commit_events", "Events in one commit of a queue.",
            Array(zip(labels, queues.map { [$0.commits.sizes] })), to: &text)
        text += "# HELP postern_queue_commit_failures_total Commits that stored nothing.\n"
        text += "# TYPE postern_queue_commit_failures_total counter\n"
        for (label, queue) in zip(labels, queues) {
            let count = queue.commits.failures.load(ordering: .relaxed)
            text += "postern_queue_commit_failures_total{\(label)} \(count)\n"
        }
    }
}

/// Times the commits of one committer, lane by lane.
final class CommitTimer: CommitObserver {
    private let lanes: [CommitMetrics]
    private let started: Mutex<[UInt64]>

    init(_ lanes: [CommitMetrics]) {
        self.lanes = lanes
        started = Mutex(lanes.map { _ in 0 })
    }

    func commitBegins(lane: Int) {
        let now = Clock.monotonicNanoseconds
        started.withLock { $0[lane] = now }
    }

    func commitEnded(lane: Int, events: Int, isStored: Bool) {
        let started = started.withLock { $0[lane] }
        lanes[lane].durations.record(nanoseconds: Clock.monotonicNanoseconds &- started)
        lanes[lane].sizes.record(UInt64(events))
        if !isStored { lanes[lane].failures.wrappingAdd(1, ordering: .relaxed) }
    }
}
