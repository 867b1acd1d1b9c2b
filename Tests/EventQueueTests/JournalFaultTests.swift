import Foundation
import Testing

@testable import EventQueue

/// System calls of a journal that fail.
@Suite struct JournalFaultTests {
    let fixture: JournalFixture
    private var plan: FaultPlan { fixture.plan }

    init() throws {
        fixture = try JournalFixture()
    }

    /// Appends one event; whether it is acknowledged.
    private func accepts(_ queue: FileQueue, _ id: String, body: String = "{}") -> Bool {
        (try? queue.append([.make(id, body: body)], nowMilliseconds: now)) != nil
    }

    /// Whatever a power cut leaves now holds what was acknowledged, in order.
    private func expectKept(_ ids: [String], half: Int = 64 << 10, _ comment: Comment? = nil)
        throws
    {
        for loss in PowerCut.losses {
            let cut = try fixture.copy()
            if FileManager.default.fileExists(atPath: cut.journal) { try cut.lose(loss) }
            let reopened = try fixture.open(half: half, in: cut.folder)
            #expect(try reopened.ids() == ids, comment)
            reopened.close()
        }
    }

    static let appendFaults: [AppendFault] =
        [FileSystem.Step.write, .writeJournal].flatMap { step in
            [
                AppendFault(
                    step: step, faults: [.failure(ENOSPC)], code: .diskFull,
                    name: "\(step) ENOSPC"),
                AppendFault(
                    step: step, faults: [.failure(EIO)], code: .inputOutput, name: "\(step) EIO"),
                AppendFault(
                    step: step, faults: [.short(30), .failure(ENOSPC)], code: .diskFull,
                    name: "short \(step), then ENOSPC"),
                AppendFault(
                    // The journal tries once past the page cache and once through it.
                    step: step, faults: step == .write ? [.short(0)] : [.short(0), .short(0)],
                    code: .inputOutput, name: "\(step) of 0"),
                AppendFault(
                    step: step, faults: [.short(1), .short(70), .failure(EINTR)], code: nil,
                    name: "short \(step)s and EINTR"),
            ]
        } + [
            AppendFault(
                step: .writeJournal, faults: [.failure(EINVAL)], code: nil,
                name: "no writes past the page cache"),
            AppendFault(
                step: .syncJournal, faults: [.failure(EIO)], code: .inputOutput,
                name: "fdatasync of journal EIO"),
            AppendFault(
                step: .syncJournal, faults: [.failure(EINTR)], code: nil,
                name: "fdatasync of journal EINTR"),
        ]

    @Test(arguments: appendFaults)
    func `a failed append acknowledges nothing, leaves nothing and loses nothing`(
        fault: AppendFault
    ) throws {
        let queue = try fixture.open()
        try queue.appendEach(["a"])
        let event = QueuedEvent.make("b", window: hour)
        try plan.append(event, to: queue, meeting: fault)
        let expected = fault.code == nil ? ["a", "b"] : ["a"]
        #expect(try queue.ids() == expected)
        // A journal that failed is left; the segment's failures are none of the journal's.
        let isLeft = fault.code != nil && fault.step != .write
        #expect(queue.hasJournal == !isLeft)
        #expect(FileManager.default.fileExists(atPath: fixture.path + "/journal") == !isLeft)
        try expectKept(expected)
        let retry = try queue.append([event], nowMilliseconds: now)
        #expect((retry == [.duplicate]) == (fault.code == nil))
        try queue.appendEach(["c"])
        try expectKept(["a", "b", "c"])
        queue.close()
        let reopened = try fixture.open()
        #expect(try reopened.ids() == ["a", "b", "c"])
        #expect(reopened.recovery == RecoveryReport())
    }

