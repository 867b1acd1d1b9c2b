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
            for (index, submission) in submissions.enumerated() {
                if let limit = obstacle(to: submission, now, state) {
                    refused.append(SubmissionRefusal(index: index, limit: limit))
                } else {
                    Self.change(&state, submission) { $0.add($1, of: $2) }
                }
            }
            return refused
        }
    }

    private func obstacle(
        to submission: Submission, _ now: UInt64, _ state: borrowing State
    ) -> CommitLimit? {
        let load = submission.load
        let integration = submission.integration
        let obstacle = state.whole.obstacle(
            to: load, of: integration, eventsMax: limits.eventsInFlightMax,
            bytesMax: limits.bytesInFlightMax)
        if let obstacle { return obstacle == .events ? .eventsInFlight : .bytesInFlight }
        let time = UInt64(limits.queueTimeMilliseconds) &* 1_000_000
        for index in state.lanes.indices where submission.queues.contains(QueueSet(index: index)) {
            // An idle queue takes whatever comes, however slow it was.
            if state.lanes[index].shares.total.events == 0 { continue }
            let began = state.lanes[index].beganNanoseconds
            let isStuck = began != 0 && now > began &+ time
            let isLate =
                state.lanes[index].shares.obstacle(
                    to: load, of: integration, eventsMax: .max,
                    bytesMax: state.lanes[index].pace.room) != nil
            if isStuck || isLate { return .queueTime }
        }
        return nil
    }

    /// Gives back what a submission had taken; after its last queue has answered.
    func release(_ submissions: [Submission]) {
        state.withLock { state in
            for submission in submissions {
                Self.change(&state, submission) { $0.remove($1, of: $2) }
            }
        }
    }

    private static func change(
        _ state: inout State, _ submission: Submission,
        _ body: (inout CommitShares, CommitShares.Load, String) -> Void
    ) {
        let load = submission.load
        body(&state.whole, load, submission.integration)
        for index in state.lanes.indices where submission.queues.contains(QueueSet(index: index)) {
            body(&state.lanes[index].shares, load, submission.integration)
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
