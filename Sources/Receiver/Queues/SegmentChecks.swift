import EventQueue
import Synchronization

/// Has file queues read their finished segments, little by little, on a thread of its own.
final class SegmentChecks: Sendable {
    /// What is read of a queue each time: at once a minute more than 4 MB/s on average, and a fraction of
    /// a second's work.
    static let bytesMax = 256 << 20

    private let log: Log
    private let worker = SerialWorker(waitingMax: 1)
    private let isStopping = Atomic(false)

    init(log: Log) throws(StartFailure) {
        self.log = log
        guard worker.start() else { throw StartFailure("the system gives no more threads") }
    }

    /// Reads some of each queue, unless the time before has not ended yet.
    func begin(_ queues: [any EventQueue]) {
        let queues = queues.compactMap { $0 as? FileQueue }
        if queues.isEmpty { return }
        _ = worker.submit { [self] in for queue in queues { check(queue) } }
    }

    /// Begins no other segment from now on.
    func cancel() { isStopping.store(true, ordering: .relaxed) }

    /// Ends with the segment that is just being read.
    func stop() {
        cancel()
        worker.stop()
    }

    func check(_ queue: FileQueue) {
        var left = Self.bytesMax
        while left > 0, !isStopping.load(ordering: .relaxed) {
            do throws(QueueError) {
                guard
                    let (bytes, report) = try queue.checkSegment(
                        nowMilliseconds: Clock.nowMilliseconds)
                else { return }
                left -= max(bytes, 1)
                QueueOpening.report(report, of: queue, to: log)
            } catch {
                // Removed by a reload meanwhile.
                if error.code == .closed { return }
                log.write(
                    .error, "segment not checked",
                    [("queue", queue.name), ("detail", "\(error)")])
                return
            }
        }
    }
}
