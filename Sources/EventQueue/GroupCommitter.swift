import Synchronization

/// Stores the events of concurrent requests with one commit a queue.
///
/// Every queue has one thread. While a commit is on its way to the disk the next batch collects;
/// whatever has collected goes in one commit (in slices of `CommitLimits.eventsPerCommitMax`).
/// A submission is finished when every one of its queues has answered; all submissions that a
/// commit finishes are delivered in one call.
///
/// If one queue fails, its submissions fail, although another queue may have stored them: the
/// vendor's retry is deduplicated there.
package final class GroupCommitter: Sendable {
    private struct InFlight {
        var events = 0
        var bytes = 0
        var isStopping = false
    }

    private let lanes: [CommitLane]
    private let limits: CommitLimits
    private let inFlight = Mutex(InFlight())

    /// Starts a thread for every queue.
    /// - Parameters:
    ///   - queues: at most 64; `QueueSet` refers to them by index.
    ///   - limits: how much may wait.
    ///   - clock: milliseconds since 1970; asked once a commit.
    ///   - deliver: gets all submissions that one commit finished, on the thread of that commit.
    ///     Nil calls the completion of each.
    ///   - observer: hears of every commit.
    /// - Throws: `.invalid` for too many queues, `.system` when a thread cannot be started.
    package init(
        queues: [any EventQueue], limits: CommitLimits = CommitLimits(),
        clock: @escaping @Sendable () -> Int64,
        deliver: (@Sendable ([FinishedSubmission]) -> Void)? = nil,
        observer: (any CommitObserver)? = nil
    ) throws(QueueError) {
        guard queues.count <= 64 else { throw QueueError(.invalid, "more than 64 queues") }
        self.limits = limits
        let deliver = deliver ?? { finished in for one in finished { one.complete() } }
        var lanes: [CommitLane] = []
        for (index, queue) in queues.enumerated() {
            lanes.append(
                CommitLane(
                    queue: queue, index: index, limits: limits, clock: clock, deliver: deliver,
                    observer: observer))
        }
        self.lanes = lanes
        for lane in lanes {
            try lane.start { [weak self] events, bytes in self?.release(events, bytes) }
        }
    }

    deinit {
        drainAndStop()
    }

    /// Hands over submissions, in order.
    ///
    /// A submission without events, or naming no queue that exists, is completed by this call.
    /// - Returns: how many were accepted, counted from the front. The rest did not fit into the
    ///   limits, or the committer is stopping: their completions are never called; answer 503.
    package func submit(_ submissions: [Submission]) -> Int {
        let accepted = reserve(submissions)
        guard accepted > 0 else { return 0 }
        if lanes.count == 1 {
            submitToOnlyLane(submissions[..<accepted])
        } else {
            submitToLanes(submissions[..<accepted])
        }
        return accepted
    }

    /// Hands over one submission.
    /// - Returns: false when it does not fit into the limits: answer 503.
    package func submit(_ submission: Submission) -> Bool {
        submit([submission]) == 1
    }

    /// What was accepted and is not completed yet.
    package var load: (events: Int, bytes: Int) {
        inFlight.withLock { ($0.events, $0.bytes) }
    }

    /// Turns that each queue's thread has made; nil for one that has nothing to do. One that is busy
    /// and has the same number for long is stuck in its commit.
    package func heartbeats() -> [UInt64?] { lanes.map(\.heartbeat) }

    /// Refuses new submissions, commits what was accepted, and ends the threads. Idempotent.
    package func drainAndStop() {
        inFlight.withLock { $0.isStopping = true }
        for lane in lanes { lane.stop() }
        for lane in lanes { lane.join() }
    }

    private func reserve(_ submissions: [Submission]) -> Int {
        inFlight.withLock { state in
            guard !state.isStopping else { return 0 }
            var accepted = 0
            for submission in submissions {
                let events = state.events &+ submission.events.count
                let bytes = state.bytes &+ submission.byteCount
                guard events <= limits.eventsInFlightMax, bytes <= limits.bytesInFlightMax else {
                    break
                }
                state.events = events
                state.bytes = bytes
                accepted &+= 1
            }
            return accepted
        }
    }

    private func release(_ events: Int, _ bytes: Int) {
        inFlight.withLock { state in
            state.events &-= events
            state.bytes &-= bytes
        }
    }

    private func submitToOnlyLane(_ submissions: ArraySlice<Submission>) {
        var work: [CommitWork] = []
        work.reserveCapacity(submissions.count)
        for submission in submissions where !completeAtOnce(submission) {
            work.append(CommitWork(submission: submission, progress: nil))
        }
        push(work, to: lanes[0])
    }

    private func submitToLanes(_ submissions: ArraySlice<Submission>) {
        var work = [[CommitWork]](repeating: [], count: lanes.count)
        for submission in submissions where !completeAtOnce(submission) {
            let targets = submission.queues.intersection(.all(count: lanes.count))
            let count = targets.rawValue.nonzeroBitCount
            let progress = count > 1 ? CommitProgress(remaining: count) : nil
            for index in lanes.indices where targets.contains(QueueSet(index: index)) {
                work[index].append(CommitWork(submission: submission, progress: progress))
            }
        }
        for (lane, work) in zip(lanes, work) where !work.isEmpty { push(work, to: lane) }
    }

    private func completeAtOnce(_ submission: Submission) -> Bool {
        if submission.events.isEmpty {
            submission.completion(.success([]))
            return true
        }
        if submission.queues.intersection(.all(count: lanes.count)).isEmpty {
            release(submission.events.count, submission.byteCount)
            submission.completion(.failure(QueueError(.notFound, "choice of queues")))
            return true
        }
        return false
    }

    private func push(_ work: [CommitWork], to lane: CommitLane) {
        guard !work.isEmpty, !lane.push(work) else { return }
        // The committer was stopped between the reservation and here.
        for one in work {
            let failure = Submission.Outcome.failure(QueueError(.closed, "submit"))
            if let outcome = one.finish(failure, lane: lane.index) {
                release(one.submission.events.count, one.submission.byteCount)
                one.submission.completion(outcome)
            }
        }
    }
}
