import Foundation
import JSON
import Testing

@testable import EventQueue

/// What a power cut leaves of a queue with a journal.
@Suite struct JournalTests {
    let fixture: JournalFixture

    init() throws {
        fixture = try JournalFixture()
    }

    private func body(_ count: Int) -> String {
        "\"" + String(repeating: "x", count: count) + "\""
    }

    /// Opens the copy and expects these events, byte for byte; then once more, where nothing is left
    /// to do.
    private func expect(
        _ cut: PowerCut, _ ids: [String], _ content: [UInt8], half: Int = 64 << 10,
        _ comment: Comment? = nil
    ) throws {
        let queue = try fixture.open(half: half, in: cut.folder)
        #expect(try queue.ids() == ids, comment)
        #expect(try queue.content() == content, comment)
        #expect(queue.recovery.damagedRecords == 0, comment)
        #expect(queue.recovery.badSegments.isEmpty, comment)
        queue.close()
        let again = try fixture.open(half: half, in: cut.folder)
        #expect(try again.ids() == ids, comment)
        #expect(again.recovery == RecoveryReport(), comment)
        try again.appendEach(["after"])
        #expect(try again.ids() == ids + ["after"], comment)
        again.close()
    }

    @Test func `a segment cut anywhere behind what is durable is made whole`() throws {
        var queue = try fixture.open()
        try queue.appendEach(["a", "b"])
        queue.close()
        queue = try fixture.open()
        let ids = ["a", "b"] + (0..<6).map(String.init)
        _ = try queue.append(
            ids[2..<5].map { .make($0, request: "{}") }, nowMilliseconds: now)
        try queue.appendEach(ids[5...])
        let content = try queue.content()
        let start = try #require(try fixture.copy().unsynced()[1])
        #expect(start > 100 && start < content.count)
        for length in stride(from: start, through: content.count, by: 31) {
            let cut = try fixture.copy()
            try cut.lose { Array($0.prefix(length - start)) }
            let restored = try fixture.open(in: cut.folder)
            #expect(restored.recovery.restoredBytes == content.count - length)
            #expect(restored.recovery.tornTails.isEmpty)
            #expect(try restored.ids() == ids, "cut at \(length)")
            restored.close()
            try expect(cut, ids, content, "cut at \(length)")
        }
    }

    @Test(arguments: PowerCut.losses.indices)
    func `what was not synchronised may be gone, zeros or garbage`(loss: Int) throws {
        let queue = try fixture.open()
        let ids = (0..<20).map(String.init)
        for id in ids { _ = try queue.append([.make(id, body: body(500))], nowMilliseconds: now) }
        let content = try queue.content()
        let cut = try fixture.copy()
        try cut.lose(PowerCut.losses[loss])
        try expect(cut, ids, content)
    }

    @Test(arguments: PowerCut.losses.indices)
    func `segments that were begun in between are made whole`(loss: Int) throws {
        let queue = try fixture.open(segmentBytesMax: 1500)
        var ids: [String] = []
        for number in 0..<60 {
            ids.append("\(number)")
            try queue.appendEach(["\(number)"])
            guard number % 7 == 0 else { continue }
            let cut = try fixture.copy()
            try cut.lose(PowerCut.losses[loss])
            try expect(cut, ids, try queue.content(), "after \(number)")
        }
    }

    @Test(arguments: PowerCut.losses.indices, [4096, 64 << 10])
    func `a journal that has gone round many times restores all the same`(
        loss: Int, half: Int
    ) throws {
        let queue = try fixture.open(half: half, segmentBytesMax: 300_000)
        var ids: [String] = []
        for number in 0..<250 {
            ids.append("\(number)")
            // Some records go past the smaller journal.
            let size = number * 7919 % 6000
            _ = try queue.append([.make("\(number)", body: body(size))], nowMilliseconds: now)
            guard number % 25 == 24 else { continue }
            let cut = try fixture.copy()
            try cut.lose(PowerCut.losses[loss])
            try expect(cut, ids, try queue.content(), half: half, "after \(number)")
        }
    }

