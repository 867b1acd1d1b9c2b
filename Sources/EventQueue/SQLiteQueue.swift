import Synchronization

/// Settings of a `SQLiteQueue`.
package struct SQLiteQueueOptions: Sendable, Equatable {
    /// Redelivery.
    package var delivery = DeliveryPolicy()
    /// How long a statement waits for another process's lock.
    package var busyTimeoutMilliseconds: Int32 = 5000
    /// The page cache of the writing connection.
    package var cacheBytesMax = 4 << 20
    /// The write-ahead log begins anew when it is about this long.
    package var walBytesMax = 16 << 20
    /// Page size of a new database: 512 to 65536, a power of two.
    package var pageBytes = 16_384
    /// With less free space than this the queue is not ready, although appends are still tried.
    package var spaceBytesMin = 64 << 20

    package init() {}
}

/// A queue in a SQLite database: one table that anybody can SELECT from.
///
/// Two connections: one that writes, shared by appends and consumers of this process, and one that
/// reads. Other processes may read, consume and even append at the same time.
package final class SQLiteQueue: EventQueue {
    /// The writing connection and what appends reuse.
    struct Writer {
        let connection: SQLiteConnection
        var document: [UInt8] = []
    }

    /// A connection that is nil once closed.
    struct Reader {
        var connection: SQLiteConnection?
    }

    package let name: String
    let path: String
    let options: SQLiteQueueOptions
    let access: QueueAccess
    let writer: Mutex<Writer?>
    let reader: Mutex<Reader>
    private let isClosed = Atomic(false)
    let checkpointer: SQLiteCheckpointer?
    private let kept: KeptLog

    /// Opens or makes the database.
    /// - Parameters:
    ///   - name: the queue's name in the configuration.
    ///   - path: the database file; its folder must exist.
    ///   - options: settings.
    ///   - access: consumers do not make the database.
    ///   - nowMilliseconds: not used by this queue.
    /// - Throws: `.notFound` when a consumer finds no database.
    package init(
        name: String, path: String, options: SQLiteQueueOptions = SQLiteQueueOptions(),
        access: QueueAccess = .readWrite, nowMilliseconds: Int64
    ) throws(QueueError) {
        self.name = name
        self.path = path
        self.options = options
        self.access = access
        kept = KeptLog(path: path)
        if access == .readWrite {
            try kept.copyAnew(busyTimeoutMilliseconds: options.busyTimeoutMilliseconds)
        }
        let writing = try Self.openWriter(path: path, options: options, access: access)
        try SQLiteQueueSchema.prepare(writing)
        let reading = try SQLiteConnection(
            path: path, mode: .existing, busyTimeoutMilliseconds: options.busyTimeoutMilliseconds)
        try reading.execute("PRAGMA query_only = ON", "opening for reading")
        checkpointer =
            access == .readWrite
            ? try SQLiteCheckpointer(
                path: path, longPages: options.walBytesMax / writing.pageBytes,
                busyTimeoutMilliseconds: options.busyTimeoutMilliseconds) : nil
        writer = Mutex(Writer(connection: writing))
        reader = Mutex(Reader(connection: reading))
    }

    deinit {
        close()
    }

    static func openWriter(
        path: String, options: SQLiteQueueOptions, access: QueueAccess
    ) throws(QueueError) -> sending SQLiteConnection {
        let connection = try SQLiteConnection(
            path: path, mode: access == .readWrite ? .create : .existing,
            busyTimeoutMilliseconds: options.busyTimeoutMilliseconds,
            pageBytes: options.pageBytes)
        // Negative: kibibytes.
        try connection.execute(
            "PRAGMA cache_size = -\(options.cacheBytesMax / 1024)", "cache of queue")
        try connection.execute(
            "PRAGMA journal_size_limit = \(options.walBytesMax * 4)", "log size of queue")
        // The check of a state is for whoever writes by hand: this process names its states itself, and SQLite
        // would make a temporary table of the allowed ones for every row (OpenEphemeral in the EXPLAIN of an
        // INSERT), nearly half of a row's instructions.
        try connection.execute("PRAGMA ignore_check_constraints = ON", "checks of queue")
        connection.takeOverCheckpoints()
        return connection
    }

    package func append(
        _ events: [QueuedEvent], nowMilliseconds: Int64
    ) throws(QueueError) -> [AppendOutcome] {
        guard access == .readWrite else { throw QueueError(.readOnly, "append to queue") }
        return try withWriter { (writer) throws(QueueError) in
            try append(events, nowMilliseconds, &writer)
        }
    }

    package func checkWritable() throws(QueueError) {
        let folder = FileSystem.parent(of: path)
        if try FileSystem().spaceLeft(folder) < options.spaceBytesMin {
            throw QueueError(.diskFull, "check of queue")
        }
        if let failure = checkpointer?.failure { throw failure }
        try withWriter { (writer) throws(QueueError) in
            // Fails on a read-only file as an insert would; it is not kept.
            let connection = writer.connection
            do throws(QueueError) {
                try connection.transaction("check of queue") { () throws(QueueError) in
                    try connection.run(
                        "UPDATE sqlite_sequence SET seq = seq WHERE name = 'events'",
                        "check of queue")
                    throw QueueError(.closed, "roll back")
                }
            } catch {
                guard error == QueueError(.closed, "roll back") else { throw error }
            }
        }
    }

    package func close() {
        guard !isClosed.exchange(true, ordering: .sequentiallyConsistent) else { return }
        checkpointer?.stop()
        let keepsLog = writer.withLock { writer -> Bool in
            var keepsLog = checkpointer?.failure != nil || kept.isKept
            if !keepsLog {
                // The next opening would do it; a short log makes that fast.
                do throws(QueueError) { try writer?.connection.checkpoint() } catch {
                    noteCopy(error)
                    keepsLog = true
                }
            }
            if keepsLog { writer?.connection.keepLog() }
            writer = nil
            return keepsLog
        }
        reader.withLock { reader in
            if keepsLog { reader.connection?.keepLog() }
            reader.connection = nil
        }
    }

    /// Runs the body with the writing connection.
    ///
    /// After a failure of the device the connection is opened anew: what it holds in memory may not
    /// be what is on disk.
    func withWriter<Result: Sendable>(
        _ body: (inout Writer) throws(QueueError) -> Result
    ) throws(QueueError) -> Result {
        try writer.withLock { (slot) throws(QueueError) in
            if isClosed.load(ordering: .acquiring) { throw QueueError(.closed, "use of queue") }
            var writer: Writer
            if let open = slot {
                writer = open
                // One owner while the body works on it.
                slot = nil
            } else {
                writer = Writer(
                    connection: try Self.openWriter(path: path, options: options, access: access))
            }
            do throws(QueueError) {
                let result = try body(&writer)
                checkpointIfDue(writer.connection)
                slot = writer
                return result
            } catch {
                if error.code != .inputOutput, error.code != .corrupt { slot = writer }
                throw error
            }
        }
    }

    /// Runs the body with the reading connection.
    func withReader<Result: Sendable>(
        _ body: (SQLiteConnection) throws(QueueError) -> Result
    ) throws(QueueError) -> Result {
        try reader.withLock { (reader) throws(QueueError) in
            guard let connection = reader.connection else {
                throw QueueError(.closed, "use of queue")
            }
            return try body(connection)
        }
    }

    private func append(
        _ events: [QueuedEvent], _ nowMilliseconds: Int64, _ writer: inout Writer
    ) throws(QueueError) -> [AppendOutcome] {
        let connection = writer.connection
        var outcomes: [AppendOutcome] = []
        outcomes.reserveCapacity(events.count)
        for event in events where event.document.first != UInt8(ascii: "{") {
            throw QueueError(.invalid, "document that is not an object")
        }
        var document: [UInt8] = []
        swap(&document, &writer.document)
        defer { writer.document = document }
        try connection.transaction("append to queue") { () throws(QueueError) in
            let insert = try connection.statement(Self.insertSQL, "insert of event")
            var last =
                try connection.integer(
                    "SELECT seq FROM sqlite_sequence WHERE name = 'events'", "last number") ?? 0
            for event in events {
                if try isDuplicate(event, nowMilliseconds, connection) {
                    outcomes.append(.duplicate)
                    continue
                }
                guard last < .max else { throw QueueError(.full, "numbering of events") }
                last += 1
                document.removeAll(keepingCapacity: document.capacity <= 1 << 20)
                SequenceMember.splice(UInt64(last), into: event.document, to: &document)
                try insert.bind(1, last)
                try insert.bind(2, event.id)
                try insert.bind(3, event.integration)
                if let account = event.account {
                    try insert.bind(4, account)
                } else {
                    try insert.bindNull(4)
                }
                try insert.bind(5, event.type)
                try insert.bind(6, event.timeMilliseconds)
                try insert.run(7, borrowing: document, 8, borrowing: event.request)
                outcomes.append(.stored(sequence: UInt64(last)))
            }
        }
        return outcomes
    }

    static let insertSQL = """
        INSERT INTO events
            (sequence, id, integration, account, type, received_at, document, request)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """

    /// Claims the key of an event; true when somebody holds it inside its window.
    private func isDuplicate(
        _ event: QueuedEvent, _ nowMilliseconds: Int64, _ connection: SQLiteConnection
    ) throws(QueueError) -> Bool {
        guard let window = event.deduplicationWindowMilliseconds, window > 0 else { return false }
        let claim = try connection.statement(
            """
            INSERT INTO deduplication (integration, account, id, expires_at)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?5
            """, "deduplication of event")
        try claim.bind(1, event.integration)
        try claim.bind(2, event.account ?? "")
        try claim.bind(3, event.id)
        let (expiry, overflow) = nowMilliseconds.addingReportingOverflow(window)
        try claim.bind(4, overflow ? .max : expiry)
        try claim.bind(5, nowMilliseconds)
        try claim.run()
        return connection.changes == 0
    }

    private func checkpointIfDue(_ connection: SQLiteConnection) {
        if let checkpointer {
            guard checkpointer.shouldFinish(pages: connection.walPageCount) else { return }
        } else {
            // A consumer's process, with or without a server beside it.
            let isLong = connection.walPageCount >= options.walBytesMax / connection.pageBytes
            guard isLong, !kept.isKept else { return }
        }
        // In the server most was copied by the other thread: this copies the rest, so that the next commit
        // starts the log anew. A failure here loses nothing: the log still has it all.
        do throws(QueueError) { try connection.checkpoint() } catch { noteCopy(error) }
    }

    /// Notes what kept the log from being copied.
    func noteCopy(_ error: QueueError) {
        guard error == SQLiteConnection.failedSync else { return }
        kept.keep()
        checkpointer?.note(error)
    }
}
