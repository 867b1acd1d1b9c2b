import CSQLite
import Foundation
import Testing

@testable import EventQueue

@Suite struct SQLiteQueueTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func open() throws -> SQLiteQueue {
        try SQLiteQueue(name: "q", path: folder.path + "/queue.db", nowMilliseconds: now)
    }

    @Test func `an insert makes no temporary table`() throws {
        let queue = try open()
        let steps = try queue.withWriter { writer throws(QueueError) in
            try writer.connection.query("EXPLAIN " + SQLiteQueue.insertSQL, "explanation") {
                $0.text(1)
            }
        }
        #expect(steps.contains("Insert"))
        #expect(!steps.contains("OpenEphemeral"))
    }

    @Test func `a database keeps the page size it was made with`() throws {
        var options = SQLiteQueueOptions()
        options.pageBytes = 8192
        let path = folder.path + "/queue.db"
        try SQLiteQueue(name: "q", path: path, options: options, nowMilliseconds: now).close()
        let queue = try open()
        try queue.appendEach(["a"])
        let bytes = try queue.withWriter { writer throws(QueueError) in writer.connection.pageBytes
        }
        #expect(bytes == 8192)
        let header = try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).read(upToCount: 18)
        // "The database page size in bytes", big-endian at offset 16 (SQLite's file format §1.3.2).
        #expect(header?.suffix(2) == Data([0x20, 0x00]))
    }

    @Test func `whoever writes by hand is held to the states there are`() throws {
        let queue = try open()
        try queue.appendEach(["a"])
        var other: OpaquePointer?
        // unsafe: the C interface, as another program uses it.
        unsafe #expect(sqlite3_open(folder.path + "/queue.db", &other) == SQLITE_OK)
        defer { unsafe sqlite3_close(other) }
        let update = "UPDATE events SET state = "
        unsafe #expect(
            sqlite3_exec(other, update + "'finished'", nil, nil, nil) == SQLITE_CONSTRAINT)
        unsafe #expect(sqlite3_exec(other, update + "'dead'", nil, nil, nil) == SQLITE_OK)
    }
}
