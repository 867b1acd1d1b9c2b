import CSQLite
import Foundation
import Testing

@testable import EventQueue

/// A call of SQLite's to the system that fails.
struct DiskFault: Sendable, CustomTestStringConvertible {
    let call: FaultyDisk.Call
    let result: Int32
    let codes: [QueueError.Code]
    var isShort = false
    var isLasting = false
    let name: String
    var testDescription: String { name }

    private static let ioError: Int32 = 10
    private static func ioError(_ kind: Int32) -> Int32 { ioError | kind << 8 }

    static let all: [DiskFault] = [
        DiskFault(call: .write, result: SQLITE_FULL, codes: [.diskFull], name: "write ENOSPC"),
        DiskFault(
            call: .write, result: SQLITE_FULL, codes: [.diskFull], isShort: true,
            name: "short write, then ENOSPC"),
        DiskFault(
            call: .write, result: SQLITE_FULL, codes: [.diskFull], isLasting: true,
            name: "a disk that stays full"),
        DiskFault(
            call: .write, result: ioError(3), codes: [.inputOutput], isShort: true,
            name: "short write, then EIO"),
        DiskFault(call: .sync, result: ioError(4), codes: [.inputOutput], name: "fsync EIO"),
        DiskFault(
            call: .sync, result: ioError(4), codes: [.inputOutput], isLasting: true,
            name: "every fsync EIO"),
        DiskFault(call: .read, result: ioError(1), codes: [.inputOutput], name: "read EIO"),
        DiskFault(
            call: .truncate, result: ioError(6), codes: [.inputOutput], name: "truncate EIO"),
    ]
}

@Suite struct SQLiteQueueFaultTests {
    let folder: TemporaryFolder

    init() throws {
        #expect(FaultyDisk.isRegistered)
        folder = try TemporaryFolder()
    }

    /// - Parameter walBytesMax: copies come often, so that faults meet them too.
    private func open(walBytesMax: Int = 64 << 10) throws -> SQLiteQueue {
        var options = SQLiteQueueOptions()
        options.walBytesMax = walBytesMax
        return try SQLiteQueue(
            name: "q", path: folder.path + "/queue.db", options: options, nowMilliseconds: now)
    }

    @Test(arguments: DiskFault.all)
    func `whatever call fails, what was acknowledged is stored once`(fault: DiskFault) throws {
        var queue = try open()
        var expected: [String] = []
        var failures = 0
        let filler = "\"" + String(repeating: "x", count: 20_000) + "\""
        for skip in 0..<24 {
            FaultyDisk.arm(
                folder.path, fault.call, skip: skip, result: fault.result, isShort: fault.isShort,
                isLasting: fault.isLasting)
            for part in 0..<3 {
                let event = QueuedEvent.make("\(skip)-\(part)", window: hour, body: filler)
                var outcome: [AppendOutcome]?
                do throws(QueueError) {
                    outcome = try queue.append([event], nowMilliseconds: now)
                } catch {
                    failures += 1
                    #expect(fault.codes.contains(error.code), "\(error)")
                    FaultyDisk.disarm(folder.path)
                    // The vendor tries again.
                    outcome = try queue.append([event], nowMilliseconds: now)
                    #expect(outcome != [.duplicate])
                }
                #expect(outcome?.count == 1)
                expected.append(event.id)
            }
            FaultyDisk.disarm(folder.path)
            if skip % 8 == 7 {
                queue.close()
                queue = try open()
            }
        }
        #expect(try queue.ids() == expected)
        queue.close()
        let reopened = try open()
        #expect(try reopened.ids() == expected)
        // Reads of the log come from memory, and nothing is cut short while readers hold it.
        if fault.call == .write || fault.call == .sync { #expect(failures > 0) }
    }

    @Test(arguments: FaultyDisk.Call.allCases)
    func `an opening that fails at any call loses nothing`(call: FaultyDisk.Call) throws {
        let queue = try open()
        try queue.appendEach(["a", "b", "c"])
        queue.close()
        for skip in 0..<60 {
            FaultyDisk.arm(folder.path, call, skip: skip, result: SQLITE_IOERR)
            (try? open())?.close()
            let hits = FaultyDisk.disarm(folder.path)
            let reopened = try open()
            #expect(try reopened.ids() == ["a", "b", "c"], "\(call) \(skip)")
            reopened.close()
            if hits == 0 { break }
        }
    }

    @Test func `the check finds a full disk, and its end`() throws {
        let queue = try open()
        try queue.appendEach(["a"])
        FaultyDisk.arm(folder.path, .write, skip: 0, result: SQLITE_FULL, isLasting: true)
        let event = QueuedEvent.make("b")
        #expect { try queue.append([event], nowMilliseconds: now) } throws: {
            ($0 as? QueueError)?.code == .diskFull
        }
        #expect(FaultyDisk.disarm(folder.path) > 0)
        try queue.checkWritable()
        try queue.appendEach(["b"])
        #expect(try queue.ids() == ["a", "b"])
    }

