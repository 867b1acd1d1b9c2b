import Foundation
import Synchronization
import Testing

@testable import EventQueue

/// System calls that fail while a segment is written behind its journal.
@Suite struct SegmentTailFaultTests {
    let fixture: JournalFixture
    private var plan: FaultPlan { fixture.plan }

    init() throws {
        fixture = try JournalFixture()
    }

    private func open() throws -> FileQueue {
        try fixture.open(half: 2 << 20, lagNanoseconds: 1 << 62)
    }

    private func batch(_ first: Int, bytes: Int = 5000) -> [QueuedEvent] {
        (first..<first + 8).map {
            .make("\($0)", body: "\"" + String(repeating: "x", count: bytes) + "\"")
        }
    }

    private func accepts(_ queue: FileQueue, _ first: Int) -> Bool {
        (try? queue.append(batch(first), nowMilliseconds: now)) != nil
    }

    private func ids(_ firsts: Int...) -> [String] {
        firsts.flatMap { ($0..<$0 + 8).map(String.init) }
    }

    private func expectKept(_ ids: [String], _ comment: Comment? = nil) throws {
        for loss in PowerCut.losses {
            let cut = try fixture.copy()
            try cut.lose(loss)
            let reopened = try fixture.open(half: 2 << 20, in: cut.folder)
            #expect(try reopened.ids() == ids, comment)
            #expect(reopened.recovery.damagedRecords == 0, comment)
        }
    }

    /// An empty segment's first block is written past the page cache; else the end of the last block
    /// comes first.
    static let harmless: [(faults: [FileSystem.Fault], isEmpty: Bool)] = [
        ([.failure(EINTR), .failure(EINTR)], true), ([.failure(EINVAL)], true),
        ([.short(4096)], true), ([.short(8192), .short(100), .short(1)], true),
        ([.failure(EINVAL), .short(5000), .failure(EINTR)], true),
        ([.short(10), .failure(EINTR), .short(1)], false),
        ([.short(4096), .failure(EINVAL), .short(3)], false),
    ]

    @Test(arguments: harmless.indices)
    func `a segment that is written in pieces is whole`(index: Int) throws {
        let (faults, isEmpty) = Self.harmless[index]
        let queue = try open()
        let before = isEmpty ? [] : ["a"]
        try queue.appendEach(before)
        #expect(accepts(queue, 0))
        plan.arm(.writeBehind, faults)
        let content = try queue.content()
        #expect(plan.hits == faults.count)
        plan.disarm()
        #expect(content.count > 8 * 5000)
        #expect(try queue.ids() == before + ids(0))
        #expect(queue.hasJournal)
        #expect(try queue.folder.segments().count == 1)
        try expectKept(before + ids(0))
    }

    /// The segment's end is completed, then whole blocks follow, then the rest.
    static let failures: [(step: [FileSystem.Fault], skip: Int)] = [
        ([.failure(ENOSPC)], 0), ([.failure(EIO)], 0), ([.failure(EIO)], 1), ([.failure(EIO)], 2),
        ([.short(0)], 0), ([.short(8192), .failure(ENOSPC)], 1), ([.short(0), .short(0)], 1),
        ([.short(0)], 2),
    ]

    @Test(arguments: failures.indices)
    func `what cannot be written to the segment stays in the journal, and is written anew`(
        index: Int
    ) throws {
        let (faults, skip) = Self.failures[index]
        let queue = try open()
        try queue.appendEach(["a"])
        #expect(accepts(queue, 0))
        plan.arm(.writeBehind, skip: skip, faults)
        queue.catchUp()
        #expect(plan.hits == faults.count)
        plan.disarm()
        // What the kernel may make of blocks that it could not write.
        try expectKept(["a"] + ids(0))
        #expect(accepts(queue, 8))
        #expect(try queue.ids() == ["a"] + ids(0, 8))
        #expect(queue.hasJournal)
        // The segment that failed is left.
        #expect(try queue.folder.segments().count == 2)
        try expectKept(["a"] + ids(0, 8))
        queue.close()
        let reopened = try open()
        #expect(reopened.recovery == RecoveryReport())
        #expect(try reopened.ids() == ["a"] + ids(0, 8))
    }

