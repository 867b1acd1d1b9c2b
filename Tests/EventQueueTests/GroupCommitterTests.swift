import Glibc
import Synchronization
import Testing

@testable import EventQueue

/// A queue that waits for its test and fails when told to.
final class ScriptedQueue: EventQueue {
    struct State {
        var appended: [[String]] = []
        var failure: QueueError?
    }

    let name = "scripted"
    let state = Mutex(State())
    /// Signalled when an append begins; waited for before it ends.
    let began = Semaphore()
    let mayEnd = Semaphore()
    let isGated: Bool

    init(isGated: Bool = false) {
        self.isGated = isGated
    }

    func append(
        _ events: [QueuedEvent], nowMilliseconds: Int64
    ) throws(QueueError) -> [AppendOutcome] {
        if isGated {
            began.signal()
            mayEnd.wait()
        }
        let failure = state.withLock { state -> QueueError? in
            state.appended.append(events.map(\.id))
            return state.failure
        }
        if let failure { throw failure }
        if events.contains(where: { $0.document.count > 100 }) {
            throw QueueError(.tooLarge, "append")
        }
        return events.indices.map { .stored(sequence: UInt64($0 + 1)) }
    }

    func checkWritable() throws(QueueError) {}
    func close() {}
    func list(_ filter: EventFilter) throws(QueueError) -> [StoredEvent] { [] }
    func show(sequence: UInt64) throws(QueueError) -> StoredEvent? { nil }
    func lease(
        count: Int, durationMilliseconds: Int64, nowMilliseconds: Int64
    ) throws(QueueError) -> [LeasedEvent] { [] }
    func ack(_ leases: [Lease], nowMilliseconds: Int64) throws(QueueError) -> [Bool] { [] }
    func nack(
        _ lease: Lease, error: String?, delayMilliseconds: Int64?, nowMilliseconds: Int64
    ) throws(QueueError) -> NackOutcome { .lost }
    func extend(
        _ lease: Lease, durationMilliseconds: Int64, nowMilliseconds: Int64
    ) throws(QueueError) -> Bool { false }
    func returnDeadLetters(
        _ sequences: [UInt64]?, nowMilliseconds: Int64
    ) throws(QueueError) -> Int { 0 }
    func stats(nowMilliseconds: Int64) throws(QueueError) -> QueueStatistics {
        QueueStatistics()
    }
    func prune(
        _ policy: RetentionPolicy, nowMilliseconds: Int64
    ) throws(QueueError) -> PruneResult { PruneResult() }
}

/// Collects outcomes by name.
final class Collector: Sendable {
    let outcomes = Mutex<[String: Submission.Outcome]>([:])

    func submission(
        _ ids: [String], queues: QueueSet = QueueSet(index: 0), body: String = "{}",
        of integration: String = "github"
    ) -> Submission {
        let events = ids.map { QueuedEvent.make($0, integration: integration, body: body) }
        return Submission(
            events: events, queues: queues, owner: Owner(name: ids.joined(), collector: self))
    }

    private final class Owner: SubmissionOwner {
        let name: String
        let collector: Collector
        init(name: String, collector: Collector) { (self.name, self.collector) = (name, collector) }

        func finished(_ submission: Submission, _ outcome: Submission.Outcome) {
            collector.outcomes.withLock { $0[name] = outcome }
        }
    }

    subscript(_ name: String) -> Submission.Outcome? {
        outcomes.withLock { $0[name] }
    }
}

@Suite struct GroupCommitterTests {
    private func committer(
        _ queues: [any EventQueue], limits: CommitLimits = CommitLimits(),
        monotonic: @escaping @Sendable () -> UInt64 = { 1 },
        told: @escaping @Sendable () -> Void = {}
    ) throws -> GroupCommitter {
        try GroupCommitter(
            queues: queues, limits: limits, clock: { now }, monotonic: monotonic, told: told)
    }

