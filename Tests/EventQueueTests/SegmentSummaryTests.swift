import Foundation
import Synchronization
import Testing

@testable import EventQueue

/// Starts that do not read what was found intact before.
@Suite struct SegmentSummaryTests {
    let folder: TemporaryFolder
    let plan = FaultPlan()

    init() throws {
        folder = try TemporaryFolder()
    }

    private var path: String { folder.path + "/queue" }

    /// With a segment for every event, unless said otherwise.
    private func open(
        segmentBytesMax: Int = 1, at time: Int64 = now, journalBytes: Int = 0
    ) throws -> FileQueue {
        var options = FileQueueOptions()
        options.segmentBytesMax = segmentBytesMax
        options.journalBytes = journalBytes
        options.journalCommitsMin = 0
        return try FileQueue(
            name: "q", path: path, options: options, access: .readWrite, nowMilliseconds: time,
            system: plan.system)
    }

    private func names(_ ending: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0.hasSuffix(ending) }.sorted()
    }

    private func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }

    private func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    /// - Returns: what was found in each segment; nil at the end is left out.
    private func checkAll(_ queue: FileQueue) throws -> [RecoveryReport] {
        var reports: [RecoveryReport] = []
        while let report = try check(queue) { reports.append(report) }
        return reports
    }

    private func check(_ queue: FileQueue) throws -> RecoveryReport? {
        var report = RecoveryReport()
        return try queue.checkSegment(&report).map { _ in report }
    }

    /// Three events, each in a segment of its own; the first two have summaries.
    private func prepare(window: Int64? = hour) throws {
        let queue = try open()
        for id in ["a", "b", "c"] {
            _ = try queue.append([.make(id, window: window)], nowMilliseconds: now)
        }
        #expect(try checkAll(queue) == [RecoveryReport(), RecoveryReport()])
        queue.close()
        #expect(try names(".summary") == [1, 2].map(SegmentSummaries.name))
    }

    /// Flips a bit in the middle of an event, as a disk would: the file stays the same.
    private func damage(_ first: UInt64, at place: Int? = nil) throws {
        let name = SegmentFolder.name(of: first)
        var bytes = try read(name)
        bytes[place ?? bytes.count - 10] ^= 1
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path + "/" + name))
        try handle.write(contentsOf: bytes)
        try handle.close()
    }

    @Test func `a start reads segments without a summary only`() throws {
        try prepare()
        for first: UInt64 in 1...3 { try damage(first) }
        let queue = try open()
        defer { queue.close() }
        // Had it read the others, it would have found them damaged.
        #expect(queue.recovery.damagedLines == 1)
        #expect(try names(".bad").isEmpty)
        #expect(try names(".torn-0").count == 1)
    }

    @Test func `what a start did not read is read by the next check, and set aside if damaged`()
        throws
    {
        try prepare()
        try damage(1)
        let queue = try open(segmentBytesMax: 64 << 20)
        let reports = try checkAll(queue)
        #expect(reports.map(\.damagedLines) == [1, 0])
        let name = SegmentFolder.name(of: 1)
        #expect(reports.first?.badSegments == [path + "/" + name + ".bad"])
        #expect(try names(".summary") == [SegmentSummaries.name(of: 2)])
        #expect(try queue.ids() == ["b", "c"])
        // The segment is gone for retention, too.
        let policy = RetentionPolicy(countMax: 1)
        #expect(try queue.prune(policy, nowMilliseconds: now).events == 1)
        queue.close()
        let reopened = try open()
        #expect(try reopened.ids() == ["c"])
        #expect(reopened.recovery == RecoveryReport())
        reopened.close()
    }

    @Test func `a check keeps the good lines of a damaged segment`() throws {
        let queue = try open(segmentBytesMax: 2000)
        let filler = "\"" + String(repeating: "x", count: 300) + "\""
        for id in ["a", "b", "c", "d", "e"] {
            _ = try queue.append([.make(id, body: filler)], nowMilliseconds: now)
        }
        let name = SegmentFolder.name(of: 1)
        let end = try #require(try read(name).firstIndex(of: UInt8(ascii: "\n")))
        try damage(1, at: end + 100)
        let bytes = try read(name)
        let reports = try checkAll(queue)
        #expect(reports.first?.damagedLines == 1)
        #expect(try reports.first?.missingBytes == bytes.count - read(name).count)
        #expect(try read(name + ".bad") == bytes)
        #expect(try queue.ids() == ["a", "c", "d", "e"])
        queue.close()
        let reopened = try open(segmentBytesMax: 2000)
        #expect(reopened.recovery == RecoveryReport())
        #expect(try reopened.ids() == ["a", "c", "d", "e"])
        #expect(try checkAll(reopened) == [RecoveryReport()])
        reopened.close()
    }

    @Test func `keys inside their windows are known after a start, others are not`() throws {
        try prepare()
        for (time, outcome) in [
            (now + hour - 1, [AppendOutcome.duplicate, .duplicate]),
            (now + hour, [.stored(sequence: 4), .stored(sequence: 5)]),
        ] {
            let queue = try open(at: time)
            let events = [QueuedEvent.make("a", window: hour), .make("b", window: hour)]
            #expect(try queue.append(events, nowMilliseconds: time) == outcome)
            queue.close()
        }
    }

    @Test func `keys of the same text but another account or integration are others`() throws {
        let queue = try open()
        let events = [
            QueuedEvent.make("x", window: hour), .make("x", account: "1", window: hour),
            .make("x", integration: "stripe", window: hour), .make("\"\n\\é", window: hour),
        ]
        for event in events { _ = try queue.append([event], nowMilliseconds: now) }
        try queue.appendEach(["last"])
        _ = try checkAll(queue)
        queue.close()
        let reopened = try open()
        for event in events {
            #expect(try reopened.append([event], nowMilliseconds: now) == [.duplicate])
        }
        let other = QueuedEvent.make("x", account: "2", window: hour)
        #expect(try reopened.append([other], nowMilliseconds: now) == [.stored(sequence: 6)])
        reopened.close()
    }

    @Test func `a summary that is not as it was written is not used`() throws {
        try prepare()
        let name = SegmentSummaries.name(of: 1)
        let whole = try read(name)
        let second = try read(SegmentSummaries.name(of: 2))
        var changed = (0..<whole.count).map { Array(whole[..<$0]) }
        for index in whole.indices {
            var bytes = whole
            bytes[index] ^= 1 << UInt8(index % 8)
            changed.append(bytes)
        }
        changed += [second, whole + second, whole + [UInt8(ascii: "\n")]]
        let segment = try read(SegmentFolder.name(of: 1))
        for bytes in changed {
            try write(bytes, name)
            let queue = try open()
            #expect(queue.recovery == RecoveryReport())
            #expect(try queue.ids() == ["a", "b", "c"])
            let again = QueuedEvent.make("a", window: hour)
            #expect(try queue.append([again], nowMilliseconds: now) == [.duplicate])
            queue.close()
            // A start that reads the segment finds this.
            try write(bytes, name)
            try damage(1)
            let reading = try open()
            #expect(reading.recovery.damagedLines == 1)
            reading.close()
            try write(segment, SegmentFolder.name(of: 1))
            for bad in try names(".bad") {
                try FileManager.default.removeItem(atPath: path + "/" + bad)
            }
        }
    }

    @Test func `a segment that has not its length is read`() throws {
        try prepare()
        let name = SegmentFolder.name(of: 1)
        try write(try read(name) + Array("{\"torn".utf8), name)
        let queue = try open()
        #expect(queue.recovery.damagedLines == 1)
        #expect(try queue.ids() == ["a", "b", "c"])
        queue.close()
    }

    @Test func `numbers go on behind those of segments that were not read`() throws {
        try prepare()
        // Of the last segment nothing is left but its name.
        try write([], SegmentFolder.name(of: 3))
        let queue = try open()
        #expect(try queue.append([.make("d")], nowMilliseconds: now) == [.stored(sequence: 3)])
        #expect(try queue.ids() == ["a", "b", "d"])
        queue.close()
    }

    @Test func `the segment that is written to has no summary until it is left`() throws {
        let queue = try open(segmentBytesMax: 64 << 20)
        try queue.appendEach(["a", "b"])
        #expect(try check(queue) == nil)
        queue.rotate(bytesMax: 1, ageMillisecondsMax: .max)
        try queue.appendEach(["c"])
        #expect(try check(queue) == RecoveryReport())
        #expect(try check(queue) == nil)
        #expect(try names(".summary") == [SegmentSummaries.name(of: 1)])
        queue.close()
    }

    @Test func `what only the journal has on disk is not checked before it is in the segment`()
        throws
    {
        let queue = try open(journalBytes: 1 << 20)
        // Nobody synchronises segments but this test.
        queue.keeper.stop()
        try queue.appendEach(["a", "b", "c"])
        #expect(try check(queue) == nil)
        let journal = try queue.withWriter { writer throws(QueueError) in writer.journal }
        try #require(journal).checkpoint()
        #expect(try checkAll(queue) == [RecoveryReport(), RecoveryReport()])
        #expect(try names(".summary") == [1, 2].map(SegmentSummaries.name))
        queue.close()
    }

    @Test func `retention takes summaries along, a start those that are left over`() throws {
        try prepare()
        let queue = try open()
        #expect(try queue.prune(RetentionPolicy(countMax: 2), nowMilliseconds: now).events == 1)
        #expect(try names(".summary") == [SegmentSummaries.name(of: 2)])
        queue.close()
        for name in [1, 7].map(SegmentSummaries.name) { try write([1], name) }
        try write([1], SegmentSummaries.name(of: 2) + ".new")
        try open().close()
        #expect(try names(".summary") == [SegmentSummaries.name(of: 2)])
        #expect(try names(".new").isEmpty)
    }

    @Test func `a segment that retention removes while it is waiting is passed over`() throws {
        let queue = try open()
        try queue.appendEach(["a", "b", "c"])
        _ = try queue.prune(RetentionPolicy(countMax: 2), nowMilliseconds: now)
        #expect(try checkAll(queue) == [RecoveryReport()])
        #expect(try names(".summary") == [SegmentSummaries.name(of: 2)])
        queue.close()
    }

    @Test func `without space to spare nothing is checked, and no segment is passed over`() throws {
        var options = FileQueueOptions()
        options.segmentBytesMax = 1
        options.spaceBytesMin = .max
        let queue = try FileQueue(
            name: "q", path: path, options: options, access: .readWrite, nowMilliseconds: now,
            system: plan.system)
        try queue.appendEach(["a", "b"])
        #expect(try check(queue) == nil)
        queue.close()
        let reopened = try open()
        #expect(try checkAll(reopened) == [RecoveryReport()])
        reopened.close()
    }

    @Test(arguments: [FileSystem.Step.open, .read, .size, .writeSummary, .rename])
    func `a check that fails at any call loses nothing, and is made again by the next process`(
        step: FileSystem.Step
    ) throws {
        var failures = 0
        for skip in 0..<4 {
            let queue = try open()
            try queue.appendEach(["a\(skip)", "b\(skip)"])
            plan.arm(step, skip: skip, [.failure(EIO)])
            do { _ = try checkAll(queue) } catch { failures += 1 }
            plan.disarm()
            #expect(try names(".new").isEmpty)
            queue.close()
        }
        #expect(failures > 0)
        let queue = try open()
        #expect(queue.recovery == RecoveryReport())
        #expect(try queue.ids() == (0..<4).flatMap { ["a\($0)", "b\($0)"] })
        _ = try checkAll(queue)
        #expect(try names(".summary").count == 7)
        queue.close()
    }

    @Test func `a finished segment that lost whole lines, or its file, is missed`() throws {
        try prepare()
        let bytes = try [1, 2].map { try read(SegmentFolder.name(of: $0)).count }
        let queue = try open(segmentBytesMax: 64 << 20)
        try write([], SegmentFolder.name(of: 1))
        try FileManager.default.removeItem(atPath: path + "/" + SegmentFolder.name(of: 2))
        #expect(try checkAll(queue).map(\.missingBytes) == bytes)
        #expect(try queue.ids() == ["c"])
        #expect(try queue.prune(RetentionPolicy(countMax: 1), nowMilliseconds: now).events == 0)
        queue.close()
    }

    @Test(arguments: [FileSystem.Step.open, .read, .write, .sync, .link, .rename])
    func `a repair that fails changes nothing, and appends go on`(step: FileSystem.Step) throws {
        var repaired = 0
        for skip in 0..<8 {
            let queue = try open()
            // Two lines in one segment, and one in the next.
            _ = try queue.append([.make("a"), .make("a2")], nowMilliseconds: now)
            try queue.appendEach(["b"])
            let first = try queue.list(EventFilter(limit: 1)).first?.sequence ?? 0
            try damage(first, at: 60)
            let bytes = try read(SegmentFolder.name(of: first))
            plan.arm(step, skip: skip, [.failure(EIO)])
            let reports = try? checkAll(queue)
            plan.disarm()
            #expect(try names(".repair").isEmpty)
            #expect(try names(".new").isEmpty)
            // Set aside, or as it was; never neither.
            let aside = try names(".bad").filter { $0.hasPrefix(SegmentFolder.stem(of: first)) }
            if let name = aside.first { #expect(try read(name) == bytes) }
            if reports != nil { repaired += 1 }
            #expect(aside.count == 1 || reports == nil)
            try queue.appendEach(["c"])
            #expect(try queue.ids().suffix(2) == ["b", "c"])
            queue.close()
            for name in try FileManager.default.contentsOfDirectory(atPath: path)
            where name.hasPrefix("events-") {
                try FileManager.default.removeItem(atPath: path + "/" + name)
            }
        }
        #expect(repaired > 0)
        #expect(repaired < 8)
    }

    @Test func `after a repair nothing is written where lines were before`() throws {
        let fixture = try JournalFixture()
        let queue = try fixture.open(segmentBytesMax: 2000)
        // So that the last record was written before anything was known to be durable.
        queue.keeper.stop()
        let filler = "\"" + String(repeating: "x", count: 300) + "\""
        for id in ["a", "b", "c", "d", "e"] {
            _ = try queue.append([.make(id, body: filler)], nowMilliseconds: now)
        }
        let name = fixture.path + "/" + SegmentFolder.name(of: 1)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: name))
        try handle.seek(toOffset: 50)
        try handle.write(contentsOf: Data([0]))
        try handle.close()
        let journal = try queue.withWriter { writer throws(QueueError) in writer.journal }
        try #require(journal).checkpoint()
        #expect(try checkAll(queue).first?.damagedLines == 1)
        // A consumer of another process, which asks the journal what segments lack.
        let consumer = try FileQueue(
            name: "q", path: fixture.path, access: .consumer, nowMilliseconds: now)
        let leased = try consumer.lease(count: 9, durationMilliseconds: 1, nowMilliseconds: now)
        #expect(leased.map(\.event.id) == ["b", "c", "d", "e"])
        consumer.close()
        // A crash now.
        let cut = try fixture.copy()
        let reopened = try fixture.open(segmentBytesMax: 2000, in: cut.folder)
        #expect(reopened.recovery == RecoveryReport())
        #expect(try reopened.ids() == ["b", "c", "d", "e"])
        reopened.close()
        queue.close()
    }

    @Test func `a check of a closed queue ends, and leaves nothing behind`() throws {
        let queue = try open()
        try queue.appendEach(["a", "b"])
        queue.close()
        #expect { try check(queue) } throws: { ($0 as? QueueError)?.code == .closed }
        #expect(try names(".new").isEmpty)
    }

    @Test func `what has no summary is read before what has one, and as fast as it comes`() {
        var list = UncheckedSegments()
        #expect(list.first == nil)
        list.add(1, isSummarised: true)
        list.add(2, isSummarised: false)
        var new = Segment(first: 3)
        new.bytes = UncheckedSegments.bytesMin / 2
        list.add(finished: new)
        #expect(list.takeBytesMax() == UncheckedSegments.bytesMin)
        new.first = 4
        new.bytes += 1
        list.add(finished: new)
        #expect(list.takeBytesMax() == UncheckedSegments.bytesMin + 2)
        #expect(list.takeBytesMax() == UncheckedSegments.bytesMin)
        var order: [UInt64] = []
        while let first = list.first {
            order.append(first)
            list.removeFirst()
            if first == 2, order.count == 1 { list.putBack(2) }
        }
        #expect(order == [2, 3, 4, 1, 2])
    }

    @Test func `lines behind those that were acknowledged are left to the next start`() throws {
        let queue = try open(segmentBytesMax: 64 << 20)
        try queue.appendEach(["a"])
        // The line is written, its segment cannot be synchronised or cut, and is left.
        plan.armAll([.syncData, .truncate], .failure(EIO))
        #expect(throws: QueueError.self) { try queue.appendEach(["b"]) }
        plan.disarm()
        try queue.appendEach(["c"])
        #expect(try checkAll(queue) == [RecoveryReport()])
        #expect(try names(".summary").isEmpty)
        #expect(try names(".bad").isEmpty)
        queue.close()
        let reopened = try open()
        #expect(reopened.recovery == RecoveryReport())
        #expect(try reopened.ids() == ["a", "b", "c"])
        reopened.close()
    }
}