    @Test func `while it cannot be mended nothing is acknowledged, and nothing is lost`() throws {
        let queue = try open()
        #expect(accepts(queue, 0))
        plan.armAll([.writeBehind, .restore], .failure(ENOSPC))
        queue.catchUp()
        for first in [8, 16, 24] {
            #expect { try queue.append(batch(first), nowMilliseconds: now) } throws: {
                ($0 as? QueueError)?.code == .diskFull
            }
        }
        #expect(throws: QueueError.self) { try queue.checkWritable() }
        try expectKeptOnHealthyDisk(ids(0))
        plan.disarm()
        try queue.checkWritable()
        #expect(accepts(queue, 32))
        #expect(try queue.ids() == ids(0, 32))
        try expectKept(ids(0, 32))
    }

    private func expectKeptOnHealthyDisk(_ ids: [String]) throws {
        let cut = try fixture.copy()
        try cut.lose { _ in [] }
        let healthy = try FileQueue(
            name: "q", path: cut.path, access: .readWrite, nowMilliseconds: now)
        #expect(try healthy.ids() == ids)
    }

    @Test func `a close that cannot write the segment leaves it to the next start`() throws {
        let queue = try open()
        #expect(accepts(queue, 0))
        plan.armAll([.writeBehind, .restore], .failure(EIO))
        queue.close()
        plan.disarm()
        let reopened = try open()
        #expect(try reopened.ids() == ids(0))
        #expect(reopened.recovery.restoredBytes > 8 * 5000)
    }

    @Test(arguments: [FileSystem.Step.writeJournal, .syncJournal])
    func `a record that fails is of no segment, and what waited before it is written`(
        step: FileSystem.Step
    ) throws {
        let queue = try open()
        #expect(accepts(queue, 0))
        plan.arm(step, [.failure(EIO)])
        #expect(!accepts(queue, 8))
        plan.disarm()
        #expect(!queue.hasJournal)
        #expect(try queue.ids() == ids(0))
        #expect(accepts(queue, 16))
        #expect(try queue.ids() == ids(0, 16))
        queue.close()
        #expect(try open().ids() == ids(0, 16))
    }

    @Test func `without room for the lines a batch is refused, or written first`() throws {
        let queue = try open()
        plan.armAll([.reserve], .failure(ENOSPC))
        #expect(accepts(queue, 0))
        #expect(plan.hits == 2)
        // At once, as where there is no journal.
        #expect(try queue.segmentBytes().count > 8 * 5000)
        plan.armAll([.reserve, .write], .failure(ENOSPC))
        #expect { try queue.append(batch(8), nowMilliseconds: now) } throws: {
            ($0 as? QueueError)?.code == .diskFull
        }
        plan.disarm()
        #expect(accepts(queue, 16))
        #expect(try queue.ids() == ids(0, 16))
        try expectKept(ids(0, 16))
    }

    @Test(arguments: [false, true])
    func `a retry of what a failure keeps from the segment is a duplicate`(isRead: Bool) throws {
        let queue = try open()
        let events = (0..<8).map { (number: Int) -> QueuedEvent in
            .make(
                "\(number)", window: hour,
                body: "\"" + String(repeating: "x", count: 5000) + "\"")
        }
        _ = try queue.append(events, nowMilliseconds: now)
        plan.arm(.writeBehind, [.failure(EIO)])
        if !isRead { queue.catchUp() }
        // Else the retry itself meets the failure, and the one after it does not.
        let first = try? queue.append(events, nowMilliseconds: now)
        #expect((first == nil) == isRead)
        #expect(plan.hits == 1)
        plan.disarm()
        let second = try queue.append(events, nowMilliseconds: now)
        #expect(second.allSatisfy { $0 == .duplicate })
        #expect(try queue.ids() == ids(0))
    }

    @Test func `readers and retention see what a failure kept from the segment`() throws {
        let queue = try open()
        #expect(accepts(queue, 0))
        // The keeper meets it; who reads next mends it, or else retention.
        plan.arm(.writeBehind, [.failure(EIO)])
        queue.writer.withLock { $0?.journal?.rest() }
        plan.disarm()
        #expect(try queue.segmentBytes().isEmpty)
        _ = try queue.prune(RetentionPolicy(), nowMilliseconds: now)
        #expect(try queue.segmentBytes().count > 8 * 5000)
        #expect(accepts(queue, 8))
        plan.arm(.writeBehind, [.failure(EIO)])
        #expect(try queue.ids() == ids(0, 8))
        #expect(plan.hits == 1)
        plan.disarm()
    }

    @Test func `a cut of the segment takes reserved room, which is reserved anew`() throws {
        let queue = try open()
        #expect(accepts(queue, 0))
        queue.catchUp()
        plan.arm(.write, [.short(10), .failure(ENOSPC)])
        #expect(throws: QueueError.self) { try queue.appendEach(["b"]) }
        // A full disk is noticed while the sender can be told.
        plan.armAll([.reserve, .write], .failure(ENOSPC))
        #expect(!accepts(queue, 8))
        #expect(plan.hits == 3)
        plan.disarm()
        #expect(accepts(queue, 16))
        #expect(try queue.ids() == ids(0, 16))
        try expectKept(ids(0, 16))
    }

    @Test func `room that runs out later keeps the order`() throws {
        let queue = try open()
        #expect(accepts(queue, 0))
        let reserved = SegmentTail.reservedBytes
        // Up to the end of what was reserved.
        var first = 8
        while try #require(queue.writer.withLock { $0?.segments.last?.bytes }) < reserved - 50_000 {
            #expect(accepts(queue, first))
            first += 8
        }
        plan.armAll([.reserve], .failure(ENOSPC))
        for _ in 0..<4 {
            #expect(accepts(queue, first))
            first += 8
        }
        #expect(plan.hits > 0)
        plan.disarm()
        let all = (0..<first).map(String.init)
        #expect(try queue.ids() == all)
        try expectKept(all)
    }

    @Test func `where a segment cannot be opened once more it is written first`() throws {
        let queue = try open()
        try queue.appendEach(["a"])
        let before = try queue.segmentBytes()
        plan.arm(.open, [.failure(EMFILE)])
        #expect(accepts(queue, 0))
        #expect(plan.hits == 1)
        plan.disarm()
        #expect(try queue.segmentBytes().count > before.count + 8 * 5000)
        try expectKept(["a"] + ids(0))
        #expect(accepts(queue, 8))
        #expect(try queue.ids() == ["a"] + ids(0, 8))
        try expectKept(["a"] + ids(0, 8))
    }

    @Test(arguments: 0..<10)
    func `one failure, whenever it comes, loses nothing`(skip: Int) throws {
        for step in [FileSystem.Step.writeBehind, .syncData, .reserve, .truncate] {
            let fixture = try JournalFixture()
            let queue = try fixture.open(half: 200 << 10, segmentBytesMax: 400_000)
            fixture.plan.arm(step, skip: skip, [.failure(EIO)])
            var kept: [String] = []
            for first in stride(from: 0, to: 240, by: 8)
            where (try? queue.append(batch(first), nowMilliseconds: now)) != nil {
                kept += ids(first)
            }
            #expect(kept.count >= 240 - 3 * 8, "\(step)")
            fixture.plan.disarm()
            #expect(try queue.ids() == kept, "\(step)")
            for loss in PowerCut.losses.prefix(3) {
                let cut = try fixture.copy()
                try cut.lose(loss)
                let reopened = try fixture.open(half: 200 << 10, in: cut.folder)
                #expect(try reopened.ids() == kept, "\(step)")
            }
        }
    }
}
