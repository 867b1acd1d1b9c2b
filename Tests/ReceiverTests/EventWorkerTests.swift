import EventQueue
import Foundation
import JSON
import Receiver
import Synchronization
import TestSupport
import Testing

/// Time that passes when the worker waits or a handler takes it.
private final class FakeTime: Sendable {
    private let milliseconds = Mutex<Int64>(1_700_000_000_000)
    var now: Int64 { milliseconds.withLock { $0 } }
    func pass(_ count: Int64) { milliseconds.withLock { $0 += count } }
}

/// Answers by plan.
private final class ScriptedHandler: EventHandler {
    let seen = Mutex<[(id: String, attempt: Int, at: Int64)]>([])
    private let time: FakeTime
    private let plan: @Sendable (LeasedEvent) -> HandlingOutcome

    init(_ time: FakeTime, _ plan: @escaping @Sendable (LeasedEvent) -> HandlingOutcome) {
        self.time = time
        self.plan = plan
    }

    func handle(_ event: LeasedEvent) -> HandlingOutcome {
        seen.withLock { $0.append((event.event.id, event.event.attempts, time.now)) }
        return plan(event)
    }
    func tick() {}
    func interrupt() {}
}

@Suite final class EventWorkerTests {
    private let time = FakeTime()
    private let folder: URL
    private let queue: SQLiteQueue
    private var settings = EventWorker.Settings()

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-worker-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        settings.policy.attemptsMax = 4
        var options = SQLiteQueueOptions()
        options.delivery = settings.policy
        queue = try SQLiteQueue(
            name: "q", path: folder.path + "/queue.db", options: options, nowMilliseconds: 0)
    }

    private func append(_ ids: [String]) throws {
        _ = try queue.append(
            ids.map {
                QueuedEvent(
                    id: $0, integration: "i", account: nil, type: "t", timeMilliseconds: time.now,
                    document: Array("{\"id\":\"\($0)\"}".utf8))
            }, nowMilliseconds: time.now)
    }

    private func worker(
        _ handler: ScriptedHandler, random: Double = 0, results: Results
    ) -> EventWorker {
        EventWorker(
            queue: queue, handler: handler, settings: settings,
            environment: EventWorker.Environment(
                nowMilliseconds: { [time] in time.now }, randomNumber: { random },
                wait: { [time] in time.pass(Int64($0)) }),
            report: { results.add($0) }, failed: { _ in })
    }

    private final class Results: Sendable {
        private let all = Mutex<[EventWorker.Handled]>([])
        func add(_ one: EventWorker.Handled) { all.withLock { $0.append(one) } }
        var list: [EventWorker.Handled] { all.withLock { $0 } }
    }

    @Test func `what is done is acknowledged, in order`() throws {
        try append(["a", "b"])
        let results = Results()
        let worker = worker(ScriptedHandler(time) { _ in .done }, results: results)
        #expect(try worker.workOnce())
        #expect(try worker.workOnce())
        #expect(try !worker.workOnce())
        #expect(results.list.map(\.event.id) == ["a", "b"])
        #expect(results.list.map(\.result) == [.done, .done])
        #expect(try queue.stats(nowMilliseconds: time.now).depth == 0)
    }

    static let waits: [(Double, [Int64])] = [
        (0, [1000, 2000, 4000]), (0.5, [750, 1500, 3000]), (1, [500, 1000, 2000]),
    ]

    @Test(arguments: waits)
    func `what fails waits twice as long each time, with jitter, then is dead`(
        random: Double, waits: [Int64]
    ) throws {
        try append(["a"])
        let handler = ScriptedHandler(time) { _ in .failed("no luck") }
        let results = Results()
        let worker = worker(handler, random: random, results: results)
        for wait in waits {
            #expect(try worker.workOnce())
            time.pass(wait - 1)
            // Not a millisecond too early.
            #expect(try !worker.workOnce())
            // The idle queue is looked at again.
            time.pass(200)
        }
        #expect(try worker.workOnce())
        #expect(handler.seen.withLock { $0.map(\.attempt) } == [1, 2, 3, 4])
        #expect(results.list.last?.result == .dead)
        #expect(results.list.first?.error == "no luck")
        #expect(try queue.stats(nowMilliseconds: time.now).dead == 1)
        #expect(try queue.list(EventFilter()).first?.lastError == "no luck")
        #expect(try queue.returnDeadLetters(nil, nowMilliseconds: time.now) == 1)
        time.pass(1000)
        #expect(try worker.workOnce())
        #expect(handler.seen.withLock { $0.last?.attempt } == 1)
    }

    @Test func `a handler that is told to wait longer does`() throws {
        try append(["a"])
        let results = Results()
        let handler = ScriptedHandler(time) { _ in
            .failed("busy", retryAfterMilliseconds: 60_000)
        }
        let start = time.now
        #expect(try worker(handler, results: results).workOnce())
        #expect(results.list.map(\.result) == [.retry(atMilliseconds: start + 60_000)])
    }

    @Test func `an interrupted event is ready again at once`() throws {
        try append(["a"])
        let results = Results()
        let handler = ScriptedHandler(time) { _ in .interrupted }
        #expect(try worker(handler, results: results).workOnce())
        #expect(results.list.map(\.result) == [.retry(atMilliseconds: time.now)])
    }

    @Test func `a handler slower than its lease has lost the event`() throws {
        try append(["a"])
        let results = Results()
        let slow = ScriptedHandler(time) { [time, queue] _ in
            time.pass(90_001)
            // Somebody else takes it meanwhile.
            _ = try? queue.lease(
                count: 1, durationMilliseconds: 60_000, nowMilliseconds: time.now)
            return .done
        }
        #expect(try worker(slow, results: results).workOnce())
        #expect(results.list.map(\.result) == [.lost])
    }

    @Test func `an idle queue is left alone for a while, a stopped worker ends`() throws {
        let results = Results()
        let handler = ScriptedHandler(time) { _ in .done }
        let worker = worker(handler, results: results)
        #expect(try !worker.workOnce())
        try append(["a"])
        time.pass(199)
        #expect(try !worker.workOnce())
        time.pass(1)
        #expect(try worker.workOnce())
        worker.stop()
        worker.run()
        #expect(results.list.count == 1)
    }

    @Test func `a clock that is set back does not keep the worker waiting`() throws {
        let results = Results()
        let worker = worker(ScriptedHandler(time) { _ in .done }, results: results)
        #expect(try !worker.workOnce())
        time.pass(-3_600_000)
        try append(["a"])
        #expect(try worker.workOnce())
        #expect(results.list.map(\.result) == [.done])
    }

    @Test func `a batch is settled event by event, and done ones in one commit`() throws {
        try append((0..<5).map(String.init))
        let results = Results()
        let handler = ScriptedHandler(time) { $0.event.id == "2" ? .failed("no") : .done }
        #expect(try worker(handler, results: results).workOnce(count: 4))
        // The failed one is given back at once, the others are acknowledged at the end.
        #expect(results.list.map(\.event.id) == ["2", "0", "1", "3"])
        #expect(results.list.dropFirst().allSatisfy { $0.result == .done })
        #expect(try queue.list(EventFilter(states: [.done])).map(\.id) == ["0", "1", "3"])
        #expect(try queue.list(EventFilter(states: [.ready])).map(\.id) == ["2", "4"])
    }

    @Test func `after a slow event the leases of its batch are renewed, and lost ones left`() throws
    {
        try append(["a", "b", "c"])
        let results = Results()
        let handler = ScriptedHandler(time) { [time] _ in
            // Shorter than a lease, two of them longer.
            time.pass(60_000)
            return .done
        }
        #expect(try worker(handler, results: results).workOnce(count: 3))
        #expect(results.list.map(\.result) == [.done, .done, .done])
        try append(["d", "e"])
        let slow = ScriptedHandler(time) { [time, queue] _ in
            time.pass(90_001)
            _ = try? queue.lease(
                count: 9, durationMilliseconds: 600_000, nowMilliseconds: time.now)
            return .done
        }
        let lost = Results()
        #expect(try worker(slow, results: lost).workOnce(count: 2))
        #expect(slow.seen.withLock { $0.map(\.id) } == ["d"])
        #expect(lost.list.map(\.result) == [.lost, .lost])
    }

    @Test func `batches grow while events take little time, and shrink when they do not`() throws {
        try append((0..<80).map(String.init))
        settings.untilEmpty = true
        let results = Results()
        let sizes = Mutex<[Int]>([])
        let handler = ScriptedHandler(time) { [time, queue] event in
            let leased = (try? queue.stats(nowMilliseconds: time.now).leased) ?? 0
            sizes.withLock { $0.append(leased) }
            time.pass(event.event.sequence > 40 ? 300 : 1)
            return .done
        }
        worker(handler, results: results).run()
        #expect(results.list.count == 80)
        let seen = sizes.withLock { $0 }
        #expect(seen.first == 1 && seen.max() == 16 && seen.last == 1)
        #expect(results.list.allSatisfy { $0.result == .done })
    }
}
