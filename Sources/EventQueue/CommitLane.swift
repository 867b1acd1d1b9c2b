import Synchronization

/// One submission in the line of one queue.
struct CommitWork: Sendable {
    let submission: Submission
    /// Nil when the submission has one queue only.
    let progress: CommitProgress?

    /// Notes the answer of one queue; gives the outcome when it was the last.
    func finish(_ outcome: Submission.Outcome, lane: Int) -> Submission.Outcome? {
        guard let progress else { return outcome }
        return progress.finish(outcome, lane: lane)
    }
}

/// What the queues of one submission have answered so far.
final class CommitProgress: Sendable {
    private struct State {
        var remaining: Int
        var failure: QueueError?
        var outcomes: [(lane: Int, outcomes: AppendOutcomes)] = []
    }

    private let state: Mutex<State>

    init(remaining: Int) {
        state = Mutex(State(remaining: remaining))
    }

    /// Notes one answer; gives the common outcome when it was the last one.
    func finish(_ outcome: Submission.Outcome, lane: Int) -> Submission.Outcome? {
        state.withLock { state in
            switch outcome {
            case .success(let outcomes): state.outcomes.append((lane, outcomes))
            case .failure(let error): state.failure = state.failure ?? error
            }
            state.remaining &-= 1
            guard state.remaining == 0 else { return nil }
            if let failure = state.failure { return .failure(failure) }
            state.outcomes.sort { $0.lane < $1.lane }
            var merged = state.outcomes.first?.outcomes ?? []
            for (_, outcomes) in state.outcomes.dropFirst() {
                for index in merged.indices where merged[index] == .duplicate {
                    merged[index] = outcomes[index]
                }
            }
            return .success(merged)
        }
    }
}

/// The thread that commits to one queue.
final class CommitLane: Sendable {
    private struct State {
        var pending: [CommitWork] = []
        var isIdle = false
        /// What is pending waits for `release`.
        var isHeld = false
        /// So many would be enough for a commit that waits for more; 0 when none does.
        var enough = 0
        var isStopping = false
        /// Turns of the thread, for whoever watches that it goes on.
        var turns: UInt64 = 0
    }

    let index: Int
    private let queue: any EventQueue
    private let limits: CommitLimits
    private let account: CommitAccount
    private let clock: @Sendable () -> Int64
    private let told: @Sendable () -> Void
    private let observer: (any CommitObserver)?
    private let state = Mutex(State())
    private let signal = Semaphore()
    private let thread = Mutex<WorkerThread?>(nil)

    init(
        queue: any EventQueue, index: Int, limits: CommitLimits, account: CommitAccount,
        clock: @escaping @Sendable () -> Int64,
        told: @escaping @Sendable () -> Void,
        observer: (any CommitObserver)? = nil
    ) {
        self.observer = observer
        self.queue = queue
        self.index = index
        self.limits = limits
        self.account = account
        self.clock = clock
        self.told = told
    }

    /// Starts the thread.
    func start() throws(QueueError) {
        // Everybody waits for it: when the disk is done, it must not wait for the end of a loop's turn.
        let worker = try WorkerThread("commit", turnNanoseconds: 100_000) { [self] in run() }
        thread.withLock { $0 = worker }
    }

    /// Adds work to the end of the line; false when the lane has stopped.
    /// - Parameter isHeld: it may wait for `release`, unless there is enough for a whole commit.
    func push(_ work: [CommitWork], isHeld: Bool) -> Bool {
        let (accepted, wake) = state.withLock { state -> (Bool, Bool) in
            guard !state.isStopping else { return (false, false) }
            state.isHeld =
                isHeld && (state.isHeld || state.pending.isEmpty)
                && state.pending.count + work.count < limits.eventsPerCommitMax
            state.pending.append(contentsOf: work)
            return (true, Self.isDue(state) && Self.endWait(&state))
        }
        if wake { signal.signal() }
        return accepted
    }

    /// Lets go what was held.
    func release() {
        let wake = state.withLock { state -> Bool in
            state.isHeld = false
            return Self.isDue(state) && Self.endWait(&state)
        }
        if wake { signal.signal() }
    }

    /// Commits what is pending on the caller's thread, without a change of threads, when the lane has
    /// nothing else to do and its commits are short.
    /// - Returns: false when it is left to the lane's thread.
    func commitHere() -> Bool {
        let usual = account.usualNanoseconds(lane: index)
        guard usual > 0, usual < Self.shortNanoseconds else { return false }
        var batch: [CommitWork] = []
        let isTaken = state.withLock { state -> Bool in
            guard state.isIdle, !state.isStopping, !state.pending.isEmpty else { return false }
            // The thread goes on waiting, and nobody wakes it.
            (state.isIdle, state.isHeld) = (false, false)
            state.turns &+= 1
            swap(&state.pending, &batch)
            return true
        }
        guard isTaken else { return false }
        var events: [QueuedEvent] = []
        commit(&batch, &events)
        let wake = state.withLock { state -> Bool in
            state.isIdle = !state.isStopping && (state.pending.isEmpty || state.isHeld)
            if state.isIdle, state.pending.isEmpty { swap(&state.pending, &batch) }
            return !state.isIdle
        }
        if wake { signal.signal() }
        return true
    }

    /// Commits that take longer would keep a loop from its connections.
    private static let shortNanoseconds: UInt64 = 1_000_000

    private static func isDue(_ state: borrowing State) -> Bool {
        !state.isHeld && !state.pending.isEmpty
            && (state.isIdle || state.pending.count >= state.enough)
    }

