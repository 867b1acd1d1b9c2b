import Foundation
import Testing

@testable import EventQueue

/// Leases, the same for every queue.
@Suite struct LeaseContractTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func lease(
        _ queue: any EventQueue, _ count: Int = 100, at time: Int64 = now,
        for duration: Int64 = 1000
    ) throws -> [LeasedEvent] {
        try queue.lease(count: count, durationMilliseconds: duration, nowMilliseconds: time)
    }

    @Test(arguments: QueueKind.allCases)
    func `an event is leased to one consumer at a time, oldest first`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        try queue.appendEach(["a", "b", "c"])
        let other = try kind.open(folder, access: .consumer)
        #expect(try lease(queue, 2).map(\.event.id) == ["a", "b"])
        let rest = try lease(other, 2)
        #expect(rest.map(\.event.id) == ["c"])
        #expect(rest.map(\.event.state) == [.leased])
        #expect(rest.map(\.event.attempts) == [1])
        #expect(try lease(queue).isEmpty)
    }

    @Test(arguments: QueueKind.allCases)
    func `an acknowledged event does not come back, also after a restart`(
        kind: QueueKind
    ) throws {
        let queue = try kind.open(folder)
        try queue.appendEach(["a", "b"])
        let leased = try lease(queue)
        #expect(try queue.ack([leased[1].lease], nowMilliseconds: now) == [true])
        #expect(try queue.ack([leased[1].lease], nowMilliseconds: now) == [false])
        queue.close()
        let reopened = try kind.open(folder)
        #expect(try lease(reopened, at: now + 1000).map(\.event.id) == ["a"])
        #expect(
            try reopened.list(EventFilter(states: [.done])).map(\.id) == ["b"])
        #expect(
            try reopened.list(EventFilter(states: [.ready, .leased])).map(\.id) == ["a"])
    }

    @Test(arguments: QueueKind.allCases)
    func `a lease that ran out is given to the next, and lost`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        try queue.appendEach(["a"])
        let first = try lease(queue)
        #expect(try lease(queue, at: now + 999).isEmpty)
        let second = try lease(queue, at: now + 1000)
        #expect(second.map(\.event.attempts) == [2])
        #expect(try queue.ack(first.map(\.lease), nowMilliseconds: now + 1001) == [false])
        #expect(
            try queue.nack(
                first[0].lease, error: nil, delayMilliseconds: nil, nowMilliseconds: now)
                == .lost)
        #expect(
            try !queue.extend(first[0].lease, durationMilliseconds: 5, nowMilliseconds: now))
        #expect(try queue.ack(second.map(\.lease), nowMilliseconds: now + 1001) == [true])
    }

    @Test(arguments: QueueKind.allCases)
    func `an extended lease holds`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        try queue.appendEach(["a"])
        let leased = try lease(queue)
        #expect(
            try queue.extend(
                leased[0].lease, durationMilliseconds: 1000, nowMilliseconds: now + 500))
        #expect(try lease(queue, at: now + 1499).isEmpty)
        #expect(try lease(queue, at: now + 1500).count == 1)
    }

    @Test(arguments: QueueKind.allCases)
    func `a negative acknowledgement waits longer each time`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        try queue.appendEach(["a"])
        var time = now
        for wait: Int64 in [1000, 2000, 4000, 8000] {
            let leased = try lease(queue, at: time)
            #expect(
                try queue.nack(
                    leased[0].lease, error: "no", delayMilliseconds: nil, nowMilliseconds: time)
                    == .retry(atMilliseconds: time + wait))
            #expect(try queue.show(sequence: 1)?.lastError == "no")
            #expect(try lease(queue, at: time + wait - 1).isEmpty)
            time += wait
        }
        let leased = try lease(queue, at: time)
        #expect(
            try queue.nack(
                leased[0].lease, error: nil, delayMilliseconds: 7, nowMilliseconds: time)
                == .retry(atMilliseconds: time + 7))
    }

    @Test(arguments: QueueKind.allCases)
    func `the last attempt makes a dead letter, which can be returned`(kind: QueueKind) throws {
        var delivery = DeliveryPolicy()
        delivery.attemptsMax = 2
        let queue = try kind.open(folder, delivery: delivery)
        try queue.appendEach(["a", "b"])
        for attempt in 1...2 {
            let time = now + Int64(attempt) * hour
            for one in try lease(queue, at: time) {
                let outcome = try queue.nack(
                    one.lease, error: "bad", delayMilliseconds: 0, nowMilliseconds: time)
                #expect((outcome == .dead) == (attempt == 2))
            }
        }
        #expect(try lease(queue, at: now + 9 * hour).isEmpty)
        #expect(try queue.stats(nowMilliseconds: now).dead == 2)
        #expect(try queue.list(EventFilter(states: [.dead])).map(\.lastError) == ["bad", "bad"])
        #expect(try queue.returnDeadLetters([1, 7], nowMilliseconds: now) == 1)
        #expect(try lease(queue).map(\.event.attempts) == [1])
        #expect(try queue.returnDeadLetters(nil, nowMilliseconds: now) == 1)
        #expect(try lease(queue).map(\.event.id) == ["b"])
    }

    @Test(arguments: QueueKind.allCases)
    func `leases that only run out end as dead letters too`(kind: QueueKind) throws {
        var delivery = DeliveryPolicy()
        delivery.attemptsMax = 1
        let queue = try kind.open(folder, delivery: delivery)
        try queue.appendEach(["a", "b"])
        #expect(try lease(queue, 1).count == 1)
        #expect(try lease(queue, at: now + 1000).map(\.event.id) == ["b"])
        #expect(try queue.list(EventFilter(states: [.dead])).map(\.id) == ["a"])
    }

    @Test(arguments: QueueKind.allCases)
    func `a clock that is set back does not lock events away`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        try queue.appendEach(["a"])
        _ = try lease(queue, at: now + 10 * hour)
        #expect(try lease(queue, at: now).map(\.event.attempts) == [2])
        #expect(try lease(queue, at: now + 1).isEmpty)
    }

    @Test(arguments: QueueKind.allCases)
    func `counts and durations have limits`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let policy = DeliveryPolicy()
        _ = try lease(queue, policy.leaseCountMax, for: policy.leaseMillisecondsMax)
        for (count, duration) in [
            (policy.leaseCountMax + 1, 1000), (-1, 1000), (1, 0),
            (1, policy.leaseMillisecondsMax + 1),
        ] {
            #expect { try lease(queue, count, for: duration) } throws: {
                ($0 as? QueueError)?.code == .invalid
            }
        }
    }

    @Test(arguments: QueueKind.allCases)
    func `statistics count what waits`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        #expect(try queue.stats(nowMilliseconds: now).depth == 0)
        #expect(try queue.stats(nowMilliseconds: now).oldestAgeMilliseconds == nil)
        try queue.appendEach(["a", "b", "c", "d"])
        let leased = try lease(queue, 2)
        _ = try queue.ack([leased[0].lease], nowMilliseconds: now)
        let statistics = try queue.stats(nowMilliseconds: now + 5)
        #expect(statistics.leased == 1)
        #expect(statistics.ready == 2)
        #expect(statistics.depth == 3)
        #expect(statistics.oldestAgeMilliseconds == 5)
        #expect(statistics.lastSequence == 4)
        #expect(statistics.bytes > 0)
    }

    @Test(arguments: QueueKind.allCases)
    func `several consumers share the events while they come, none twice, none left`(
        kind: QueueKind
    ) async throws {
        let queue = try kind.open(folder, segmentBytesMax: 4000)
        let total = 400
        let taken = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<4 {
                let consumer = try kind.open(folder, access: .consumer)
                group.addTask {
                    var ids: [String] = []
                    // Each stops at an event that is its own sign.
                    while !ids.contains(where: { $0.hasPrefix("end") }) {
                        let leased = try consumer.lease(
                            count: 7, durationMilliseconds: 60_000, nowMilliseconds: now)
                        let done = try consumer.ack(leased.map(\.lease), nowMilliseconds: now)
                        #expect(done.allSatisfy { $0 })
                        ids += leased.map(\.event.id)
                        await Task.yield()
                    }
                    consumer.close()
                    return ids
                }
            }
            group.addTask {
                for number in 0..<total {
                    _ = try queue.append([.make("\(number)")], nowMilliseconds: now)
                    await Task.yield()
                }
                return []
            }
            var all: [String] = []
            var finished = 0
            while finished < 5, let ids = try await group.next() {
                finished += 1
                all += ids
                // One sign more than consumers, each in a commit of its own: none waits for ever.
                if ids.isEmpty || finished > 1 {
                    for _ in 0..<8 { try queue.appendEach(["end\(finished)"]) }
                }
            }
            return all.filter { !$0.hasPrefix("end") }
        }
        #expect(taken.count == total)
        #expect(Set(taken) == Set((0..<total).map(String.init)))
    }

    @Test(arguments: QueueKind.allCases)
    func `what a kill leaves behind opens again, with leases and acknowledgements`(
        kind: QueueKind
    ) throws {
        let queue = try kind.open(folder, segmentBytesMax: 300)
        try queue.appendEach((0..<10).map(String.init))
        let leased = try lease(queue, 4, for: 60_000)
        _ = try queue.ack(leased.prefix(2).map(\.lease), nowMilliseconds: now)
        // The files as they are now, open and never closed.
        let copy = try TemporaryFolder()
        try FileManager.default.removeItem(atPath: copy.path)
        try FileManager.default.copyItem(atPath: folder.path, toPath: copy.path)
        let recovered = try kind.open(copy, segmentBytesMax: 300)
        #expect(try recovered.ids() == (0..<10).map(String.init))
        #expect(try recovered.list(EventFilter(states: [.done])).map(\.id) == ["0", "1"])
        #expect(try lease(recovered, 1).map(\.event.id) == ["4"])
        #expect(try recovered.ack([leased[2].lease], nowMilliseconds: now) == [true])
        #expect(
            try recovered.append([.make("n")], nowMilliseconds: now) == [.stored(sequence: 11)])
    }

    @Test(arguments: QueueKind.allCases)
    func `several readers page through while events come, each sees every event once`(
        kind: QueueKind
    ) async throws {
        let queue = try kind.open(folder, segmentBytesMax: 4000)
        let total = 300
        try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<3 {
                let reader = try kind.open(folder, access: .consumer)
                group.addTask {
                    var ids: [String] = []
                    var last: UInt64 = 0
                    while ids.count < total {
                        for event in try reader.list(EventFilter(afterSequence: last, limit: 11)) {
                            #expect(event.sequence > last)
                            last = event.sequence
                            ids.append(event.id)
                        }
                        await Task.yield()
                    }
                    reader.close()
                    return ids
                }
            }
            for number in 0..<total {
                _ = try queue.append([.make("\(number)")], nowMilliseconds: now)
                if number % 10 == 0 { await Task.yield() }
            }
            for try await ids in group { #expect(ids == (0..<total).map(String.init)) }
        }
    }

    @Test func `a lease reads its own text form and nothing else`() throws {
        let lease = Lease(sequence: 42, token: String(repeating: "0f", count: 16))
        #expect(Lease(lease.description) == lease)
        for text in ["", ".", "42", "42.", "42.0f", "x." + lease.token, "-1." + lease.token] {
            #expect(Lease(text) == nil)
        }
        #expect(Lease("42." + lease.token.uppercased()) == nil)
    }
}