    @Test func `what collects during a commit goes into the next one`() throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        let heard = Mutex<[Int]>([])
        let committer = try committer(
            [queue], told: { heard.withLock { $0.append(collector.outcomes.withLock(\.count)) } })
        #expect(committer.submit(collector.submission(["a"])) == nil)
        queue.began.wait()
        #expect(committer.submit([collector.submission(["b", "c"])]) == [])
        #expect(committer.submit([collector.submission(["d"])]) == [])
        #expect(collector["a"] == nil)
        queue.mayEnd.signal()
        queue.began.wait()
        queue.mayEnd.signal()
        committer.drainAndStop()
        #expect(queue.state.withLock { $0.appended } == [["a"], ["b", "c", "d"]])
        #expect(heard.withLock { $0 } == [1, 3])
        #expect(collector["bc"] == .success([.stored(sequence: 1), .stored(sequence: 2)]))
        #expect(collector["d"] == .success([.stored(sequence: 3)]))
    }

    @Test func `what does not fit is refused at once, at the limit it is not`() throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        var limits = CommitLimits()
        limits.eventsInFlightMax = 3
        let committer = try committer([queue], limits: limits)
        let three = ["a", "b", "c", "d"].map { collector.submission([$0]) }
        #expect(
            committer.submit(three) == [SubmissionRefusal(index: 3, limit: .eventsInFlight)])
        #expect(committer.submit(collector.submission(["e"]))?.limit == .eventsInFlight)
        #expect(committer.load.events == 3)
        queue.began.wait()
        for _ in 0..<4 { queue.mayEnd.signal() }
        committer.drainAndStop()
        #expect(committer.load == (0, 0))
        #expect(collector["c"] != nil)
        #expect(collector["d"] == nil)
    }

    @Test func `bytes in flight are bounded`() throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        var limits = CommitLimits()
        limits.bytesInFlightMax = collector.submission(["a"]).byteCount
        let committer = try committer([queue], limits: limits)
        #expect(committer.submit(collector.submission(["ab"]))?.limit == .bytesInFlight)
        #expect(committer.submit(collector.submission(["a"])) == nil)
        #expect(committer.submit(collector.submission(["b"]))?.limit == .bytesInFlight)
        queue.mayEnd.signal()
        committer.drainAndStop()
        #expect(collector["a"] != nil)
    }

    @Test func `one integration leaves room for another, and one refusal is not the next's`() throws
    {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        var limits = CommitLimits()
        limits.eventsInFlightMax = 10
        let committer = try committer([queue], limits: limits)
        let greedy = (0..<9).map { collector.submission(["g\($0)"]) }
        // Eight of ten: four times the two that are left.
        #expect(
            committer.submit(greedy + [collector.submission(["m"], of: "modest")])
                == [SubmissionRefusal(index: 8, limit: .eventsInFlight)])
        #expect(committer.load.events == 9)
        for _ in 0..<9 { queue.mayEnd.signal() }
        committer.drainAndStop()
        #expect(collector["m"] != nil && collector["g7"] != nil && collector["g8"] == nil)
    }

    @Test func `what would wait too long is refused at once, and a stuck disk takes nothing more`()
        throws
    {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        let time = Mutex<UInt64>(1)
        var limits = CommitLimits()
        limits.queueTimeMilliseconds = 1500
        limits.eventsPerCommitMax = 2
        let committer = try committer(
            [queue], limits: limits, monotonic: { time.withLock { $0 } })
        // Half a second for a commit, whatever its size.
        #expect(committer.submit(collector.submission(["a"])) == nil)
        queue.began.wait()
        time.withLock { $0 += 500_000_000 }
        #expect(committer.submit(collector.submission(["b"])) == nil)
        queue.mayEnd.signal()
        queue.began.wait()
        // Two events fit into the time for one commit more; one integration may have them both.
        let more = ["c", "d", "e"].map { collector.submission([$0]) }
        #expect(committer.submit(more).map(\.limit) == [.queueTime, .queueTime])
        // The commit under way takes longer than anything may.
        time.withLock { $0 += 1_500_000_001 }
        #expect(committer.submit(collector.submission(["x"], of: "other"))?.limit == .queueTime)
        for _ in 0..<4 { queue.mayEnd.signal() }
        committer.drainAndStop()
        #expect(["a", "b", "c"].allSatisfy { collector[$0] != nil })
    }

    @Test(arguments: [false, true])
    func `a commit that waits for more goes without, and at once when all is to end`(
        isStopped: Bool
    ) throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        let time = Mutex<UInt64>(1)
        // A commit takes ten seconds, so that the next one waits as long as any may.
        let committer = try committer(
            [queue],
            monotonic: {
                time.withLock { time in
                    time += 5_000_000_000
                    return time
                }
            })
        let eight = (0..<8).map { collector.submission(["\($0)"]) }
        #expect(committer.submit(eight) == [])
        queue.began.wait()
        queue.mayEnd.signal()
        while committer.load.events > 0 { sched_yield() }
        #expect(committer.submit(collector.submission(["late"])) == nil)
        queue.mayEnd.signal()
        if !isStopped { while committer.load.events > 0 { sched_yield() } }
        committer.drainAndStop()
        #expect(collector["late"] == .success([.stored(sequence: 1)]))
    }

    @Test func `an idle queue takes an event however slow it was`() throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        let time = Mutex<UInt64>(1)
        let committer = try committer([queue], monotonic: { time.withLock { $0 } })
        for name in ["a", "b", "c"] {
            #expect(committer.submit(collector.submission([name])) == nil)
            queue.began.wait()
            time.withLock { $0 += 60_000_000_000 }
            queue.mayEnd.signal()
            while committer.load.events > 0 { sched_yield() }
        }
        committer.drainAndStop()
    }

    @Test func `a failed commit fails its submissions and no later one`() throws {
        let queue = ScriptedQueue(isGated: true)
        queue.state.withLock { $0.failure = QueueError(.diskFull, "write") }
        let collector = Collector()
        let committer = try committer([queue])
        #expect(committer.submit(collector.submission(["a"])) == nil)
        queue.began.wait()
        queue.mayEnd.signal()
        // The second submission may join the first append only before it began.
        #expect(committer.submit(collector.submission(["b"])) == nil)
        queue.began.wait()
        queue.state.withLock { $0.failure = nil }
        queue.mayEnd.signal()
        committer.drainAndStop()
        #expect(collector["a"] == .failure(QueueError(.diskFull, "write")))
        #expect(collector["b"] == .success([.stored(sequence: 1)]))
    }

    @Test func `an event that is too large fails alone`() throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        let committer = try committer([queue])
        #expect(committer.submit(collector.submission(["first"])) == nil)
        queue.began.wait()
        let large = "\"" + String(repeating: "x", count: 200) + "\""
        #expect(
            committer.submit([
                collector.submission(["a"]), collector.submission(["b"], body: large),
                collector.submission(["c"]),
            ]) == [])
        for _ in 0..<5 { queue.mayEnd.signal() }
        committer.drainAndStop()
        #expect(collector["a"] == .success([.stored(sequence: 1)]))
        #expect(collector["b"] == .failure(QueueError(.tooLarge, "append")))
        #expect(collector["c"] == .success([.stored(sequence: 1)]))
    }

    @Test func `success means every queue, and one failure fails it`() throws {
        let good = ScriptedQueue()
        let bad = ScriptedQueue()
        bad.state.withLock { $0.failure = QueueError(.inputOutput, "fdatasync") }
        let collector = Collector()
        let committer = try committer([good, bad, good])
        #expect(
            committer.submit([
                collector.submission(["a"], queues: .all(count: 2)),
                collector.submission(["b"], queues: [QueueSet(index: 0), QueueSet(index: 2)]),
                collector.submission(["c"], queues: QueueSet(index: 0)),
            ]) == [])
        committer.drainAndStop()
        #expect(collector["a"] == .failure(QueueError(.inputOutput, "fdatasync")))
        #expect((try? collector["b"]?.get())?.count == 1)
        #expect((try? collector["c"]?.get())?.count == 1)
    }

    @Test func `no events are done at once, no queue is an error`() throws {
        let collector = Collector()
        let told = Mutex(0)
        let committer = try committer([ScriptedQueue()], told: { told.withLock { $0 += 1 } })
        #expect(committer.submit(collector.submission([])) == nil)
        #expect(collector[""] == .success([]))
        #expect(told.withLock { $0 } == 1)
        #expect(committer.submit(collector.submission(["a"], queues: QueueSet(index: 5))) == nil)
        #expect(collector["a"] == .failure(QueueError(.notFound, "choice of queues")))
        #expect(told.withLock { $0 } == 2)
        #expect(committer.load == (0, 0))
    }

    /// Keeps what it hears of until it is asked for it.
    private final class Keeper: SubmissionOwner {
        let kept = Mutex<Submission?>(nil)

        func finished(_ submission: Submission, _ outcome: Submission.Outcome) {
            kept.withLock { $0 = submission }
        }

        /// Whether nobody else had the submission.
        func giveBack() -> Bool {
            weak var left: Submission?
            kept.withLock { kept in
                left = kept
                kept = nil
            }
            return left == nil
        }
    }

    @Test func `once all is told, nobody but its owner has a submission`() throws {
        let queue = ScriptedQueue(isGated: true)
        let keeper = Keeper()
        let given = Mutex<[Bool]>([])
        let committer = try committer(
            [queue], told: { given.withLock { $0.append(keeper.giveBack()) } })
        // Nothing of this thread's has it when its commit may end.
        _ = committer.submit(
            Submission(events: [.make("a")], queues: .all(count: 1), owner: keeper))
        queue.began.wait()
        queue.mayEnd.signal()
        committer.drainAndStop()
        #expect(given.withLock { $0 } == [true])
    }

    @Test(arguments: [false, true])
    func `more than a commit holds goes in several, each told of on its own`(
        isRefused: Bool
    ) throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        let told = Mutex<[Int]>([])
        var limits = CommitLimits()
        limits.eventsPerCommitMax = 2
        let committer = try committer(
            [queue], limits: limits,
            told: { told.withLock { $0.append(collector.outcomes.withLock(\.count)) } })
        #expect(committer.submit(collector.submission(["first"])) == nil)
        queue.began.wait()
        // The queue of these tests refuses what is long, and with it its whole commit.
        let long = "\"" + String(repeating: "x", count: 100) + "\""
        let five = ["a", "b", "c", "d", "e"].map { id in
            collector.submission([id], body: isRefused && id == "d" ? long : "{}")
        }
        #expect(committer.submit(five) == [])
        for _ in 0..<(isRefused ? 6 : 4) { queue.mayEnd.signal() }
        committer.drainAndStop()
        let tried = queue.state.withLock { $0.appended }
        let again = isRefused ? [["c"], ["d"]] : []
        #expect(tried == [["first"], ["a", "b"], ["c", "d"]] + again + [["e"]])
        #expect(told.withLock { $0 } == (isRefused ? [1, 3, 4, 5, 6] : [1, 3, 5, 6]))
        for id in ["a", "b", "c", "e"] { #expect((try? collector[id]?.get())?.count == 1) }
        let isTooLong = collector["d"] == .failure(QueueError(.tooLarge, "append"))
        #expect(isTooLong == isRefused)
        #expect(committer.load == (0, 0))
    }

    @Test func `a stopped committer refuses, and stopping twice is fine`() throws {
        let committer = try committer([ScriptedQueue()])
        committer.drainAndStop()
        committer.drainAndStop()
        #expect(
            committer.submit(Collector().submission(["a"]))
                == SubmissionRefusal(index: 0, limit: nil))
    }

    @Test(arguments: QueueKind.allCases)
    func `many threads submit, every event is stored once`(kind: QueueKind) async throws {
        let folder = try TemporaryFolder()
        let queue = try kind.open(folder)
        let committer = try committer([queue])
        let collector = Collector()
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    for number in 0..<50 {
                        let name = "\(thread)-\(number)"
                        #expect(committer.submit(collector.submission([name])) == nil)
                    }
                }
            }
        }
        committer.drainAndStop()
        #expect(collector.outcomes.withLock { $0.count } == 400)
        let ids = try queue.ids()
        #expect(ids.count == 400)
        #expect(Set(ids).count == 400)
        for thread in 0..<8 {
            let own = ids.filter { $0.hasPrefix("\(thread)-") }
            #expect(own == (0..<50).map { "\(thread)-\($0)" })
        }
    }
}
