import Foundation
import Synchronization
import Testing

@testable import EventQueue

/// Fails calls by plan.
final class FaultPlan: Sendable {
    struct State {
        var step: FileSystem.Step?
        /// Calls of that step that are let through first.
        var skip = 0
        var faults: [FileSystem.Fault] = []
        var hits = 0
        /// Calls that fail always.
        var lasting: Set<FileSystem.Step> = []
        var lastingFault: FileSystem.Fault?
    }

    private let state = Mutex(State())

    var system: FileSystem {
        FileSystem(fault: { [self] step in next(step) })
    }

    var hits: Int { state.withLock { $0.hits } }

    func arm(_ step: FileSystem.Step, skip: Int = 0, _ faults: [FileSystem.Fault]) {
        state.withLock { $0 = State(step: step, skip: skip, faults: faults) }
    }

    /// Fails every call of these steps.
    func armAll(_ steps: Set<FileSystem.Step>, _ fault: FileSystem.Fault) {
        state.withLock { $0 = State(lasting: steps, lastingFault: fault) }
    }

    func disarm() {
        state.withLock {
            $0.step = nil
            $0.lasting = []
        }
    }

    private func next(_ step: FileSystem.Step) -> FileSystem.Fault? {
        state.withLock { state in
            if state.lasting.contains(step) {
                state.hits += 1
                return state.lastingFault
            }
            guard state.step == step else { return nil }
            if state.skip > 0 {
                state.skip -= 1
                return nil
            }
            guard !state.faults.isEmpty else { return nil }
            state.hits += 1
            return state.faults.removeFirst()
        }
    }
}

/// A call of an append that fails, and what the queue must say.
struct AppendFault: Sendable, CustomTestStringConvertible {
    let step: FileSystem.Step
    let faults: [FileSystem.Fault]
    /// Nil when the append succeeds all the same.
    let code: QueueError.Code?
    let name: String
    var testDescription: String { name }

    static let all: [AppendFault] = [
        AppendFault(
            step: .write, faults: [.failure(ENOSPC)], code: .diskFull, name: "write ENOSPC"),
        AppendFault(
            step: .write, faults: [.failure(EDQUOT)], code: .diskFull, name: "write EDQUOT"),
        AppendFault(
            step: .write, faults: [.failure(EIO)], code: .inputOutput, name: "write EIO"),
        AppendFault(
            step: .write, faults: [.short(30), .failure(ENOSPC)], code: .diskFull,
            name: "short write, then ENOSPC"),
        AppendFault(step: .write, faults: [.short(0)], code: .inputOutput, name: "write of 0"),
        AppendFault(
            step: .write, faults: [.short(1), .short(7), .failure(EINTR)], code: nil,
            name: "short writes and EINTR"),
        AppendFault(
            step: .syncData, faults: [.failure(EIO)], code: .inputOutput, name: "fdatasync EIO"),
        AppendFault(
            step: .syncData, faults: [.failure(ENOSPC)], code: .diskFull,
            name: "fdatasync ENOSPC"),
        AppendFault(
            step: .syncData, faults: [.failure(EINTR), .failure(EINTR)], code: nil,
            name: "fdatasync EINTR"),
    ]
}

extension FaultPlan {
    /// Appends an event while the call fails, and expects what that makes of it.
    func append(_ event: QueuedEvent, to queue: FileQueue, meeting fault: AppendFault) throws {
        arm(fault.step, fault.faults)
        if let code = fault.code {
            #expect { try queue.append([event], nowMilliseconds: now) } throws: {
                ($0 as? QueueError)?.code == code
            }
        } else {
            #expect(try queue.append([event], nowMilliseconds: now).count == 1)
        }
        #expect(hits == fault.faults.count)
        disarm()
    }
}

@Suite struct FileQueueFaultTests {
    let folder: TemporaryFolder
    let plan = FaultPlan()

    init() throws {
        folder = try TemporaryFolder()
    }

    private func open(segmentBytesMax: Int = 64 << 20) throws -> FileQueue {
        var options = FileQueueOptions()
        options.segmentBytesMax = segmentBytesMax
        return try FileQueue(
            name: "q", path: folder.path + "/queue", options: options, access: .readWrite,
            nowMilliseconds: now, system: plan.system)
    }

    @Test(arguments: AppendFault.all)
    func `a failed append acknowledges nothing and leaves nothing`(fault: AppendFault) throws {
        let queue = try open()
        try queue.appendEach(["a"])
        let event = QueuedEvent.make("b", window: hour)
        try plan.append(event, to: queue, meeting: fault)
        let expected = fault.code == nil ? ["a", "b"] : ["a"]
        #expect(try queue.ids() == expected)
        // The vendor tries again.
        let retry = try queue.append([event], nowMilliseconds: now)
        #expect((retry == [.duplicate]) == (fault.code == nil))
        try queue.appendEach(["c"])
        queue.close()
        let reopened = try open()
        #expect(try reopened.ids() == ["a", "b", "c"])
        #expect(reopened.recovery.badSegments.isEmpty)
    }

    @Test func `after a failed fdatasync the segment is left`() throws {
        let queue = try open()
        try queue.appendEach(["a"])
        plan.arm(.syncData, [.failure(EIO)])
        #expect(throws: QueueError.self) { try queue.appendEach(["b"]) }
        plan.disarm()
        try queue.appendEach(["c"])
        #expect(try queue.folder.segments() == [1, 3])
        #expect(try queue.ids() == ["a", "c"])
    }