    @Test func `a record that is torn is lost alone, wherever the half ends`() throws {
        let queue = try fixture.open(half: 16 << 10)
        var ids: [String] = []
        for number in 0..<40 {
            let before = try queue.content()
            _ = try queue.append([.make("\(number)", body: body(3000))], nowMilliseconds: now)
            let cut = try fixture.copy()
            // As if this one had been under way.
            let newest = try #require(try cut.records().last)
            try cut.lose { _ in [] }
            var journal = try cut.bytes(cut.journal)
            for index in newest.place + (number % 2 == 0 ? 0 : 2048)..<newest.place + 4096 {
                journal[index] = 0
            }
            try cut.write(journal, cut.journal)
            let torn = Array(try cut.bytes(cut.segment(1)))
            try cut.write(Array(before.prefix(max(torn.count, 0))), cut.segment(1))
            try expect(cut, ids, before, half: 16 << 10, "torn \(number)")
            ids.append("\(number)")
        }
    }

    @Test func `any byte of the last record may be damaged, it alone is lost`() throws {
        let queue = try fixture.open()
        try queue.appendEach(["a", "b"])
        let before = try queue.content()
        _ = try queue.append([.make("c"), .make("d")], nowMilliseconds: now)
        let whole = try queue.content()
        let newest = try #require(try fixture.copy().records().last)
        let places = Array(0..<64) + stride(from: 64, to: 64 + newest.record.count, by: 13)
        for place in places {
            let cut = try fixture.copy()
            try cut.lose { _ in [] }
            var journal = try cut.bytes(cut.journal)
            journal[newest.place + place] ^= 4
            try cut.write(journal, cut.journal)
            try expect(cut, ["a", "b"], before, "byte \(place)")
        }
        // Behind it nothing counts.
        let cut = try fixture.copy()
        try cut.lose { _ in [] }
        var journal = try cut.bytes(cut.journal)
        journal[newest.place + 64 + newest.record.count] ^= 4
        try cut.write(journal, cut.journal)
        try expect(cut, ["a", "b", "c", "d"], whole)
    }

