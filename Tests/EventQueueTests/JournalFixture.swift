import Foundation
import Synchronization

@testable import EventQueue

/// A file queue with a small journal, made at once, and what a power cut may leave of its folder.
struct JournalFixture {
    let folder: TemporaryFolder
    let plan = FaultPlan()

    init() throws {
        folder = try TemporaryFolder()
    }

    var path: String { folder.path + "/queue" }

    /// - Parameters:
    ///   - half: bytes of a half; 0: no journal.
    ///   - lagNanoseconds: how long segments may lack what only the journal has.
    func open(
        half: Int = 64 << 10, segmentBytesMax: Int = 64 << 20, commitsMin: Int = 0,
        retryCommits: Int = 65_536, lagNanoseconds: UInt64 = 10_000_000,
        in other: TemporaryFolder? = nil
    ) throws -> FileQueue {
        var options = FileQueueOptions()
        options.journalBytes = 2 * half
        options.journalCommitsMin = commitsMin
        options.journalRetryCommits = retryCommits
        options.segmentBytesMax = segmentBytesMax
        options.segmentLagNanoseconds = lagNanoseconds
        return try FileQueue(
            name: "q", path: (other ?? folder).path + "/queue", options: options,
            access: .readWrite, nowMilliseconds: now, system: plan.system)
    }

    /// The folder as it is now, open and never closed.
    func copy() throws -> PowerCut {
        let copy = try TemporaryFolder()
        try FileManager.default.removeItem(atPath: copy.path)
        try FileManager.default.copyItem(atPath: folder.path, toPath: copy.path)
        return PowerCut(folder: copy)
    }
}

/// A copy of a queue's folder that can lose what was not synchronised.
struct PowerCut {
    let folder: TemporaryFolder

    var path: String { folder.path + "/queue" }
    var journal: String { path + "/journal" }

    func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    func write(_ bytes: [UInt8], _ path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    /// All heads in the journal and where they are, by number.
    func records() throws -> [(place: Int, record: JournalRecord)] {
        let bytes = try bytes(journal)
        var found: [(place: Int, record: JournalRecord)] = []
        for place in stride(from: 4096, to: bytes.count, by: 4096) {
            guard let record = JournalRecord(bytes, at: place) else { continue }
            found.append((place, record))
        }
        return found.sorted { $0.record.number < $1.record.number }
    }

    /// What only the journal makes durable: for each segment, from where on.
    func unsynced() throws -> [UInt64: Int] {
        let records = try records()
        let front = JournalFront(Array(try bytes(journal).prefix(4096)))
        guard let newest = records.last?.record else { return [:] }
        let horizon = max(newest.horizon, front?.horizon ?? 0)
        var from: [UInt64: Int] = [:]
        for (_, record) in records.reversed() where record.number >= horizon {
            let length = (try? bytes(segment(record.segment)).count) ?? 0
            let end = record.offset + record.count
            // What is in no record was synchronised with all that lies before it. The newest may be in
            // the journal alone.
            if let known = from[record.segment] ?? (end >= length ? end : nil), end == known {
                from[record.segment] = record.offset
            }
        }
        for (first, start) in from {
            from[first] = min(start, (try? bytes(segment(first)).count) ?? 0)
        }
        return from
    }

    func segment(_ first: UInt64) -> String { path + "/" + SegmentFolder.name(of: first) }

    /// Changes the part of each segment that is not synchronised.
    func lose(_ change: (ArraySlice<UInt8>) -> [UInt8]) throws {
        for (first, start) in try unsynced() {
            guard FileManager.default.fileExists(atPath: segment(first)) else { continue }
            let bytes = try bytes(segment(first))
            try write(Array(bytes[..<start]) + change(bytes[start...]), segment(first))
        }
    }

    /// Every way to lose it that tests try.
    static let losses: [@Sendable (ArraySlice<UInt8>) -> [UInt8]] = [
        { _ in [] },
        { [UInt8](repeating: 0, count: $0.count) },
        { $0.map { $0 ^ 0x55 } },
        { Array($0.prefix($0.count / 2)) },
        { $0.prefix($0.count / 3) + [UInt8](repeating: 0, count: $0.count - $0.count / 3) },
        { [UInt8](repeating: 0, count: $0.count / 2) + $0.suffix($0.count - $0.count / 2) },
        { Array($0) },
        { $0 + Array("{\"crc32c\":\"0".utf8) },
    ]
}

extension FileQueue {
    /// Whether appends go to a journal now.
    var hasJournal: Bool { writer.withLock { $0?.journal != nil } }

    /// The number of the journal's next record.
    var nextRecord: UInt64? { writer.withLock { $0?.journal?.next } }

    /// The bytes of all segments, once they have all.
    func content() throws -> [UInt8] {
        catchUp()
        return try segmentBytes()
    }

    /// The bytes of all segments as they are.
    func segmentBytes() throws -> [UInt8] {
        var all: [UInt8] = []
        for first in try folder.segments() {
            all += try Data(contentsOf: URL(fileURLWithPath: folder.path(of: first)))
        }
        return all
    }
}
