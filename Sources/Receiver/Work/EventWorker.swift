package import EventQueue
import Synchronization

/// What a handler made of one event.
package enum HandlingOutcome: Sendable, Equatable {
    case done
    /// Why, and how long to wait at least when the handler was told.
    case failed(String, retryAfterMilliseconds: Int64? = nil)
    /// It was asked to stop at once: the event is given back.
    case interrupted
}

/// Does something with an event: runs a command, posts it.
package protocol EventHandler: Sendable {
    /// Blocks until it is done with the event. Called by several threads.
    func handle(_ event: LeasedEvent) -> HandlingOutcome
    /// Called about ten times a second, for time limits.
    func tick()
    /// Ends what is under way; `handle` gives `.interrupted`.
    func interrupt()
}

/// Takes events from a queue, hands each to a handler, and acknowledges or gives back. Events are
/// delivered at least once: when a worker dies, its leases run out and others get the events.
package final class EventWorker: Sendable {
    /// The world, so that tests have their own.
    package struct Environment: Sendable {
        package var nowMilliseconds: @Sendable () -> Int64
        /// A number in 0..<1.
        package var randomNumber: @Sendable () -> Double
        /// Waits so many milliseconds.
        package var wait: @Sendable (Int32) -> Void

        package init(
            nowMilliseconds: @escaping @Sendable () -> Int64,
            randomNumber: @escaping @Sendable () -> Double,
            wait: @escaping @Sendable (Int32) -> Void
        ) {
            self.nowMilliseconds = nowMilliseconds
            self.randomNumber = randomNumber
            self.wait = wait
        }
    }

    package struct Settings: Sendable {
        /// How long an event is leased; longer than a handler may take.
        package var leaseMilliseconds: Int64 = 90_000
        /// Attempts and backoff; the queue's own.
        package var policy = DeliveryPolicy()
        /// Stop once nothing is ready.
        package var untilEmpty = false
        /// The most events that are taken at once while each takes little time: one commit then serves
        /// many.
        package var batchMax = 16
        /// A batch that takes longer makes the next one smaller, and what is done is acknowledged before
        /// its end.
        package var batchMilliseconds: Int64 = 250
        /// How long an empty queue is left alone.
        package var idleMilliseconds: Int64 = 200

        package init() {}
    }

    /// What became of one event.
    package struct Handled: Sendable {
        package enum Result: Sendable, Equatable {
            case done
            case retry(atMilliseconds: Int64)
            case dead
            /// The lease had run out: somebody else has the event.
            case lost
        }
        package let event: StoredEvent
        package let result: Result
        /// Why it was given back.
        package let error: String?
        package let milliseconds: Int64
    }

    private let queue: any EventConsumer
    private let handler: any EventHandler
    private let settings: Settings
    private let environment: Environment
    private let report: @Sendable (Handled) -> Void
    private let failed: @Sendable (QueueError) -> Void
    private let isStopping = Atomic(false)
    /// When the queue is worth another look, in milliseconds since 1970; shared by the threads, so that
    /// an idle queue is asked by one of them only.
    private let nextLook = Mutex<Int64>(.min)

    /// - Parameters:
    ///   - report: called for each event, by the thread that handled it.
    ///   - failed: called when the queue fails; the worker goes on.
    package init(
        queue: any EventConsumer, handler: any EventHandler, settings: Settings,
        environment: Environment, report: @escaping @Sendable (Handled) -> Void,
        failed: @escaping @Sendable (QueueError) -> Void
    ) {
        self.queue = queue
        self.handler = handler
        self.settings = settings
        self.environment = environment
        self.report = report
        self.failed = failed
    }

    /// No further events are taken.
    package func stop() { isStopping.store(true, ordering: .releasing) }

    /// One thread's work, until `stop`, or until nothing is ready if so set.
    package func run() {
        var failures = 0
        var count = 1
        while !isStopping.load(ordering: .acquiring) {
            do throws(QueueError) {
                let start = environment.nowMilliseconds()
                if try workOnce(count: count) {
                    failures = 0
                    let spent = environment.nowMilliseconds() &- start
                    let isShort = spent >= 0 && spent <= settings.batchMilliseconds
                    count = isShort ? min(count * 2, settings.batchMax) : max(count / 2, 1)
                } else if settings.untilEmpty {
                    return
                } else {
                    environment.wait(50)
                }
            } catch {
                failed(error)
                if settings.untilEmpty { return }
                failures += 1
                var left = 100 << min(failures, 8)
                while left > 0, !isStopping.load(ordering: .acquiring) {
                    environment.wait(50)
                    left -= 50
                }
            }
        }
    }

    /// An event that is done and not yet acknowledged.
    private struct Done {
        let leased: LeasedEvent
        let milliseconds: Int64
    }

    /// Handles up to so many events, one after another.
    ///
    /// - Returns: false when none is ready.
    /// - Throws: when the queue fails; events that were not settled come again.
    package func workOnce(count: Int = 1) throws(QueueError) -> Bool {
        let start = environment.nowMilliseconds()
        let isDue = nextLook.withLock { next in
            // A clock that was set back must not make the queue wait for ever.
            next <= start || next > start &+ settings.idleMilliseconds
        }
        guard isDue || settings.untilEmpty else { return false }
        let leased = try queue.lease(
            count: count, durationMilliseconds: settings.leaseMilliseconds, nowMilliseconds: start)
        if leased.isEmpty {
            nextLook.withLock { $0 = start &+ settings.idleMilliseconds }
            return false
        }
        var done: [Done] = []
        do throws(QueueError) {
            for one in leased { try work(one, leasedAt: start, &done) }
        } catch {
            // What is done is done, if the queue still takes that.
            try? acknowledge(&done)
            throw error
        }
        try acknowledge(&done)
        return true
    }

    private func work(
        _ one: LeasedEvent, leasedAt: Int64, _ done: inout [Done]
    ) throws(QueueError) {
        let start = environment.nowMilliseconds()
        if start &- leasedAt > settings.batchMilliseconds {
            // One before it was slow: this lease must outlive its handler as well.
            try acknowledge(&done)
            let isKept = try queue.extend(
                one.lease, durationMilliseconds: settings.leaseMilliseconds,
                nowMilliseconds: start)
            guard isKept else {
                return report(Handled(event: one.event, result: .lost, error: nil, milliseconds: 0))
            }
        }
        let outcome = handler.handle(one)
        let now = environment.nowMilliseconds()
        switch outcome {
        case .done: done.append(Done(leased: one, milliseconds: now &- start))
        case .failed(let error, let least):
            let delay = max(backoffMilliseconds(attempts: one.event.attempts), least ?? 0)
            try giveBack(one, error, delay, now, now &- start)
        case .interrupted:
            try giveBack(one, "the worker was stopped", 0, now, now &- start)
        }
    }

    /// Acknowledges in one commit.
    private func acknowledge(_ done: inout [Done]) throws(QueueError) {
        guard !done.isEmpty else { return }
        let finished = done
        done = []
        let kept = try queue.ack(
            finished.map(\.leased.lease), nowMilliseconds: environment.nowMilliseconds())
        for (one, isKept) in zip(finished, kept) {
            report(
                Handled(
                    event: one.leased.event, result: isKept ? .done : .lost, error: nil,
                    milliseconds: one.milliseconds))
        }
    }

    private func giveBack(
        _ one: LeasedEvent, _ error: String, _ delay: Int64, _ now: Int64, _ spent: Int64
    ) throws(QueueError) {
        let outcome = try queue.nack(
            one.lease, error: error,
            delayMilliseconds: min(delay, settings.policy.backoffMillisecondsMax),
            nowMilliseconds: now)
        let result: Handled.Result =
            switch outcome {
            case .retry(let time): .retry(atMilliseconds: time)
            case .dead: .dead
            case .lost: .lost
            }
        report(Handled(event: one.event, result: result, error: error, milliseconds: spent))
    }

    /// Between half and all of the policy's backoff: consumers that failed together do not come back
    /// together.
    func backoffMilliseconds(attempts: Int) -> Int64 {
        let full = settings.policy.backoffMilliseconds(attempts: attempts)
        return full - Int64(Double(full) / 2 * environment.randomNumber())
    }
}