    @Test func `what is copied of a log that goes on is on disk`() throws {
        let queue = try open(walBytesMax: 16 << 20)
        try queue.appendEach(["a", "b"])
        let path = folder.path + "/queue.db"
        let copying = try SQLiteConnection(
            path: path, mode: .existing, busyTimeoutMilliseconds: 100)
        let reader = try SQLiteConnection(path: path, mode: .existing, busyTimeoutMilliseconds: 100)
        try reader.execute("BEGIN", "reading")
        defer { _ = try? reader.execute("COMMIT", "reading") }
        #expect(try reader.integer("SELECT count(*) FROM events", "reading") == 2)
        // The reader keeps what follows from being copied: the log's end is not reached.
        try queue.appendEach(["c"])
        // The first sync is the log's, the second the database's.
        FaultyDisk.arm(folder.path, .sync, skip: 1, result: SQLITE_IOERR)
        #expect { try copying.copyLog() } throws: {
            ($0 as? QueueError)?.operation == "sync of database"
        }
        #expect(FaultyDisk.disarm(folder.path) == 1)
        #expect(try copying.copyLog() != nil)
    }

    private func consumer() throws -> SQLiteQueue {
        var options = SQLiteQueueOptions()
        options.walBytesMax = 64 << 10
        return try SQLiteQueue(
            name: "q", path: folder.path + "/queue.db", options: options, access: .consumer,
            nowMilliseconds: now)
    }

    /// Copies a part of the log, whose sync fails, and appends one event more.
    private func copyInVain(_ queue: SQLiteQueue) throws {
        let path = folder.path + "/queue.db"
        let reader = try SQLiteConnection(path: path, mode: .existing, busyTimeoutMilliseconds: 100)
        try reader.execute("BEGIN", "reading")
        _ = try reader.integer("SELECT count(*) FROM events", "reading")
        try queue.appendEach(["last"])
        let copying = try SQLiteConnection(
            path: path, mode: .existing, busyTimeoutMilliseconds: 100)
        // The sync of the log passes.
        FaultyDisk.arm(folder.path, .sync, skip: 1, result: SQLITE_IOERR)
        #expect { try copying.copyLog() } throws: { error in
            guard let error = error as? QueueError else { return false }
            queue.noteCopy(error)
            return error == SQLiteConnection.failedSync
        }
        #expect(FaultyDisk.disarm(folder.path) == 1)
    }

    @Test(arguments: [false, true])
    func `what the disk may have dropped is copied anew once nobody has the database open`(
        hasConsumer: Bool
    ) throws {
        let queue = try open(walBytesMax: 16 << 20)
        try queue.appendEach(["a"])
        let path = folder.path + "/queue.db"
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        try queue.appendEach(["b", "c"])
        try copyInVain(queue)
        #expect(throws: SQLiteConnection.failedSync) { try queue.checkWritable() }
        let consumer = hasConsumer ? try consumer() : nil
        if let consumer {
            // Its commits make the log longer than it lets it be else.
            for _ in 0..<20 {
                let leased = try consumer.lease(
                    count: 1, durationMilliseconds: 1, nowMilliseconds: now)
                let lease = try #require(leased.first?.lease)
                _ = try consumer.nack(
                    lease, error: nil, delayMilliseconds: 0, nowMilliseconds: now)
                _ = try consumer.returnDeadLetters(nil, nowMilliseconds: now)
            }
        }
        try queue.appendEach(["d"])
        queue.close()
        consumer?.close()
        // The pages did not reach the disk, as a power cut shows.
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try handle.write(contentsOf: before)
        try handle.truncate(atOffset: UInt64(before.count))
        try handle.close()
        let reopened = try open()
        #expect(try reopened.ids() == ["a", "b", "c", "last", "d"])
        try reopened.checkWritable()
        reopened.close()
        let again = try open()
        #expect(try again.ids() == ["a", "b", "c", "last", "d"])
        again.close()
    }

    @Test func `a log that was kept is not taken over while others use the database`() throws {
        let queue = try open(walBytesMax: 16 << 20)
        try queue.appendEach(["a"])
        try copyInVain(queue)
        let consumer = try consumer()
        queue.close()
        #expect { try open() } throws: { ($0 as? QueueError)?.code == .locked }
        #expect(try consumer.ids() == ["a", "last"])
        consumer.close()
        let reopened = try open()
        try reopened.checkWritable()
        #expect(try reopened.ids() == ["a", "last"])
        reopened.close()
    }

    @Test func `where nobody can tell, the log is kept`() {
        #expect(!KeptLog(path: folder.path + "/queue.db").isKept)
        // Longer than any name may be.
        #expect(KeptLog(path: folder.path + "/" + String(repeating: "x", count: 300)).isKept)
    }

    @Test func `a note without a database is in nobody's way`() throws {
        KeptLog(path: folder.path + "/queue.db").keep()
        let queue = try open()
        try queue.appendEach(["a"])
        try queue.checkWritable()
        #expect(!KeptLog(path: folder.path + "/queue.db").isKept)
        queue.close()
    }

    @Test func `consumers and retention keep the log short, too`() throws {
        let queue = try open()
        try queue.appendEach((0..<10).map(String.init))
        let rounds = 1500
        for _ in 0..<rounds {
            let leased = try queue.lease(
                count: 1, durationMilliseconds: 1, nowMilliseconds: now)
            let lease = try #require(leased.first?.lease)
            _ = try queue.nack(lease, error: nil, delayMilliseconds: 0, nowMilliseconds: now)
            _ = try queue.returnDeadLetters(nil, nowMilliseconds: now)
        }
        let log = try FileManager.default.attributesOfItem(atPath: folder.path + "/queue.db-wal")
        // Each round writes two pages at least.
        let bytes = try #require(log[.size] as? Int)
        #expect(bytes < rounds * SQLiteQueueOptions().pageBytes)
        queue.close()
    }
}
