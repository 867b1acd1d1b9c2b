import EventQueue
import Foundation
import Synchronization
import Testing

@testable import Receiver

/// What becomes of finished segments while the server runs.
@Suite struct SegmentChecksTests {
    private let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("segment-checks-" + UUID().uuidString)

    /// A queue with a segment for each event.
    private func open(_ count: Int) throws -> FileQueue {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var options = FileQueueOptions()
        options.segmentBytesMax = 1
        let queue = try FileQueue(
            name: "main", path: folder.path + "/events", options: options, nowMilliseconds: 1)
        for number in 0..<count {
            let event = QueuedEvent(
                id: "\(number)", integration: "i", account: nil, type: "t", timeMilliseconds: 1,
                deduplicationWindowMilliseconds: nil, document: Array("{\"data\":1}".utf8))
            _ = try queue.append([event], nowMilliseconds: 1)
        }
        return queue
    }

    private func files(_ ending: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(
            at: folder.appendingPathComponent("events"), includingPropertiesForKeys: nil
        ).filter { $0.lastPathComponent.hasSuffix(ending) }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    @Test func `finished segments are checked, and the log says which was damaged`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let queue = try open(4)
        defer { queue.close() }
        let second = try files(".jsonl")[1]
        var bytes = try Data(contentsOf: second)
        bytes[bytes.count - 5] ^= 1
        try bytes.write(to: second)
        let lines = Mutex<[UInt8]>([])
        let log = Log(
            LogSettings(), journal: nil, sink: { part in lines.withLock { $0 += part } })
        #expect(log.start())
        let checks = try SegmentChecks(log: log)
        checks.check(queue)
        checks.stop()
        log.stop()
        #expect(try files(".summary").count == 2)
        #expect(try files(".bad").map(\.lastPathComponent) == [second.lastPathComponent + ".bad"])
        let text = String(decoding: lines.withLock { $0 }, as: UTF8.self)
        #expect(text.split(separator: "\n").count == 1)
        #expect(
            text.contains(
                "warning queue repaired queue=main damaged_lines=1 damaged_records=0 missing_bytes="
            ))
        #expect(text.contains(second.lastPathComponent + ".bad"))
    }

    @Test func `what was begun is read before its thread ends`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let queue = try open(3)
        defer { queue.close() }
        let checks = try SegmentChecks(log: Log(LogSettings(), journal: nil, sink: { _ in }))
        checks.begin([queue])
        checks.stop()
        #expect(try files(".summary").count == 2)
    }

    @Test func `once it is cancelled no further segment is read`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let queue = try open(3)
        defer { queue.close() }
        let checks = try SegmentChecks(log: Log(LogSettings(), journal: nil, sink: { _ in }))
        checks.begin([])
        checks.cancel()
        checks.begin([queue])
        checks.stop()
        #expect(try files(".summary").isEmpty)
    }
}