    /// Turns of the thread so far; nil while it has nothing to do.
    var heartbeat: UInt64? { state.withLock { $0.isIdle ? nil : $0.turns } }

    /// Takes no more work; the thread ends once the line is empty.
    func stop() {
        let wake = state.withLock { state -> Bool in
            state.isStopping = true
            return Self.endWait(&state)
        }
        if wake { signal.signal() }
    }

    /// Waits for the end of the thread.
    func join() {
        let worker = thread.withLock { $0 }
        worker?.join()
    }

    /// True when the thread waits and is to be woken.
    private static func endWait(_ state: inout State) -> Bool {
        let waits = state.isIdle || state.enough > 0
        (state.isIdle, state.enough) = (false, 0)
        return waits
    }

    private enum Next {
        case work
        case gather
        case wait
        case stop
    }

    private func run() {
        var batch: [CommitWork] = []
        var events: [QueuedEvent] = []
        // What was under way when the last commit had ended; 0 when there is no waiting for it.
        var usual = 0
        var patience = CommitPatience()
        while true {
            let next = state.withLock { state -> Next in
                state.turns &+= 1
                if state.pending.isEmpty, state.isStopping { return .stop }
                if state.pending.isEmpty || (state.isHeld && !state.isStopping) {
                    state.isIdle = true
                    return .wait
                }
                // Three quarters of the usual number are a commit's worth.
                if state.pending.count < usual / 4 * 3, !state.isStopping {
                    state.enough = usual / 4 * 3
                    usual = 0
                    return .gather
                }
                swap(&state.pending, &batch)
                return .work
            }
            switch next {
            case .stop: return
            case .wait: signal.wait()
            case .gather: patience.note(paid: gather())
            case .work:
                let count = batch.count
                commit(&batch, &events)
                let waiting = state.withLock { $0.pending.count }
                usual = patience.isLeft() ? count + waiting : 0
            }
        }
    }

    /// Waits for more, half as long as a commit takes. Senders that wait for their answers else come to
    /// be stored in two halves by turns, each of which waits for the other's commit.
    /// - Returns: whether enough came.
    private func gather() -> Bool {
        signal.wait(nanoseconds: min(account.usualNanoseconds(lane: index) / 2, 5_000_000))
        return state.withLock { state in
            defer { state.enough = 0 }
            return state.enough == 0
        }
    }

    /// Commits all, in slices; leaves nothing.
    private func commit(_ batch: inout [CommitWork], _ events: inout [QueuedEvent]) {
        while !batch.isEmpty {
            let end = sliceEnd(of: batch)
            if end == batch.count { return commitSlice(&batch, &events) }
            var slice = Array(batch[..<end])
            batch.removeFirst(end)
            commitSlice(&slice, &events)
        }
    }

    private func sliceEnd(of batch: [CommitWork]) -> Int {
        var end = 0
        var events = 0
        var bytes = 0
        let bytesMax = account.commitBytesMax(lane: index)
        while end < batch.count {
            events &+= batch[end].submission.events.count
            bytes &+= batch[end].submission.byteCount
            let isTooMuch = events > limits.eventsPerCommitMax || bytes > bytesMax
            if isTooMuch, end > 0 { break }
            end += 1
        }
        return end
    }

    /// - Parameter events: empty; the room is used again.
    private func commitSlice(_ works: inout [CommitWork], _ events: inout [QueuedEvent]) {
        var bytes = 0
        for work in works {
            events.append(contentsOf: work.submission.events)
            bytes &+= work.submission.byteCount
        }
        observer?.commitBegins(lane: index)
        account.began(lane: index)
        var outcomes: [AppendOutcome] = []
        var failure: QueueError?
        do throws(QueueError) {
            outcomes = try queue.append(events, nowMilliseconds: clock())
        } catch {
            failure = error
        }
        let isStored = failure == nil
        account.ended(lane: index, events: events.count, bytes: bytes, isStored: isStored)
        observer?.commitEnded(lane: index, events: events.count, isStored: isStored)
        events.removeAll(keepingCapacity: events.capacity <= 4096)
        guard let failure else {
            var position = 0
            return finish(&works) { work in
                let end = position &+ work.submission.events.count
                defer { position = end }
                return .success(AppendOutcomes(outcomes[position..<end]))
            }
        }
        // One event that the queue does not take must not fail its neighbours.
        if works.count > 1, failure.code == .tooLarge || failure.code == .invalid {
            for work in works {
                var alone = [work]
                commitSlice(&alone, &events)
            }
            works.removeAll()
        } else {
            finish(&works) { _ in .failure(failure) }
        }
    }

    /// Takes all works, and tells the owners of those that wait for no other queue.
    private func finish(
        _ works: inout [CommitWork], _ outcomeOf: (CommitWork) -> Submission.Outcome
    ) {
        var finished: [FinishedSubmission] = []
        finished.reserveCapacity(works.count)
        for work in works {
            guard let outcome = work.finish(outcomeOf(work), lane: index) else { continue }
            finished.append(FinishedSubmission(submission: work.submission, outcome: outcome))
        }
        works.removeAll(keepingCapacity: works.capacity <= 4096)
        guard !finished.isEmpty else { return }
        // Before the owners hear of it, so that whoever is answered can submit again.
        account.release(finished)
        for one in finished { one.submission.owner.finished(one.submission, one.outcome) }
        // What an owner keeps, he alone keeps from now on.
        finished.removeAll()
        told()
    }
}
