import Foundation
import JSON
import Synchronization
import Testing

@testable import EventQueue

/// When a journal is made, taken over, replaced and removed.
@Suite struct JournalFileTests {
    let fixture: JournalFixture

    init() throws {
        fixture = try JournalFixture()
    }

    private func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: fixture.path + "/" + name)
    }

    /// The calls that the body makes.
    private func steps(
        half: Int = 64 << 10, _ body: (FileQueue, () -> [FileSystem.Step]) throws -> Void
    ) throws {
        let steps = Mutex<[FileSystem.Step]>([])
        let system = FileSystem(fault: { step in
            steps.withLock { $0.append(step) }
            return nil
        })
        var options = FileQueueOptions()
        options.journalBytes = 2 * half
        options.journalCommitsMin = 0
        let queue = try FileQueue(
            name: "q", path: fixture.path, options: options, access: .readWrite,
            nowMilliseconds: now, system: system)
        try body(queue) {
            steps.withLock { steps in
                defer { steps = [] }
                return steps
            }
        }
    }

    @Test func `an append writes the segment, and synchronises the journal only`() throws {
        try steps { queue, taken in
            try queue.appendEach(["a"])
            _ = taken()
            try queue.appendEach(["b"])
            #expect(taken() == [.write, .writeJournal, .syncJournal])
        }
    }

    @Test func `closing leaves nothing for the next start`() throws {
        try steps { queue, taken in
            try queue.appendEach(["a", "b"])
            _ = taken()
            queue.close()
            #expect(taken() == [.syncData, .writeJournal, .syncJournal])
        }
        try steps { queue, taken in
            let made = taken()
            #expect(!made.contains(.restore) && !made.contains(.writeJournal))
            #expect(queue.recovery == RecoveryReport())
            #expect(queue.nextRecord == 3)
            queue.close()
            // Nothing was appended.
            #expect(taken().isEmpty)
        }
    }

    @Test func `after a kill all is written once more, and then no more`() throws {
        let queue = try fixture.open()
        try queue.appendEach(["a", "b"])
        let cut = try fixture.copy()
        for round in 0..<2 {
            let restores = Mutex(0)
            let system = FileSystem(fault: { step in
                if step == .restore { restores.withLock { $0 += 1 } }
                return nil
            })
            var options = FileQueueOptions()
            options.journalBytes = 128 << 10
            let reopened = try FileQueue(
                name: "q", path: cut.path, options: options, access: .readWrite,
                nowMilliseconds: now, system: system)
            #expect(reopened.recovery == RecoveryReport())
            #expect(restores.withLock { $0 } == (round == 0 ? 2 : 0))
            #expect(reopened.nextRecord == 3)
            #expect(try reopened.ids() == ["a", "b"])
            reopened.close()
        }
    }

    @Test(arguments: [0, 64 << 10])
    func `lines that a kill left unsynchronised are synchronised before anything follows`(
        half: Int
    ) throws {
        let queue = try fixture.open(half: half)
        try queue.appendEach(["a"])
        // Written, and killed before anything was synchronised.
        var line: [UInt8] = []
        _ = EventLine.append(
            .make("b", window: hour), sequence: 2, deduplicateUntil: now + hour, to: &line)
        let cut = try fixture.copy()
        try cut.write(try cut.bytes(cut.segment(1)) + line, cut.segment(1))
        if half > 0 { try FileManager.default.removeItem(atPath: cut.journal) }
        let plan = FaultPlan()
        plan.arm(.syncData, [.failure(EIO)])
        var options = FileQueueOptions()
        options.journalBytes = 2 * half
        #expect(throws: QueueError.self) {
            try FileQueue(
                name: "q", path: cut.path, options: options, access: .readWrite,
                nowMilliseconds: now, system: plan.system)
        }
        #expect(plan.hits == 1)
        let reopened = try fixture.open(half: half, in: cut.folder)
        #expect(
            try reopened.append([.make("b", window: hour)], nowMilliseconds: now) == [.duplicate])
    }

    @Test func `a journal is made after so many commits`() throws {
        let queue = try fixture.open(commitsMin: 4)
        try queue.appendEach(["1", "2", "3", "4"])
        #expect(!queue.hasJournal && !exists("journal") && !exists("journal.new"))
        var ids = ["1", "2", "3", "4"]
        while !queue.hasJournal, ids.count < 100_000 {
            ids.append("\(ids.count + 1)")
            try queue.appendEach([ids[ids.count - 1]])
        }
        #expect(exists("journal") && !exists("journal.new"))
        ids.append("last")
        try queue.appendEach(["last"])
        let cut = try fixture.copy()
        try cut.lose { _ in [] }
        let reopened = try fixture.open(in: cut.folder)
        #expect(try reopened.ids() == ids)
        #expect(reopened.recovery.restoredBytes > 0)
        queue.close()
        // One that is there is used at once.
        let again = try fixture.open(commitsMin: 4)
        #expect(again.hasJournal)
    }

    @Test func `without a journal an append synchronises its segment`() throws {
        try steps(half: 0) { queue, taken in
            try queue.appendEach(["a"])
            _ = taken()
            try queue.appendEach(["b"])
            #expect(taken() == [.write, .syncData])
            #expect(!exists("journal"))
        }
    }

    @Test(arguments: [0, 4096, 128 << 10])
    func `a journal of another length is emptied, then replaced`(half: Int) throws {
        let queue = try fixture.open()
        try queue.appendEach(["a", "b"])
        let cut = try fixture.copy()
        try cut.lose { _ in [] }
        let reopened = try fixture.open(half: half, in: cut.folder)
        #expect(try reopened.ids() == ["a", "b"])
        #expect(reopened.recovery.restoredBytes > 0)
        #expect(reopened.recovery.badJournals.isEmpty)
        let size = (try? cut.bytes(cut.journal).count) ?? 0
        #expect(size == (half == 0 ? 0 : 4096 + 2 * half))
        try reopened.appendEach(["c"])
        reopened.close()
        #expect(try fixture.open(half: half, in: cut.folder).ids() == ["a", "b", "c"])
    }

    @Test(arguments: [0, 37, 64, 72, 80, 87, 4095])
    func `a damaged first block does not keep the records from use`(place: Int) throws {
        let queue = try fixture.open()
        try queue.appendEach(["a", "b"])
        let cut = try fixture.copy()
        try cut.lose { _ in [] }
        var journal = try cut.bytes(cut.journal)
        journal[place] ^= 1
        try cut.write(journal, cut.journal)
        let reopened = try fixture.open(in: cut.folder)
        #expect(try reopened.ids() == ["a", "b"])
        #expect(reopened.recovery.badJournals == [cut.journal + ".bad"])
        #expect(try cut.bytes(cut.journal + ".bad") == journal)
        #expect(reopened.hasJournal)
        reopened.close()
        #expect(try fixture.open(in: cut.folder).recovery == RecoveryReport())
    }

    @Test(arguments: [0, 1, 4095, 4096, 5000, 8192])
    func `a journal of any length can be opened`(count: Int) throws {
        let queue = try fixture.open()
        try queue.appendEach(["a", "b"])
        let cut = try fixture.copy()
        try cut.write(Array(try cut.bytes(cut.journal).prefix(count)), cut.journal)
        let reopened = try fixture.open(in: cut.folder)
        #expect(try reopened.ids() == ["a", "b"])
        #expect(reopened.recovery.badJournals.count == 1)
        #expect(reopened.hasJournal)
    }

    @Test func `what an interrupted making left is in nobody's way`() throws {
        try fixture.open(half: 0).close()
        try Data("x".utf8).write(to: URL(fileURLWithPath: fixture.path + "/journal.new"))
        let queue = try fixture.open()
        #expect(queue.hasJournal)
        #expect(!exists("journal.new"))
        queue.close()
        #expect(try fixture.open().recovery == RecoveryReport())
    }

    @Test func `a reader never sees the journal`() throws {
        let queue = try fixture.open()
        try queue.appendEach(["a"])
        let reader = try FileQueue(
            name: "q", path: fixture.path, access: .consumer, nowMilliseconds: now)
        #expect(try reader.ids() == ["a"])
        #expect(try reader.stats(nowMilliseconds: now).bytes == Int64(try queue.content().count))
        #expect(try queue.stats(nowMilliseconds: now).bytes == Int64(try queue.content().count))
    }

    @Test func `a head says what was written, and no other bytes are one`() {
        let record = JournalRecord(
            number: 0x0102_0304_0506_0708, horizon: 3, segment: 7, offset: 4097, last: 9, count: 70)
        var bytes = [UInt8](repeating: 0, count: 64)
        record.encode(to: &bytes, at: 0)
        #expect(JournalRecord(bytes, at: 0) == record)
        #expect(Array(bytes[8..<16]) == [8, 7, 6, 5, 4, 3, 2, 1])
        for index in bytes.indices {
            for bit in 0..<8 {
                bytes[index] ^= 1 << UInt8(bit)
                #expect(JournalRecord(bytes, at: 0) == nil)
                bytes[index] ^= 1 << UInt8(bit)
            }
        }
        #expect(JournalRecord(Array(bytes.dropLast()), at: 0) == nil)
        #expect(JournalRecord.room(4096 - 64) == 4096)
        #expect(JournalRecord.room(4096 - 63) == 8192)
    }
}
