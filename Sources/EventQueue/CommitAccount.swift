import Synchronization

/// Decides what may go to the queues, and counts what is on its way there.
final class CommitAccount: Sendable {
    private struct Lane {
        var shares = CommitShares()
        var pace: CommitPace
        /// When the commit under way began; 0 without one.
        var beganNanoseconds: UInt64 = 0
    }

    private struct State {
        /// Of all queues together; an event counts once.
        var whole = CommitShares()
        var lanes: [Lane]
        var isStopping = false
    }

    private let limits: CommitLimits
    private let monotonic: @Sendable () -> UInt64
    private let state: Mutex<State>

    init(lanes count: Int, limits: CommitLimits, monotonic: @escaping @Sendable () -> UInt64) {
        self.limits = limits
        self.monotonic = monotonic
        let lane = Lane(pace: CommitPace(limits: limits))
        state = Mutex(State(lanes: Array(repeating: lane, count: count)))
    }

    var load: CommitShares.Load { state.withLock { $0.whole.total } }

    func stop() { state.withLock { $0.isStopping = true } }

    /// Takes room for each submission that fits, whatever became of those before it: one integration's
    /// must not be refused for another's.
    /// - Returns: those that did not fit, in order.
    func reserve(_ submissions: [Submission]) -> [SubmissionRefusal] {
        let now = monotonic()
        return state.withLock { state in
            if state.isStopping {
                return submissions.indices.map { SubmissionRefusal(index: $0, limit: nil) }
            }
            var refused: [SubmissionRefusal] = []
            Self.forEachRun(of: submissions, { $0 }) { run, share, load in
                // When the last fits with all others in place, each fits, since less is free for it than
                // for those before it.
                if run.count > 1 {
                    let last = submissions[run.upperBound - 1].load
                    let others = CommitShares.Load(
                        events: load.events &- last.events, bytes: load.bytes &- last.bytes)
                    Self.change(&state, share) { $0.add(others, of: $1) }
                    if obstacle(to: last, share, now, state) == nil {
                        return Self.change(&state, share) { $0.add(last, of: $1) }
                    }
                    Self.change(&state, share) { $0.remove(others, of: $1) }
                }
                for index in run {
                    let load = submissions[index].load
                    if let limit = obstacle(to: load, share, now, state) {
                        refused.append(SubmissionRefusal(index: index, limit: limit))
                    } else {
                        Self.change(&state, share) { $0.add(load, of: $1) }
                    }
                }
            }
            return refused
        }
    }

    /// Whose room a submission takes.
    private struct Share {
        let integration: String
        let queues: QueueSet

        init(_ submission: Submission) {
            integration = submission.integration
            queues = submission.queues
        }

        func isTaken(by submission: Submission) -> Bool {
            queues == submission.queues && integration == submission.integration
        }
    }

    /// Goes through the submissions by runs that take the room of one share, which most rounds have
    /// one of.
    private static func forEachRun<Item>(
        of items: [Item], _ submission: (Item) -> Submission,
        _ body: (_ run: Range<Int>, Share, CommitShares.Load) -> Void
    ) {
        var start = 0
        while start < items.count {
            let first = submission(items[start])
            let share = Share(first)
            var load = first.load
            var end = start + 1
            while end < items.count, share.isTaken(by: submission(items[end])) {
                let more = submission(items[end]).load
                load.events &+= more.events
                load.bytes &+= more.bytes
                end += 1
            }
            body(start..<end, share, load)
            start = end
        }
    }

    private func obstacle(
        to load: CommitShares.Load, _ share: Share, _ now: UInt64, _ state: borrowing State
    ) -> CommitLimit? {
        let obstacle = state.whole.obstacle(
            to: load, of: share.integration, eventsMax: limits.eventsInFlightMax,
            bytesMax: limits.bytesInFlightMax)
        if let obstacle { return obstacle == .events ? .eventsInFlight : .bytesInFlight }
        let time = UInt64(limits.queueTimeMilliseconds) &* 1_000_000
        for index in state.lanes.indices where share.queues.contains(QueueSet(index: index)) {
            // An idle queue takes whatever comes, however slow it was.
            if state.lanes[index].shares.total.events == 0 { continue }
            let began = state.lanes[index].beganNanoseconds
            let isStuck = began != 0 && now > began &+ time
            let isLate =
                state.lanes[index].shares.obstacle(
                    to: load, of: share.integration, eventsMax: .max,
                    bytesMax: state.lanes[index].pace.room) != nil
            if isStuck || isLate { return .queueTime }
        }
        return nil
    }

    /// Gives back what a submission had taken that no queue will store.
    func release(_ submission: Submission) {
        state.withLock { state in
            Self.change(&state, Share(submission)) { $0.remove(submission.load, of: $1) }
        }
    }

    /// Gives back what submissions had taken; after the last queue of each has answered.
    func release(_ finished: [FinishedSubmission]) {
        state.withLock { state in
            Self.forEachRun(of: finished, \.submission) { _, share, load in
                Self.change(&state, share) { $0.remove(load, of: $1) }
            }
        }
    }

    private static func change(
        _ state: inout State, _ share: Share, _ body: (inout CommitShares, String) -> Void
    ) {
        body(&state.whole, share.integration)
        for index in state.lanes.indices where share.queues.contains(QueueSet(index: index)) {
            body(&state.lanes[index].shares, share.integration)
        }
    }

    // MARK: From the lanes' threads

    /// Bytes that one commit of the lane should have at most.
    func commitBytesMax(lane: Int) -> Int { state.withLock { $0.lanes[lane].pace.commitBytesMax } }

    /// How long a commit of the lane takes; 0 before the first.
    func usualNanoseconds(lane: Int) -> UInt64 {
        state.withLock { $0.lanes[lane].pace.usualNanoseconds }
    }

    /// A commit begins.
    func began(lane: Int) {
        // 0 stands for none.
        let now = max(1, monotonic())
        state.withLock { $0.lanes[lane].beganNanoseconds = now }
    }

    /// It has ended.
    func ended(lane: Int, events: Int, bytes: Int, isStored: Bool) {
        let now = monotonic()
        state.withLock { state in
            let began = state.lanes[lane].beganNanoseconds
            state.lanes[lane].beganNanoseconds = 0
            guard isStored else { return }
            state.lanes[lane].pace.record(
                events: events, bytes: bytes, nanoseconds: now > began ? now - began : 0)
        }
    }
}