    @Test(
        arguments: [
            [.short(4096), .short(100)], [.short(9000)], [.short(8191), .failure(EINTR)],
            [.failure(EINVAL), .short(5000)],
        ] as [[FileSystem.Fault]])
    func `a record that is written in pieces is whole`(faults: [FileSystem.Fault]) throws {
        let queue = try fixture.open()
        try queue.appendEach(["a"])
        plan.arm(.writeJournal, faults)
        let isAccepted = accepts(
            queue, "b", body: "\"" + String(repeating: "b", count: 20_000) + "\"")
        #expect(isAccepted)
        plan.disarm()
        #expect(queue.hasJournal)
        try expectKept(["a", "b"])
        #expect(accepts(queue, "c"))
        try expectKept(["a", "b", "c"])
    }

    @Test func `a buffer that grows within an append is written all the same`() throws {
        let queue = try fixture.open(half: 512 << 10)
        var ids: [String] = []
        for (place, size) in [10, 3000, 70_000, 100, 200_000, 5].enumerated() {
            ids.append("e\(place)")
            let body = "\"" + String(repeating: "x", count: size) + "\""
            let isAccepted = accepts(queue, "e\(place)", body: body)
            #expect(isAccepted)
        }
        try expectKept(ids, half: 512 << 10)
    }

    @Test(arguments: [FileSystem.Step.writeJournal, .syncJournal])
    func `a journal that cannot be left keeps appends from being acknowledged`(
        step: FileSystem.Step
    ) throws {
        let queue = try fixture.open()
        try queue.appendEach(["a", "b"])
        plan.armAll([step, .syncData], .failure(EIO))
        for id in ["c", "d", "e"] { #expect(!accepts(queue, id)) }
        #expect(throws: QueueError.self) { try queue.checkWritable() }
        plan.disarm()
        try expectKept(["a", "b"])
        // As if the kernel had dropped what it could not write.
        let segment = queue.folder.path(of: 1)
        let zeros = Data(repeating: 0, count: try queue.segmentBytes().count)
        try overwrite(segment, zeros)
        try queue.checkWritable()
        #expect(!queue.hasJournal)
        #expect(try queue.ids() == ["a", "b"])
        try queue.appendEach(["f"])
        #expect(try queue.ids() == ["a", "b", "f"])
        try expectKept(["a", "b", "f"])
    }

    private func overwrite(_ path: String, _ data: Data) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.write(contentsOf: data)
        try handle.close()
    }

    @Test func `after a checkpoint that failed, segments are written anew before anything else`()
        throws
    {
        // Every record fills a half, so that every other append needs a checkpoint.
        let queue = try fixture.open(half: 4096)
        try queue.appendEach(["a", "b"])
        let content = try queue.content()
        var ids = ["a", "b"]
        plan.armAll([.syncData], .failure(EIO))
        for id in ["c", "d", "e", "f"] where accepts(queue, id) { ids.append(id) }
        #expect(ids.count < 6)
        #expect(plan.hits > 0)
        #expect(throws: QueueError.self) { try queue.checkWritable() }
        try overwrite(
            queue.folder.path(of: 1), Data(repeating: 0, count: try queue.segmentBytes().count))
        // The repair fails too.
        plan.armAll([.restore], .failure(EIO))
        #expect(!accepts(queue, "g"))
        #expect(!accepts(queue, "h"))
        plan.disarm()
        let old = try #require(try fixture.copy().records().first).record
        // What was durable before cannot have been dropped.
        if old.offset > 0 { try overwrite(queue.folder.path(of: 1), Data(content[..<old.offset])) }
        try queue.checkWritable()
        #expect(queue.hasJournal)
        #expect(try queue.ids() == ids)
        try queue.appendEach(["i", "j", "k"])
        ids += ["i", "j", "k"]
        #expect(try queue.ids() == ids)
        // The segment that failed is left.
        #expect(try queue.folder.segments().count == 2)
        try expectKept(ids, half: 4096)
    }

