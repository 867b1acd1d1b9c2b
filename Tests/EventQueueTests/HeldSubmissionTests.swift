import Glibc
import Synchronization
import Testing

@testable import EventQueue

/// Submissions that may wait for more, and commits on the thread that lets them go.
@Suite struct HeldSubmissionTests {
    /// A clock that moves on by so much each time it is asked.
    private static func clock(step: UInt64) -> @Sendable () -> UInt64 {
        let time = ClockState()
        return {
            time.value.withLock { time in
                time += step
                return time
            }
        }
    }

    private final class ClockState: Sendable {
        let value = Mutex<UInt64>(1)
    }

    private func committer(
        _ queues: [any EventQueue], limits: CommitLimits = CommitLimits(), step: UInt64 = 0
    ) throws -> GroupCommitter {
        try GroupCommitter(
            queues: queues, limits: limits, clock: { now }, monotonic: Self.clock(step: step))
    }

    @Test func `what is held waits for its release, and goes into one commit`() throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        let committer = try committer([queue])
        // The lane's thread is busy with another, so that it cannot be quicker than the test.
        #expect(committer.submit(collector.submission(["first"])) == nil)
        queue.began.wait()
        #expect(committer.submit([collector.submission(["a"])], isHeld: true) == [])
        #expect(committer.submit([collector.submission(["b"])], isHeld: true) == [])
        queue.mayEnd.signal()
        committer.release()
        queue.began.wait()
        queue.mayEnd.signal()
        committer.drainAndStop()
        #expect(queue.state.withLock { $0.appended } == [["first"], ["a", "b"]])
        #expect(collector["a"] != nil && collector["b"] != nil)
    }

    @Test func `what is not held takes along what is`() throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        let committer = try committer([queue])
        #expect(committer.submit([collector.submission(["a"])], isHeld: true) == [])
        #expect(committer.submit(collector.submission(["b"])) == nil)
        queue.began.wait()
        queue.mayEnd.signal()
        committer.drainAndStop()
        #expect(queue.state.withLock { $0.appended } == [["a", "b"]])
    }

    @Test(arguments: [1, 2])
    func `enough for a whole commit is not held, less is`(count: Int) throws {
        let queue = ScriptedQueue()
        let collector = Collector()
        var limits = CommitLimits()
        limits.eventsPerCommitMax = 2
        let committer = try committer([queue], limits: limits)
        for id in ["a", "b"].prefix(count) {
            #expect(committer.submit([collector.submission([id])], isHeld: true) == [])
        }
        // A thread that has nothing to do is not counted; one with a whole commit is, until it is done.
        if count == 2 {
            while collector["b"] == nil { sched_yield() }
            #expect(queue.state.withLock { $0.appended } == [["a", "b"]])
        } else {
            #expect(collector["a"] == nil)
        }
        committer.drainAndStop()
        #expect(collector["a"] != nil)
    }

    @Test func `a short commit is made on the thread that lets go`() throws {
        let queue = ScriptedQueue()
        let collector = Collector()
        let committer = try committer([queue], step: 1000)
        try learn(committer, collector)
        #expect(committer.submit([collector.submission(["a"])], isHeld: true) == [])
        committer.release(mayCommitHere: true)
        // Done when the call returns.
        #expect(collector["a"] == .success([.stored(sequence: 1)]))
        committer.drainAndStop()
    }

    @Test func `a long commit, or one of several queues, is left to their threads`() throws {
        for (count, step) in [(1, UInt64(2_000_000)), (2, 1000)] {
            let queues = (0..<count).map { _ in ScriptedQueue() }
            let gated = ScriptedQueue(isGated: true)
            let collector = Collector()
            let committer = try committer(queues.dropLast() + [gated], step: step)
            gated.mayEnd.signal()
            try learn(committer, collector, queues: .all(count: count))
            gated.began.wait()
            let submission = collector.submission(["a"], queues: .all(count: count))
            #expect(committer.submit([submission], isHeld: true) == [])
            // Would not return if it committed here: the queue waits for the test.
            committer.release(mayCommitHere: true)
            gated.began.wait()
            #expect(collector["a"] == nil)
            gated.mayEnd.signal()
            committer.drainAndStop()
            #expect(collector["a"] != nil)
        }
    }

    @Test func `what comes during a commit on another thread is committed after it`() throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        let committer = try committer([queue], step: 1000)
        queue.mayEnd.signal()
        try learn(committer, collector)
        queue.began.wait()
        #expect(committer.submit([collector.submission(["a"])], isHeld: true) == [])
        let other = try WorkerThread("test") { committer.release(mayCommitHere: true) }
        queue.began.wait()
        #expect(committer.submit(collector.submission(["b"])) == nil)
        queue.mayEnd.signal()
        queue.began.wait()
        queue.mayEnd.signal()
        other.join()
        committer.drainAndStop()
        #expect(queue.state.withLock { $0.appended } == [["known"], ["a"], ["b"]])
        #expect(collector["b"] != nil)
    }

    @Test func `draining commits what is held`() throws {
        let queue = ScriptedQueue()
        let collector = Collector()
        let committer = try committer([queue])
        #expect(committer.submit([collector.submission(["a"])], isHeld: true) == [])
        committer.drainAndStop()
        #expect(collector["a"] != nil)
    }

    @Test func `a run that does not fit as a whole is taken one by one`() throws {
        let queue = ScriptedQueue(isGated: true)
        let collector = Collector()
        var limits = CommitLimits()
        limits.eventsInFlightMax = 4
        let committer = try committer([queue], limits: limits)
        let run = ["a", "b", "c", "d", "e"].map { collector.submission([$0]) }
        #expect(
            committer.submit(run)
                == [
                    SubmissionRefusal(index: 4, limit: .eventsInFlight)
                ])
        for _ in run { queue.mayEnd.signal() }
        committer.drainAndStop()
        #expect(committer.load == (0, 0))
        #expect(collector["d"] != nil && collector["e"] == nil)
    }

    /// Lets the committer see how long a commit takes, and waits until its thread has nothing to do.
    private func learn(
        _ committer: GroupCommitter, _ collector: Collector, queues: QueueSet = QueueSet(index: 0)
    ) throws {
        #expect(committer.submit(collector.submission(["known"], queues: queues)) == nil)
        while collector["known"] == nil || committer.heartbeats() != committer.idle {
            sched_yield()
        }
    }
}

extension GroupCommitter {
    /// `heartbeats()` of one that has nothing to do.
    fileprivate var idle: [UInt64?] { heartbeats().map { _ in nil } }
}
