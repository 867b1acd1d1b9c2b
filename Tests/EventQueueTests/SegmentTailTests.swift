import Foundation
import Synchronization
import TestSupport
import Testing

@testable import EventQueue

/// Segments that are written behind the journal.
@Suite struct SegmentTailTests {
    let fixture: JournalFixture
    private var plan: FaultPlan { fixture.plan }

    init() throws {
        fixture = try JournalFixture()
    }

    /// Nothing comes to the segment unless it is asked for.
    private static let never: UInt64 = 1 << 62

    private func open(
        half: Int = 2 << 20, segmentBytesMax: Int = 64 << 20, in other: TemporaryFolder? = nil
    ) throws -> FileQueue {
        try fixture.open(
            half: half, segmentBytesMax: segmentBytesMax, lagNanoseconds: Self.never, in: other)
    }

    private func events(_ ids: Range<Int>, bytes: Int = 5000) -> [QueuedEvent] {
        ids.map { .make("\($0)", body: "\"" + String(repeating: "x", count: bytes) + "\"") }
    }

    private func ids(_ range: Range<Int>) -> [String] { range.map(String.init) }

    private func append(_ range: Range<Int>, bytes: Int = 5000, to queue: FileQueue) throws {
        _ = try queue.append(events(range, bytes: bytes), nowMilliseconds: now)
    }

