/// The tables of a `SQLiteQueue`.
enum SQLiteQueueSchema {
    /// Kept in `PRAGMA user_version`.
    static let version: Int64 = 1

    /// `events` is for anybody to read. Short columns come first, so that a scan does not touch the
    /// overflow pages of the documents. Indices are partial: a commit of new events pays for
    /// `events_pending` only, whose entries are about ten bytes.
    ///
    /// `deduplication` has no index on `expires_at`: `prune` walks it in the order of its key.
    static let tables = """
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL,
            integration TEXT NOT NULL,
            account TEXT,
            type TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'ready'
                CHECK (state IN ('ready', 'leased', 'done', 'dead')),
            attempts INTEGER NOT NULL DEFAULT 0,
            visible_at INTEGER NOT NULL DEFAULT 0,
            changed_at INTEGER NOT NULL DEFAULT 0,
            lease TEXT,
            last_error TEXT,
            document TEXT NOT NULL,
            request TEXT
        );
        CREATE INDEX events_pending ON events (sequence, visible_at, changed_at)
            WHERE state IN ('ready', 'leased');
        CREATE INDEX events_leased ON events (sequence) WHERE state = 'leased';
        CREATE INDEX events_done ON events (received_at) WHERE state = 'done';
        CREATE INDEX events_dead ON events (sequence) WHERE state = 'dead';
        CREATE TABLE deduplication (
            integration TEXT NOT NULL,
            account TEXT NOT NULL,
            id TEXT NOT NULL,
            expires_at INTEGER NOT NULL,
            PRIMARY KEY (integration, account, id)
        ) WITHOUT ROWID;
        PRAGMA user_version = 1;
        """

    /// Makes the tables in a new database; refuses one of another version.
    static func prepare(_ connection: SQLiteConnection) throws(QueueError) {
        try connection.transaction("schema of queue") { () throws(QueueError) in
            let found = try connection.integer("PRAGMA user_version", "schema of queue") ?? 0
            if found == 0 { try connection.execute(tables, "schema of queue") }
            guard found == 0 || found == version else {
                throw QueueError(.invalid, "version \(found) of queue's schema")
            }
        }
    }
}
