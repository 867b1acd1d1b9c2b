import CSQLite
import Glibc

/// A connection to a database file; the one owner of its handle.
///
/// Not for two threads at a time: its owner keeps it in a `Mutex`, so SQLite's own is turned off.
@safe
final class SQLiteConnection: @unchecked Sendable {
    // Unchecked: its owner keeps it in a `Mutex` and lends it to closures that run under the lock;
    // region isolation cannot see that a transaction value does not outlive such a closure.

    /// How the file is opened.
    enum Mode {
        /// Made when it is absent.
        case create
        /// It must exist.
        case existing
        /// It must exist, and nobody else may have it open; what is known of its log is read from that.
        case exclusive
    }

    private let handle: OpaquePointer
    private var statements: [String: SQLiteStatement] = [:]
    /// Bytes of a page of the open database: an older one keeps the size it was made with.
    private(set) var pageBytes = 4096
    /// The number of pages in the write-ahead log after the last commit of this connection.
    private let walPages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

    /// Counting what SQLite allocates takes a lock for every row's memory, and nobody asks for it. It is
    /// refused, and all goes on as before, when something else in the process uses SQLite already.
    private static let leavesStatistics: Void = { _ = postern_sqlite_no_statistics() }()

    /// Opens a database.
    ///
    /// Rows are read and written with write-ahead logging and `synchronous=FULL`: a commit is on
    /// stable storage when it returns (https://www.sqlite.org/pragma.html#pragma_synchronous).
    init(
        path: String, mode: Mode, busyTimeoutMilliseconds: Int32, pageBytes: Int = 4096
    ) throws(QueueError) {
        Self.leavesStatistics
        unsafe walPages.initialize(to: 0)
        var handle: OpaquePointer?
        let create = mode == .create ? SQLITE_OPEN_CREATE : 0
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | create
        let result = unsafe sqlite3_open_v2(path, &handle, flags, nil)
        guard result == SQLITE_OK, let opened = unsafe handle else {
            // "Whether or not an error occurs when it is opened, resources associated with the
            // database connection handle should be released" (sqlite3_open).
            unsafe sqlite3_close_v2(handle)
            unsafe walPages.deallocate()
            throw QueueError(sqlite: result, operation: "open of database")
        }
        unsafe self.handle = opened
        // "If the locking mode is EXCLUSIVE prior to the first WAL-mode database access", the index of the
        // log is not shared, and made anew (https://www.sqlite.org/wal.html#noshm).
        if mode == .exclusive { try execute("PRAGMA locking_mode = EXCLUSIVE", "lock of database") }
        try configure(busyTimeoutMilliseconds: busyTimeoutMilliseconds, pageBytes: pageBytes)
    }

    deinit {
        // Statements first: a connection with open statements would stay as a zombie.
        statements.removeAll()
        unsafe sqlite3_close_v2(handle)
        unsafe walPages.deallocate()
    }

    private func configure(
        busyTimeoutMilliseconds: Int32, pageBytes: Int
    ) throws(QueueError) {
        // SQLite's own busy handler sleeps up to 100 ms at a time; a commit must not.
        let tries = unsafe UnsafeMutableRawPointer(
            bitPattern: Int(max(busyTimeoutMilliseconds, 1)) * 2)
        let result = unsafe sqlite3_busy_handler(
            handle,
            { tries, count in
                guard Int(count) < Int(bitPattern: tries) else { return 0 }
                usleep(500)
                return 1
            }, tries)
        guard result == SQLITE_OK else {
            throw QueueError(sqlite: result, operation: "busy handler of database")
        }
        // The page size only counts before the first table is made.
        try execute("PRAGMA page_size = \(pageBytes)", "page size of database")
        try execute("PRAGMA journal_mode = WAL", "journal mode of database")
        try execute("PRAGMA synchronous = FULL", "synchronous mode of database")
        try execute("PRAGMA foreign_keys = ON", "foreign keys of database")
        try execute("PRAGMA temp_store = MEMORY", "temporary store of database")
        self.pageBytes =
            Int(try integer("PRAGMA page_size", "page size of database") ?? Int64(pageBytes))
    }

    /// Runs statements that return nothing of interest.
    func execute(_ sql: String, _ operation: String) throws(QueueError) {
        let result = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard result == SQLITE_OK else {
            throw QueueError(
                sqlite: unsafe sqlite3_extended_errcode(handle), operation: operation)
        }
    }

