import Synchronization

/// How far the consumers of a file queue have come: a small SQLite database in its folder.
///
/// Every event below `position` was leased once. Of these, the ones that are not done have a row in
/// `deliveries`; the others were acknowledged. SQLite brings the transactions between processes.
final class ConsumerPositions: Sendable {
    /// An event that was leased and is not done.
    struct Delivery: Sendable {
        var sequence: UInt64
        var state: EventState
        var attempts: Int
        var visibleAtMilliseconds: Int64
        var lastError: String?
    }

    private struct Slot {
        /// Nil once closed.
        var connection: SQLiteConnection?
    }

    private let slot: Mutex<Slot>

    init(path: String, busyTimeoutMilliseconds: Int32) throws(QueueError) {
        let opened = try Self.open(path, busyTimeoutMilliseconds)
        slot = Mutex(Slot(connection: opened))
    }

    private static func open(
        _ path: String, _ busyTimeoutMilliseconds: Int32
    ) throws(QueueError) -> sending SQLiteConnection {
        let opened = try SQLiteConnection(
            path: path, mode: .create, busyTimeoutMilliseconds: busyTimeoutMilliseconds)
        try opened.transaction("schema of positions") { () throws(QueueError) in
            try opened.execute(
                """
                CREATE TABLE IF NOT EXISTS positions (
                    id INTEGER PRIMARY KEY CHECK (id = 1), next INTEGER NOT NULL);
                INSERT OR IGNORE INTO positions VALUES (1, 1);
                CREATE TABLE IF NOT EXISTS deliveries (
                    sequence INTEGER PRIMARY KEY,
                    state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'dead')),
                    attempts INTEGER NOT NULL, visible_at INTEGER NOT NULL,
                    changed_at INTEGER NOT NULL, lease TEXT, last_error TEXT);
                """, "schema of positions")
        }
        return opened
    }

    func close() {
        slot.withLock { $0.connection = nil }
    }

    /// Runs the body in a transaction.
    func transaction<Result: Sendable>(
        _ operation: String, _ body: (Transaction) throws(QueueError) -> Result
    ) throws(QueueError) -> Result {
        try slot.withLock { (slot) throws(QueueError) in
            guard let connection = slot.connection else {
                throw QueueError(.closed, "use of queue")
            }
            return try connection.transaction(operation) { () throws(QueueError) in
                try body(Transaction(connection: connection))
            }
        }
    }

    /// What can be done inside a transaction.
    struct Transaction {
        fileprivate let connection: SQLiteConnection

        /// Every event below it was leased once.
        func position() throws(QueueError) -> UInt64 {
            UInt64(
                clamping: try connection.integer(
                    "SELECT next FROM positions", "read of position") ?? 1)
        }

        func setPosition(_ next: UInt64) throws(QueueError) {
            try connection.run(
                "UPDATE positions SET next = ?", "write of position",
                [.integer(Int64(clamping: next))])
        }

        private static func read(_ row: SQLiteStatement) -> Delivery {
            Delivery(
                sequence: UInt64(clamping: row.integer(0)),
                state: row.text(1).flatMap { EventState(rawValue: $0) } ?? .ready,
                attempts: Int(row.integer(2)), visibleAtMilliseconds: row.integer(3),
                lastError: row.text(4))
        }

        private static let columns = "sequence, state, attempts, visible_at, last_error"

        /// All deliveries, oldest first.
        func deliveries() throws(QueueError) -> [Delivery] {
            try connection.query(
                "SELECT \(Self.columns) FROM deliveries ORDER BY sequence",
                "read of deliveries", [], Self.read)
        }

        /// The delivery of one event; with a token only when it is leased under that one.
        func delivery(
            _ sequence: UInt64, token: String? = nil
        ) throws(QueueError) -> Delivery? {
            try connection.query(
                """
                SELECT \(Self.columns) FROM deliveries
                WHERE sequence = ?1 AND (?2 IS NULL OR (lease = ?2 AND state = 'leased'))
                """, "read of delivery", [.integer(Int64(clamping: sequence)), .text(token)],
                Self.read
            ).first
        }

        /// The oldest deliveries that a consumer may have.
        func visible(
            _ count: Int, _ nowMilliseconds: Int64
        ) throws(QueueError) -> [Delivery] {
            try connection.query(
                """
                SELECT \(Self.columns) FROM deliveries
                WHERE state <> 'dead' AND (visible_at <= ?1 OR changed_at > ?2)
                ORDER BY sequence LIMIT ?3
                """, "search of deliveries",
                [
                    .integer(nowMilliseconds),
                    .integer(nowMilliseconds &+ DeliveryPolicy.clockToleranceMilliseconds),
                    .integer(Int64(count)),
                ], Self.read)
        }

        /// Makes or replaces a delivery.
        func put(
            _ delivery: Delivery, token: String?, nowMilliseconds: Int64
        ) throws(QueueError) {
            try connection.run(
                "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?)",
                "write of delivery",
                [
                    .integer(Int64(clamping: delivery.sequence)),
                    .text(delivery.state.rawValue), .integer(Int64(delivery.attempts)),
                    .integer(delivery.visibleAtMilliseconds), .integer(nowMilliseconds),
                    .text(token), .text(delivery.lastError),
                ])
        }

        /// Makes an event done.
        func remove(_ sequence: UInt64) throws(QueueError) {
            try connection.run(
                "DELETE FROM deliveries WHERE sequence = ?", "removal of delivery",
                [.integer(Int64(clamping: sequence))])
        }

        /// Forgets the events below a number: retention removed them.
        func remove(below sequence: UInt64) throws(QueueError) {
            try connection.run(
                "DELETE FROM deliveries WHERE sequence < ?", "removal of deliveries",
                [.integer(Int64(clamping: sequence))])
            if try position() < sequence { try setPosition(sequence) }
        }

        /// The greatest number that any consumer has seen.
        func lastSeen() throws(QueueError) -> UInt64 {
            max(try position(), 1) - 1
        }
    }
}
