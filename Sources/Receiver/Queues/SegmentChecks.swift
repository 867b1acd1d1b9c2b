import EventQueue
import Synchronization

/// Has file queues read their finished segments back, some each minute, on a thread of its own.
final class SegmentChecks: Sendable {
    private let log: Log
    private let worker = SerialWorker(waitingMax: 1)
    private let isStopping = Atomic(false)

    init(log: Log) throws(StartFailure) {
        self.log = log
        guard worker.start() else { throw StartFailure("the system gives no more threads") }
    }

    /// Reads some of each queue; nothing, when as much waits already.
    func begin(_ queues: [any EventQueue]) {
        let queues = queues.compactMap { $0 as? FileQueue }
        if queues.isEmpty { return }
        _ = worker.submit { [self] in for queue in queues { check(queue) } }
    }

    /// Begins no other segment from now on.
    func cancel() { isStopping.store(true, ordering: .relaxed) }

    /// Ends once what was begun is read, which closing the queues cuts short.
    func stop() { worker.stop() }

    func check(_ queue: FileQueue) {
        var report = RecoveryReport()
        // Also of a segment that was set aside before something failed.
        defer { QueueOpening.report(report, of: queue, to: log) }
        do throws(QueueError) {
            var left = try queue.takeCheckBytesMax()
            while left > 0, !isStopping.load(ordering: .relaxed),
                let bytes = try queue.checkSegment(&report)
            {
                left -= max(bytes, 1)
            }
        } catch {
            // By a reload, or at the end.
            if error.code == .closed { return }
            log.write(
                .error, "segment not checked",
                [("queue", queue.name), ("detail", "\(error)")])
        }
    }
}
