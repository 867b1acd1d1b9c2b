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
        while !isStopping.load(ordering: .acquiring) {
            do throws(QueueError) {
                if try workOnce() {
                    failures = 0
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

    /// Handles one event.
    ///
    /// - Returns: false when none is ready.
    /// - Throws: when the queue fails; the event, if there was one, comes again.
    package func workOnce() throws(QueueError) -> Bool {
        let start = environment.nowMilliseconds()
        let isDue = nextLook.withLock { next in
            // A clock that was set back must not make the queue wait for ever.
            next <= start || next > start &+ settings.idleMilliseconds
        }
        guard isDue || settings.untilEmpty else { return false }
        let leased = try queue.lease(
            count: 1, durationMilliseconds: settings.leaseMilliseconds, nowMilliseconds: start)
        guard let one = leased.first else {
            nextLook.withLock { $0 = start &+ settings.idleMilliseconds }
            return false
        }
        let outcome = handler.handle(one)
        let now = environment.nowMilliseconds()
        let (result, error) = try settle(one, outcome, now)
        report(
            Handled(event: one.event, result: result, error: error, milliseconds: now &- start))
        return true
    }

    private func settle(
        _ one: LeasedEvent, _ outcome: HandlingOutcome, _ now: Int64
    ) throws(QueueError) -> (Handled.Result, String?) {
        let error: String
        let delay: Int64
        switch outcome {
        case .done:
            let isKept = try queue.ack([one.lease], nowMilliseconds: now).first ?? false
            return (isKept ? .done : .lost, nil)
        case .failed(let text, let least):
            error = text
            delay = max(backoffMilliseconds(attempts: one.event.attempts), least ?? 0)
        case .interrupted:
            error = "the worker was stopped"
            delay = 0
        }
        let result = try queue.nack(
            one.lease, error: error,
            delayMilliseconds: min(delay, settings.policy.backoffMillisecondsMax),
            nowMilliseconds: now)
        switch result {
        case .retry(let time): return (.retry(atMilliseconds: time), error)
        case .dead: return (.dead, error)
        case .lost: return (.lost, error)
        }
    }

    /// Between half and all of the policy's backoff: consumers that failed together do not come back
    /// together.
    func backoffMilliseconds(attempts: Int) -> Int64 {
        let full = settings.policy.backoffMilliseconds(attempts: attempts)
        return full - Int64(Double(full) / 2 * environment.randomNumber())
    }
}