    @Test(arguments: [(64 << 10, 64 << 10), (1 << 20, AppendJournal.batchBytesMax)])
    func `a batch up to a half or the most is journalled, a larger one synchronises its segment`(
        half: Int, most: Int
    ) throws {
        let queue = try fixture.open(half: half)
        try queue.appendEach(["a"])
        // The line around the body, in which the length of the event takes more digits.
        let bare = try queue.content().count
        let room = most - JournalRecord.headBytes - (bare - 2) - String(most).count
        for (count, isJournalled) in [(room, true), (room + 1, false), (room, true)] {
            let next = try #require(queue.nextRecord)
            let start = try queue.content().count
            _ = try queue.append([.make("b", body: body(count))], nowMilliseconds: now)
            let length = try queue.content().count - start
            #expect((length + 64 <= most) == isJournalled)
            if isJournalled { #expect(length + 64 == most) }
            #expect(queue.nextRecord == (isJournalled ? next + 1 : next))
            for loss in PowerCut.losses {
                let cut = try fixture.copy()
                try cut.lose(loss)
                try expect(cut, try queue.ids(), try queue.content())
            }
        }
    }

    @Test func `a segment that retention removed stays removed`() throws {
        let queue = try fixture.open(segmentBytesMax: 1)
        try queue.appendEach(["a", "b", "c"])
        var policy = RetentionPolicy()
        policy.countMax = 1
        #expect(try queue.prune(policy, nowMilliseconds: now).events == 2)
        let cut = try fixture.copy()
        try cut.lose { _ in [] }
        try expect(cut, ["c"], try queue.content())
        #expect(try queue.folder.segments() == [3])
    }

    @Test(arguments: PowerCut.losses.indices)
    func `a consumer passes nothing over that the server will restore`(loss: Int) throws {
        let queue = try fixture.open()
        let ids = (0..<12).map(String.init)
        try queue.appendEach(ids)
        let content = try queue.content()
        let cut = try fixture.copy()
        try cut.lose(PowerCut.losses[loss])
        let consumer = try FileQueue(
            name: "q", path: cut.path, access: .consumer, nowMilliseconds: now)
        func lease() throws -> [String] {
            try consumer.lease(count: 20, durationMilliseconds: 1000, nowMilliseconds: now)
                .map(\.event.id)
        }
        let left = try cut.bytes(cut.segment(1))
        var taken: [String] = []
        if left.starts(with: content) || content.starts(with: left) {
            // What is there lacks nothing before its end: no event is passed over.
            taken = try lease()
            #expect(taken == Array(ids.prefix(taken.count)))
        } else {
            #expect { try lease() } throws: { ($0 as? QueueError)?.code == .corrupt }
        }
        try fixture.open(in: cut.folder).close()
        #expect(try taken + lease() == ids)
    }

    @Test func `damage in the middle costs its record, and is said`() throws {
        let queue = try fixture.open()
        try queue.appendEach(["a", "b", "c"])
        let cut = try fixture.copy()
        try cut.lose { [UInt8](repeating: 0, count: $0.count) }
        var journal = try cut.bytes(cut.journal)
        journal[2 * 4096 + 100] ^= 1
        try cut.write(journal, cut.journal)
        let reopened = try fixture.open(in: cut.folder)
        #expect(try reopened.ids() == ["a", "c"])
        #expect(reopened.recovery.damagedRecords == 1)
        #expect(reopened.recovery.damagedLines > 0)
    }

    @Test func `a damaged record costs its own events, wherever the segment ends`() throws {
        let queue = try fixture.open()
        try queue.appendEach(["a", "b", "c"])
        let cut = try fixture.copy()
        try cut.lose { _ in [] }
        var journal = try cut.bytes(cut.journal)
        journal[4096] ^= 1
        try cut.write(journal, cut.journal)
        let reopened = try fixture.open(in: cut.folder)
        #expect(try reopened.ids() == ["b", "c"])
        #expect(reopened.recovery.damagedRecords == 0)
        #expect(reopened.recovery.damagedLines == 1)
        #expect(reopened.recovery.badSegments.count == 1)
    }

    @Test func `what a program without journals wrote on is not written over`() throws {
        let queue = try fixture.open()
        try queue.appendEach(["a", "b", "c"])
        let cut = try fixture.copy()
        let segment = try cut.bytes(cut.segment(1))
        let newline = try #require(segment.firstIndex(of: 10))
        try cut.write(Array(segment[...newline]), cut.segment(1))
        let journal = try cut.bytes(cut.journal)
        try FileManager.default.removeItem(atPath: cut.journal)
        let older = try fixture.open(half: 0, in: cut.folder)
        try older.appendEach(["x", "y"])
        older.close()
        try cut.write(journal, cut.journal)
        let reopened = try fixture.open(in: cut.folder)
        #expect(try reopened.ids() == ["a", "x", "y"])
        #expect(reopened.recovery.damagedRecords == 2)
    }

    @Test func `a number of an append that failed does not keep the next one's lines away`() throws
    {
        let queue = try fixture.open()
        try queue.appendEach(["a"])
        let start = try queue.content().count
        fixture.plan.arm(.write, [.short(60), .failure(28)])
        #expect(throws: QueueError.self) { try queue.appendEach(["b"]) }
        fixture.plan.disarm()
        try queue.appendEach(["c"])
        let content = try queue.content()
        // The disk has the line that failed.
        let cut = try fixture.copy()
        var failed: [UInt8] = []
        _ = EventLine.append(.make("b"), sequence: 2, deduplicateUntil: nil, to: &failed)
        try cut.write(content[..<start] + failed, cut.segment(1))
        try expect(cut, ["a", "c"], content)
    }
}
