import Synchronization

/// Stores the events of concurrent requests with one commit a queue.
///
/// Every queue has one thread. While a commit is on its way to the disk the next batch collects;
/// whatever has collected goes in one commit (in slices of `CommitLimits.eventsPerCommitMax`).
/// A submission is finished when every one of its queues has answered.
///
/// If one queue fails, its submissions fail, although another queue may have stored them: the
/// vendor's retry is deduplicated there.
package final class GroupCommitter: Sendable {
    private let lanes: [CommitLane]
    private let account: CommitAccount
    private let told: @Sendable () -> Void

    /// Starts a thread for every queue.
    /// - Parameters:
    ///   - queues: at most 64; `QueueSet` refers to them by index.
    ///   - limits: how much may wait.
    ///   - clock: milliseconds since 1970; asked once a commit.
    ///   - monotonic: nanoseconds of a clock that is never set, for how long commits take.
    ///   - told: called on the same thread when the owners of all submissions that a commit finished have
    ///     heard of it. As a rule nothing here refers to them any more, so that an owner who keeps one says
    ///     where its memory is given back; exceptions (several queues, a commit that is tried again event by
    ///     event) cost time, nothing else.
    ///   - observer: hears of every commit.
    /// - Throws: `.invalid` for too many queues, `.system` when a thread cannot be started.
    package init(
        queues: [any EventQueue], limits: CommitLimits = CommitLimits(),
        clock: @escaping @Sendable () -> Int64, monotonic: @escaping @Sendable () -> UInt64,
        told: @escaping @Sendable () -> Void = {},
        observer: (any CommitObserver)? = nil
    ) throws(QueueError) {
        guard queues.count <= 64 else { throw QueueError(.invalid, "more than 64 queues") }
        let account = CommitAccount(lanes: queues.count, limits: limits, monotonic: monotonic)
        self.account = account
        self.told = told
        var lanes: [CommitLane] = []
        for (index, queue) in queues.enumerated() {
            lanes.append(
                CommitLane(
                    queue: queue, index: index, limits: limits, account: account, clock: clock,
                    told: told, observer: observer))
        }
        self.lanes = lanes
        for lane in lanes { try lane.start() }
    }

    deinit {
        drainAndStop()
    }

    /// Hands over submissions, in order.
    ///
    /// A submission without events, or naming no queue that exists, is finished by this call.
    /// - Parameter isHeld: whoever submits will call `release` when nothing more comes at once; until
    ///   then they may wait for more.
    /// - Returns: those that were refused, in order; answer 503. They did not fit into the limits, or
    ///   the committer is stopping.
    package func submit(
        _ submissions: [Submission], isHeld: Bool = false
    ) -> [SubmissionRefusal] {
        let refused = account.reserve(submissions)
        if refused.isEmpty {
            hand(submissions, isHeld)
        } else if refused.count < submissions.count {
            var next = 0
            hand(
                submissions.indices.compactMap { index in
                    guard next < refused.count, refused[next].index == index else {
                        return submissions[index]
                    }
                    next += 1
                    return nil
                }, isHeld)
        }
        return refused
    }

    /// Lets go what was held.
    /// - Parameter mayCommitHere: the caller has nothing better to do than to commit it himself.
    package func release(mayCommitHere: Bool = false) {
        // Several queues commit at the same time.
        if mayCommitHere, lanes.count == 1, lanes[0].commitHere() { return }
        for lane in lanes { lane.release() }
    }

    /// Hands over one submission.
    /// - Returns: nil, or why it was refused: answer 503.
    package func submit(_ submission: Submission) -> SubmissionRefusal? {
        submit([submission]).first
    }

    /// What was accepted and is not completed yet.
    package var load: (events: Int, bytes: Int) {
        let load = account.load
        return (load.events, load.bytes)
    }

    /// Turns that each queue's thread has made; nil for one that has nothing to do. One that is busy
    /// and has the same number for long is stuck in its commit.
    package func heartbeats() -> [UInt64?] { lanes.map(\.heartbeat) }

    /// Refuses new submissions, commits what was accepted, and ends the threads. Idempotent.
    package func drainAndStop() {
        account.stop()
        for lane in lanes { lane.stop() }
        for lane in lanes { lane.join() }
    }

    private func hand(_ submissions: [Submission], _ isHeld: Bool) {
        var isOver = false
        if lanes.count == 1 {
            submitToOnlyLane(submissions, isHeld, &isOver)
        } else {
            submitToLanes(submissions, isHeld, &isOver)
        }
        if isOver { told() }
    }

    /// - Parameter isOver: set when one of them is finished already.
    private func submitToOnlyLane(
        _ submissions: [Submission], _ isHeld: Bool, _ isOver: inout Bool
    ) {
        var work: [CommitWork] = []
        work.reserveCapacity(submissions.count)
        for submission in submissions where !finishAtOnce(submission, &isOver) {
            work.append(CommitWork(submission: submission, progress: nil))
        }
        push(work, to: lanes[0], isHeld, &isOver)
    }

    private func submitToLanes(
        _ submissions: [Submission], _ isHeld: Bool, _ isOver: inout Bool
    ) {
        var work = [[CommitWork]](repeating: [], count: lanes.count)
        for submission in submissions where !finishAtOnce(submission, &isOver) {
            let targets = submission.queues.intersection(.all(count: lanes.count))
            let count = targets.rawValue.nonzeroBitCount
            let progress = count > 1 ? CommitProgress(remaining: count) : nil
            for index in lanes.indices where targets.contains(QueueSet(index: index)) {
                work[index].append(CommitWork(submission: submission, progress: progress))
            }
        }
        for (lane, work) in zip(lanes, work) where !work.isEmpty {
            push(work, to: lane, isHeld, &isOver)
        }
    }

    private func finishAtOnce(_ submission: Submission, _ isOver: inout Bool) -> Bool {
        if submission.events.isEmpty {
            isOver = true
            submission.owner.finished(submission, .success([]))
            return true
        }
        if submission.queues.intersection(.all(count: lanes.count)).isEmpty {
            account.release(submission)
            isOver = true
            submission.owner.finished(
                submission, .failure(QueueError(.notFound, "choice of queues")))
            return true
        }
        return false
    }

    private func push(
        _ work: [CommitWork], to lane: CommitLane, _ isHeld: Bool, _ isOver: inout Bool
    ) {
        guard !work.isEmpty, !lane.push(work, isHeld: isHeld) else { return }
        // The committer was stopped between the reservation and here.
        isOver = true
        for one in work {
            let failure = Submission.Outcome.failure(QueueError(.closed, "submit"))
            if let outcome = one.finish(failure, lane: lane.index) {
                account.release(one.submission)
                one.submission.owner.finished(one.submission, outcome)
            }
        }
    }
}