    @Test(arguments: 0..<12)
    func `one failed synchronisation, whenever it comes, loses nothing`(skip: Int) throws {
        let queue = try fixture.open(half: 4096, segmentBytesMax: 1500)
        var ids: [String] = []
        plan.arm(.syncData, skip: skip, [.failure(EIO)])
        for number in 0..<40 {
            let size = number % 9 == 8 ? 6000 : 10
            let body = "\"" + String(repeating: "x", count: size) + "\""
            if accepts(queue, "\(number)", body: body) { ids.append("\(number)") }
            #expect(try queue.ids() == ids)
        }
        #expect(plan.hits == 1)
        #expect(ids.count >= 38)
        plan.disarm()
        try expectKept(ids, half: 4096)
        queue.close()
        #expect(try fixture.open(half: 4096).ids() == ids)
    }

    @Test(arguments: [FileSystem.Step.open, .space, .writeJournal, .sync, .rename])
    func `a journal that cannot be made is done without, and tried again much later`(
        step: FileSystem.Step
    ) throws {
        for skip in 0..<2 {
            // Calls that making it has once only.
            if skip > 0, step == .space || step == .rename { continue }
            let fixture = try JournalFixture()
            let queue = try fixture.open(commitsMin: 1, retryCommits: 3)
            try queue.appendEach(["0"])
            fixture.plan.arm(step, skip: skip, [.failure(ENOSPC)])
            var ids = ["0"]
            while ids.count < 100_000, !queue.hasJournal {
                try queue.appendEach(["\(ids.count)"])
                ids.append("\(ids.count)")
            }
            #expect(fixture.plan.hits == 1)
            #expect(ids.count > 5)
            let names = try FileManager.default.contentsOfDirectory(atPath: fixture.path)
            #expect(names.contains("journal") && !names.contains("journal.new"))
            #expect(try queue.ids() == ids)
        }
    }

    @Test func `a journal is not made where it would leave too little of the disk`() throws {
        var options = FileQueueOptions()
        options.journalCommitsMin = 0
        options.spaceBytesMin = .max - (64 << 20)
        let queue = try FileQueue(
            name: "q", path: fixture.path, options: options, access: .readWrite,
            nowMilliseconds: now, system: FileSystem())
        try queue.appendEach(["a"])
        #expect(!queue.hasJournal)
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.path)
        #expect(!names.contains { $0.hasPrefix("journal") })
    }

    @Test(arguments: [FileSystem.Step.syncData, .writeJournal, .syncJournal])
    func `a close that fails leaves the rest to the next start`(step: FileSystem.Step) throws {
        let queue = try fixture.open()
        try queue.appendEach(["a", "b"])
        plan.armAll([step, .restore], .failure(EIO))
        queue.close()
        #expect(plan.hits > 0)
        plan.disarm()
        if step == .syncData {
            let cut = try fixture.copy()
            try cut.lose { _ in [] }
            #expect(try fixture.open(in: cut.folder).ids() == ["a", "b"])
        }
        #expect(try fixture.open().ids() == ["a", "b"])
    }

    @Test(arguments: FileSystem.Step.allCases)
    func `a start that fails at any call can be made again`(step: FileSystem.Step) throws {
        let queue = try fixture.open(segmentBytesMax: 500)
        try queue.appendEach((0..<5).map(String.init))
        for loss in PowerCut.losses.prefix(4) {
            for isFrontDamaged in [false, true] {
                for skip in 0..<60 {
                    let cut = try fixture.copy()
                    try cut.lose(loss)
                    if isFrontDamaged {
                        var journal = try cut.bytes(cut.journal)
                        journal[3] ^= 1
                        try cut.write(journal, cut.journal)
                    }
                    plan.arm(step, skip: skip, [.failure(EIO)])
                    (try? fixture.open(in: cut.folder))?.close()
                    let wasHit = plan.hits > 0
                    plan.disarm()
                    let reopened = try fixture.open(in: cut.folder)
                    #expect(try reopened.ids() == (0..<5).map(String.init), "\(step) \(skip)")
                    reopened.close()
                    if !wasHit { break }
                }
            }
        }
    }
}