    /// The prepared statement for this text, made once and kept.
    func statement(_ sql: String, _ operation: String) throws(QueueError) -> SQLiteStatement {
        if let statement = statements[sql] { return statement }
        var made: OpaquePointer?
        var sqlCopy = sql
        let result = sqlCopy.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                unsafe sqlite3_prepare_v3(
                    handle, bytes.baseAddress, Int32(clamping: bytes.count),
                    UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil)
            }
        }
        guard result == SQLITE_OK, let made = unsafe made else {
            throw QueueError(
                sqlite: unsafe sqlite3_extended_errcode(handle), operation: operation)
        }
        let statement = unsafe SQLiteStatement(takingOwnershipOf: made, operation: operation)
        statements[sql] = statement
        return statement
    }

    /// Runs one statement that gives no rows.
    /// - Returns: how many rows it changed.
    @discardableResult
    func run(
        _ sql: String, _ operation: String, _ values: [SQLiteValue] = []
    ) throws(QueueError) -> Int {
        let statement = try statement(sql, operation)
        defer { statement.reset() }
        try statement.bind(values)
        while try statement.step() {}
        return changes
    }

    /// Runs one statement and reads its rows.
    func query<Row>(
        _ sql: String, _ operation: String, _ values: [SQLiteValue] = [],
        _ read: (SQLiteStatement) -> Row
    ) throws(QueueError) -> [Row] {
        let statement = try statement(sql, operation)
        defer { statement.reset() }
        try statement.bind(values)
        var rows: [Row] = []
        while try statement.step() { rows.append(read(statement)) }
        return rows
    }

    /// The first column of the first row as an integer; nil when there is none.
    func integer(
        _ sql: String, _ operation: String, _ values: [SQLiteValue] = []
    ) throws(QueueError) -> Int64? {
        try query(sql, operation, values) { $0.integer(0) }.first
    }

    /// Runs the body between `BEGIN IMMEDIATE` and `COMMIT`; rolls back when it throws.
    ///
    /// Immediate, because a transaction that begins by reading cannot wait for the write lock.
    func transaction<Result>(
        _ operation: String, _ body: () throws(QueueError) -> Result
    ) throws(QueueError) -> Result {
        try run("BEGIN IMMEDIATE", operation)
        do throws(QueueError) {
            let result = try body()
            try run("COMMIT", operation)
            return result
        } catch {
            // Some failures have rolled back already (https://www.sqlite.org/lang_transaction.html).
            if unsafe sqlite3_get_autocommit(handle) == 0 {
                // The first error is the one to report.
                _ = try? run("ROLLBACK", operation)
            }
            throw error
        }
    }

    /// Rows changed by the last statement.
    var changes: Int { unsafe Int(sqlite3_changes(handle)) }

    /// Stops SQLite from checkpointing inside a commit; `walPageCount` counts from here on.
    func takeOverCheckpoints() {
        unsafe sqlite3_wal_hook(
            handle,
            { counter, _, _, pages in
                unsafe counter?.assumingMemoryBound(to: Int32.self).pointee = pages
                return SQLITE_OK
            }, walPages)
    }

    /// Pages in the write-ahead log after the last commit, once `takeOverCheckpoints` was called.
    var walPageCount: Int { unsafe Int(walPages.pointee) }

    /// Copies what it can of the write-ahead log into the database, without waiting for anybody.
    /// - Returns: how many pages of the log are copied by now; nil when somebody else is at it.
    @discardableResult
    func checkpoint() throws(QueueError) -> Int? {
        var logged: Int32 = 0
        var copied: Int32 = 0
        let result = unsafe sqlite3_wal_checkpoint_v2(
            handle, nil, SQLITE_CHECKPOINT_PASSIVE, &logged, &copied)
        // Busy: another process is at it.
        if result & 0xff == SQLITE_BUSY { return nil }
        if result == postern_sqlite_ioerr_fsync { throw Self.failedSync }
        guard result == SQLITE_OK else {
            throw QueueError(sqlite: result, operation: "checkpoint")
        }
        return Int(copied)
    }

    /// Copies what it can of the write-ahead log, and brings it to stable storage.
    ///
    /// SQLite syncs the database only with the log's last page: what was copied before would all be
    /// left for the commit that copies that one.
    /// - Returns: how many pages of the log are copied by now; nil when somebody else is at it.
    func copyLog() throws(QueueError) -> Int? {
        let copied = try checkpoint()
        guard unsafe postern_sqlite_sync(handle) == SQLITE_OK else { throw Self.failedSync }
        return copied
    }

    /// The disk failed to take what was copied to the database.
    static let failedSync = QueueError(
        sqlite: postern_sqlite_ioerr_fsync, operation: "sync of database")

    /// Closing this connection leaves the write-ahead log as it is, should it be the last one.
    func keepLog() { _ = unsafe postern_sqlite_keep_log(handle) }
}