    @Test func `when even the cut fails, the rest is repaired at the next start`() throws {
        let queue = try open()
        try queue.appendEach(["a"])
        let part = FaultPlan()
        part.arm(.write, [.short(30), .failure(EIO)])
        // The start cuts what may be reserved behind the segment.
        plan.arm(.truncate, skip: 1, [.failure(EIO)])
        var options = FileQueueOptions()
        options.segmentBytesMax = 64 << 20
        queue.close()
        let system = FileSystem(fault: { step in
            step == .write ? part.system.fault?(step) : plan.system.fault?(step)
        })
        let failing = try FileQueue(
            name: "q", path: folder.path + "/queue", options: options, access: .readWrite,
            nowMilliseconds: now, system: system)
        #expect(throws: QueueError.self) { try failing.appendEach(["b"]) }
        #expect(plan.hits == 1)
        try failing.appendEach(["c"])
        #expect(try failing.ids() == ["a", "c"])
        failing.close()
        plan.disarm()
        let reopened = try open()
        #expect(try reopened.ids() == ["a", "c"])
        #expect(reopened.recovery.tornTails.count == 1)
    }

    @Test(arguments: [FileSystem.Step.open, .sync], [ENOSPC, EIO, EROFS])
    func `a segment that cannot be begun fails the append only`(
        step: FileSystem.Step, number: Int32
    ) throws {
        for skip in 0..<2 {
            let queue = try open(segmentBytesMax: 1)
            try queue.appendEach(["a\(skip)"])
            plan.arm(step, skip: skip, [.failure(number)])
            #expect(throws: QueueError.self) { try queue.appendEach(["b\(skip)"]) }
            #expect(plan.hits == 1)
            plan.disarm()
            try queue.appendEach(["c\(skip)"])
            queue.close()
        }
        #expect(try open().ids() == ["a0", "c0", "a1", "c1"])
    }

    @Test(arguments: FileSystem.Step.allCases)
    func `a start that fails at any call loses nothing`(step: FileSystem.Step) throws {
        let path = folder.path + "/queue"
        let queue = try open(segmentBytesMax: 1)
        try queue.appendEach(["a", "b", "c"])
        queue.close()
        // Damage in the middle, and a torn end.
        for (first, bytes) in [(1, "x\n"), (2, "y\n"), (3, "z")] {
            let segment = path + "/" + SegmentFolder.name(of: UInt64(first))
            var content = try Data(contentsOf: URL(fileURLWithPath: segment))
            if first == 1 { content = Data(bytes.utf8) + content } else { content += bytes.utf8 }
            try content.write(to: URL(fileURLWithPath: segment))
        }
        for skip in 0..<40 {
            plan.arm(step, skip: skip, [.failure(EIO)])
            (try? open())?.close()
            let wasHit = plan.hits > 0
            plan.disarm()
            let reopened = try open()
            #expect(try reopened.ids() == ["a", "b", "c"], "\(step) \(skip)")
            reopened.close()
            if !wasHit { break }
        }
    }

    @Test func `a read-only folder is said to be one`() throws {
        plan.arm(.makeFolder, [.failure(EROFS)])
        #expect { try open() } throws: { ($0 as? QueueError)?.code == .readOnly }
        plan.disarm()
        let queue = try open()
        plan.arm(.open, [.failure(EACCES)])
        #expect { try queue.checkWritable() } throws: { ($0 as? QueueError)?.code == .readOnly }
        plan.arm(.open, [.failure(EROFS)])
        #expect { try queue.append([.make("a")], nowMilliseconds: now) } throws: {
            ($0 as? QueueError)?.code == .readOnly
        }
    }

    @Test func `the check finds a full disk`() throws {
        let queue = try open()
        plan.arm(.write, [.failure(ENOSPC)])
        #expect { try queue.checkWritable() } throws: { ($0 as? QueueError)?.code == .diskFull }
        plan.disarm()
        try queue.checkWritable()
    }

    @Test func `an event at the limit of size is stored, a larger one is refused`() throws {
        let queue = try open()
        let room = EventLine.bytesMax / 2 - 1 - QueuedEvent.make("a").byteCount
        func event(_ count: Int) -> QueuedEvent {
            .make("a", request: "\"" + String(repeating: "x", count: count - 2) + "\"")
        }
        let (event, larger) = (event(room), event(room + 1))
        #expect(event.byteCount == EventLine.bytesMax / 2 - 1)
        #expect(try queue.append([event], nowMilliseconds: now).count == 1)
        #expect(try queue.show(sequence: 1)?.request.count == room)
        #expect { try queue.append([larger], nowMilliseconds: now) } throws: {
            ($0 as? QueueError)?.code == .tooLarge
        }
    }

    @Test func `an append returns after its bytes and its segment's name are on the device`() throws
    {
        let steps = Mutex<[FileSystem.Step]>([])
        let system = FileSystem(fault: { step in
            steps.withLock { $0.append(step) }
            return nil
        })
        var options = FileQueueOptions()
        options.segmentBytesMax = 500
        let queue = try FileQueue(
            name: "q", path: folder.path + "/queue", options: options, access: .readWrite,
            nowMilliseconds: now, system: system)
        // A new segment: the file, its name, then the bytes.
        steps.withLock { $0 = [] }
        try queue.appendEach(["a"])
        #expect(steps.withLock { $0 } == [.open, .sync, .open, .sync, .write, .syncData])
        // The same segment.
        steps.withLock { $0 = [] }
        try queue.appendEach(["b"])
        #expect(steps.withLock { $0 } == [.write, .syncData])
    }
}