    /// What a queue without a journal writes for the same.
    private func expected(_ batches: [[QueuedEvent]]) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let queue = try fixture.open(half: 0, in: folder)
        for batch in batches { _ = try queue.append(batch, nowMilliseconds: now) }
        return try queue.segmentBytes()
    }

    @Test func `a batch is stored before its segment has it, and then the segment has it`() throws {
        let queue = try open()
        try queue.appendEach(["a"])
        let before = try queue.segmentBytes()
        try append(0..<8, to: queue)
        #expect(try queue.segmentBytes() == before)
        // Whatever follows follows.
        try queue.appendEach(["b"])
        #expect(try queue.segmentBytes() == before)
        for loss in PowerCut.losses {
            let cut = try fixture.copy()
            try cut.lose(loss)
            let reopened = try open(in: cut.folder)
            #expect(try reopened.ids() == ["a"] + ids(0..<8) + ["b"])
            #expect(reopened.recovery.damagedRecords == 0)
        }
        queue.catchUp()
        let batches = [[QueuedEvent.make("a")], events(0..<8), [.make("b")]]
        #expect(try queue.segmentBytes() == expected(batches))
        try queue.appendEach(["c"])
        #expect(try queue.segmentBytes() == expected(batches + [[.make("c")]]))
    }

    @Test(arguments: [(2, 0), (2, 1), (1, 0), (1, 1)])
    func `only several events of enough bytes wait for their way to the segment`(
        count: Int, excess: Int
    ) throws {
        let queue = try open()
        var batch = events(0..<count, bytes: 15_000 / count)
        let missing = try AppendJournal.behindBytesMin - expected([batch]).count
        // Its length has as many digits as before.
        let last = 15_000 / count + missing - 1 + excess
        batch[count - 1] = events(count - 1..<count, bytes: last)[0]
        _ = try queue.append(batch, nowMilliseconds: now)
        let isBehind = count > 1 && excess == 1
        #expect(try queue.segmentBytes().isEmpty == isBehind)
        #expect(
            try queue.content().count == AppendJournal.behindBytesMin - 1 + excess)
    }

    @Test func `the keeper writes full pieces at once, and the rest when nothing comes`() throws {
        let queue = try fixture.open(half: 2 << 20)
        try append(0..<8, to: queue)
        let first = try expected([events(0..<8)])
        while try queue.segmentBytes().count < first.count { sched_yield() }
        #expect(try queue.segmentBytes() == first)
        queue.close()
        let patient = try open()
        var end = 8
        let full = first.count + SegmentTail.fullBytes - JournalRecord.blockBytes
        while try patient.segmentBytes().count < full, end < 800 {
            try append(end..<end + 8, to: patient)
            end += 8
            // The keeper may be slow.
            patient.writer.withLock { $0?.journal?.work() }
        }
        let written = try patient.segmentBytes().count
        #expect(written >= full && written % JournalRecord.blockBytes == 0)
        let all = try patient.content().count
        #expect(all > written && all - written < SegmentTail.fullBytes)
    }

    @Test func `whoever appends faster than the segment is written waits, and nothing is lost`()
        throws
    {
        let queue = try fixture.open(half: 1 << 20, segmentBytesMax: 3 << 20)
        var batches: [[QueuedEvent]] = []
        for number in 0..<300 {
            let batch = events(number * 40..<number * 40 + 40, bytes: number % 60 * 100)
            _ = try queue.append(batch, nowMilliseconds: now)
            batches.append(batch)
        }
        #expect(try queue.content() == expected(batches))
        #expect(try queue.folder.segments().count > 5)
        queue.close()
        let reopened = try open()
        #expect(reopened.recovery == RecoveryReport())
        #expect(try reopened.ids() == ids(0..<300 * 40))
    }

    /// The keeper writes when it is asked to, or all the time.
    @Test(arguments: [never, 20_000])
    func `any mixture of appends, pauses and readers gives the same segments`(
        lagNanoseconds: UInt64
    ) throws {
        for seed in 0..<4 as Range<UInt64> {
            var random = SeededGenerator(state: seed)
            let fixture = try JournalFixture()
            let queue = try fixture.open(
                half: 300 << 10, segmentBytesMax: 900_000, lagNanoseconds: lagNanoseconds)
            var batches: [[QueuedEvent]] = []
            var next = 0
            for _ in 0..<40 {
                let count = Int.random(in: 1...12, using: &random)
                let bytes = [10, 3000, 4100, 30_000].randomElement(using: &random) ?? 0
                let batch = events(next..<next + count, bytes: bytes)
                _ = try queue.append(batch, nowMilliseconds: now)
                batches.append(batch)
                next += count
                switch Int.random(in: 0..<9, using: &random) {
                case 8: queue.writer.withLock { $0?.journal?.tail?.shrink() }
                case 0: queue.catchUp()
                case 1: queue.writer.withLock { $0?.journal?.rest() }
                case 2: #expect(try queue.show(sequence: UInt64(next))?.id == "\(next - 1)")
                case 3:
                    let cut = try fixture.copy()
                    try cut.lose(PowerCut.losses.randomElement(using: &random) ?? { _ in [] })
                    let reopened = try fixture.open(half: 300 << 10, in: cut.folder)
                    #expect(try reopened.ids() == ids(0..<next), "seed \(seed)")
                    #expect(try reopened.content() == expected(batches), "seed \(seed)")
                default: break
                }
            }
            #expect(try queue.content() == expected(batches))
        }
    }

    @Test func `a queue reads what its segments lack`() throws {
        let queue = try open()
        try append(0..<8, to: queue)
        #expect(try queue.ids() == ids(0..<8))
        try append(8..<16, to: queue)
        #expect(try queue.show(sequence: 16)?.id == "15")
        try append(16..<24, to: queue)
        let leased = try queue.lease(count: 30, durationMilliseconds: 1000, nowMilliseconds: now)
        #expect(leased.map(\.event.id) == ids(0..<24))
        try append(24..<32, to: queue)
        let stats = try queue.stats(nowMilliseconds: now)
        #expect(stats.lastSequence == 32 && stats.ready == 8)
    }

    @Test func `a duplicate of what the segment lacks is found`() throws {
        let queue = try open()
        func batch(_ first: Int) -> [QueuedEvent] {
            (first..<first + 8).map {
                .make(
                    "\($0)", window: hour,
                    body: "\"" + String(repeating: "x", count: 5000) + "\"")
            }
        }
        _ = try queue.append(batch(0), nowMilliseconds: now)
        #expect(try queue.segmentBytes().isEmpty)
        let outcomes = try queue.append(batch(4), nowMilliseconds: now)
        #expect(outcomes.prefix(4).allSatisfy { $0 == .duplicate })
        #expect(outcomes.suffix(4) == (9...12).map { .stored(sequence: $0) })
        #expect(try queue.ids() == ids(0..<12))
    }

    @Test func `a consumer of another process takes what is there, and the rest when it is`() throws
    {
        let queue = try open()
        try append(0..<8, bytes: 60_000, to: queue)
        while try queue.segmentBytes().count < 7 * 60_000 { sched_yield() }
        try append(8..<16, to: queue)
        let consumer = try FileQueue(
            name: "q", path: fixture.path, access: .consumer, nowMilliseconds: now)
        func lease() throws -> [String] {
            try consumer.lease(count: 100, durationMilliseconds: 1000, nowMilliseconds: now)
                .map(\.event.id)
        }
        let first = try lease()
        #expect(first == ids(0..<first.count))
        #expect(first.count >= 7 && first.count < 16)
        try append(16..<24, to: queue)
        // A new consumer, which has not seen yet that nothing is amiss.
        let second = try FileQueue(
            name: "q", path: fixture.path, access: .consumer, nowMilliseconds: now)
        #expect(try second.ids() == first)
        #expect(
            try second.lease(count: 9, durationMilliseconds: 1000, nowMilliseconds: now).isEmpty)
        queue.catchUp()
        #expect(try lease() == ids(first.count..<24))
    }

    @Test func `a duplicate is found whatever the keeper does meanwhile`() throws {
        let queue = try fixture.open(half: 2 << 20, lagNanoseconds: 30_000)
        for number in 0..<300 {
            let events = (0..<4).map {
                QueuedEvent.make(
                    "\(number)-\($0)", window: hour,
                    body: "\"" + String(repeating: "x", count: 4100) + "\"")
            }
            _ = try queue.append(events, nowMilliseconds: now)
            for _ in 0..<number % 30 { sched_yield() }
            let again = try queue.append(events, nowMilliseconds: now)
            #expect(again.allSatisfy { $0 == .duplicate })
        }
    }

    @Test func `a consumer beside a busy queue takes every event once, in order`() throws {
        let queue = try fixture.open(half: 1 << 20, segmentBytesMax: 3 << 20)
        let count = 6000
        let consumer = try FileQueue(
            name: "q", path: fixture.path, access: .consumer, nowMilliseconds: now)
        let taken = Mutex<[String]>([])
        let thread = try WorkerThread("consumer") {
            while taken.withLock({ $0.count }) < count {
                let leased =
                    (try? consumer.lease(
                        count: 50, durationMilliseconds: 1000, nowMilliseconds: now)) ?? []
                taken.withLock { $0 += leased.map(\.event.id) }
                if taken.withLock({ $0.last }) == "\(count - 1)" { return }
            }
        }
        for first in stride(from: 0, to: count, by: 20) {
            try append(first..<first + 20, bytes: first % 1700, to: queue)
        }
        thread.join()
        #expect(taken.withLock { $0 } == ids(0..<count))
    }

    @Test(arguments: [false, true])
    func `a consumer gives up nothing that the server will restore`(isNewSegment: Bool) throws {
        let queue = try open(segmentBytesMax: isNewSegment ? 500_000 : 64 << 20)
        let consumer = try FileQueue(
            name: "q", path: fixture.path, access: .consumer, nowMilliseconds: now)
        try queue.appendEach(["a"])
        try append(0..<8, to: queue)
        queue.catchUp()
        if isNewSegment {
            // Past the journal, and synchronised: what lies before it was not.
            try append(8..<10, bytes: 600_000, to: queue)
            #expect(try queue.folder.segments().count == 2)
        } else {
            for one in try consumer.lease(
                count: 5, durationMilliseconds: 1000, nowMilliseconds: now)
            {
                _ = try consumer.nack(
                    one.lease, error: nil, delayMilliseconds: 0, nowMilliseconds: now)
            }
        }
        let cut = try fixture.copy()
        let segment = try cut.bytes(cut.segment(1))
        let newline = try #require(segment.firstIndex(of: 10))
        try cut.write(Array(segment[...newline]), cut.segment(1))
        let early = try FileQueue(
            name: "q", path: cut.path, access: .consumer, nowMilliseconds: now)
        func lease() throws -> [String] {
            try early.lease(count: 50, durationMilliseconds: 1000, nowMilliseconds: now)
                .map(\.event.id)
        }
        #expect { try lease() } throws: { ($0 as? QueueError)?.code == .corrupt }
        try open(in: cut.folder).close()
        #expect(try lease() == ["a"] + ids(0..<(isNewSegment ? 10 : 8)))
    }

    @Test func `an idle queue keeps neither memory nor files of a segment`() throws {
        let queue = try open(segmentBytesMax: 100_000)
        func tail() -> SegmentTail? { queue.writer.withLock { $0?.journal?.tail } }
        try append(0..<8, to: queue)
        #expect(try #require(tail()).isSpacious)
        queue.catchUp()
        #expect(try #require(tail()).isSpacious)
        queue.writer.withLock { $0?.journal?.rest() }
        #expect(try !#require(tail()).isSpacious)
        try append(8..<16, to: queue)
        #expect(try #require(tail()).isSpacious)
        // The next segment takes little.
        try append(16..<17, bytes: 90_000, to: queue)
        #expect(try queue.folder.segments().count == 2)
        #expect(tail() == nil)
        #expect(try queue.ids() == ids(0..<17))
    }

    @Test func `a batch past the journal, and a new segment, follow what waits`() throws {
        let queue = try open(segmentBytesMax: 1_400_000)
        try append(0..<8, to: queue)
        try append(8..<10, bytes: 600_000, to: queue)
        let batches = [events(0..<8), events(8..<10, bytes: 600_000)]
        #expect(try queue.segmentBytes() == expected(batches))
        try append(10..<18, to: queue)
        let segment = try queue.folder.segments()
        try append(18..<26, bytes: 30_000, to: queue)
        #expect(segment.count == 1)
        #expect(try queue.folder.segments().count == 2)
        let cut = try fixture.copy()
        try cut.lose { _ in [] }
        #expect(try open(in: cut.folder).ids() == ids(0..<26))
    }

    @Test func `what came during a write and went to the file with its rest makes room`() throws {
        let folder = SegmentFolder(path: fixture.folder.path, system: FileSystem())
        let path = folder.path(of: 1)
        try Data().write(to: URL(fileURLWithPath: path))
        let lines = [UInt8](repeating: 10, count: AppendJournal.batchBytesMax - 100_000)
        let reached = Mutex<SegmentTail?>(nil)
        // While the first blocks are under way another commit comes.
        let system = FileSystem(fault: { step in
            if step == .writeBehind, let tail = reached.withLock({ $0.take() }) {
                #expect((try? tail.append(lines[...], at: 5000)) == false)
            }
            return nil
        })
        let tail = try SegmentTail(
            segment: 1, folder: SegmentFolder(path: fixture.folder.path, system: system))
        #expect(try tail.append(lines[..<5000], at: 0))
        reached.withLock { $0 = tail }
        try tail.flush(isWhole: true)
        #expect(tail.isClear)
        #expect(try tail.append(lines[...], at: 5000 + lines.count))
        try tail.flush(isWhole: true)
        let all = Data(repeating: 10, count: 5000 + 2 * lines.count)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == all)
    }

    @Test func `blocks that were reserved and are not needed are given back`() throws {
        func blocks(_ first: UInt64, _ queue: FileQueue) throws -> Int {
            var status = stat()
            #expect(unsafe stat(queue.folder.path(of: first), &status) == 0)
            return Int(status.st_blocks) * 512
        }
        let queue = try open(segmentBytesMax: 200_000)
        try append(0..<8, to: queue)
        #expect(try blocks(1, queue) >= SegmentTail.reservedBytes)
        try append(8..<16, bytes: 25_000, to: queue)
        #expect(try queue.folder.segments().count == 2)
        #expect(try blocks(1, queue) < 100_000)
        queue.close()
        #expect(try blocks(9, queue) < 400_000)
    }

    @Test func `a tail begins wherever its memory lies`() throws {
        let folder = SegmentFolder(path: fixture.folder.path, system: FileSystem())
        let lines = Array("{}\n".utf8)
        let path = folder.path(of: 1)
        try Data().write(to: URL(fileURLWithPath: path))
        // One of 256 places needs no bytes before the first block.
        var random = SeededGenerator(state: 1)
        var pads: [[UInt8]] = []
        for _ in 0..<3000 {
            let tail = try SegmentTail(segment: 1, folder: folder)
            #expect(try tail.append(lines[...], at: 0))
            try tail.flush(isWhole: true)
            tail.shrink()
            // Takes the beginning of the room that was given back.
            let size = 1200 + 16 * Int.random(in: 0..<256, using: &random)
            pads.append([UInt8](repeating: 0, count: size))
        }
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == lines)
    }
}
