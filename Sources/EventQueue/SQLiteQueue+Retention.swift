extension SQLiteQueue {
    /// Rows removed by one transaction, so that commits of new events wait a few milliseconds at
    /// most.
    private static let rowsPerTransaction: Int64 = 256

    package func stats(nowMilliseconds: Int64) throws(QueueError) -> QueueStatistics {
        try withReader { (connection) throws(QueueError) in
            func number(_ sql: String) throws(QueueError) -> Int64? {
                try connection.integer(sql, "statistics of queue")
            }
            var statistics = QueueStatistics()
            let pending = try number(
                """
                SELECT count(*) FROM events INDEXED BY events_pending
                WHERE state IN ('ready', 'leased')
                """)
            let leased = try number("SELECT count(*) FROM events WHERE state = 'leased'")
            statistics.leased = Int(leased ?? 0)
            statistics.ready = max(Int(pending ?? 0) - statistics.leased, 0)
            statistics.dead = Int(
                try number("SELECT count(*) FROM events WHERE state = 'dead'") ?? 0)
            let oldest = try number(
                """
                SELECT received_at FROM events INDEXED BY events_pending
                WHERE state IN ('ready', 'leased') ORDER BY sequence LIMIT 1
                """)
            statistics.oldestAgeMilliseconds = oldest.map { max(nowMilliseconds &- $0, 0) }
            statistics.lastSequence = UInt64(
                clamping: try number("SELECT seq FROM sqlite_sequence WHERE name = 'events'") ?? 0)
            statistics.bytes = try Self.bytesUsed(connection)
            return statistics
        }
    }

    package func prune(
        _ policy: RetentionPolicy, nowMilliseconds: Int64
    ) throws(QueueError) -> PruneResult {
        let before = try withWriter { (writer) throws(QueueError) in
            try Self.bytesUsed(writer.connection)
        }
        var result = PruneResult()
        if let age = policy.doneAgeMillisecondsMax {
            result.events += try removeAll(
                """
                SELECT sequence FROM events WHERE state = 'done' AND received_at <= ?1
                ORDER BY received_at LIMIT ?2
                """, .integer(nowMilliseconds &- age))
        }
        if let age = policy.ageMillisecondsMax {
            // Oldest first, until one is young enough: `received_at` has no index of its own.
            result.events += try removeAll(
                """
                SELECT sequence FROM (SELECT sequence, received_at FROM events
                ORDER BY sequence LIMIT ?2) WHERE received_at <= ?1
                """, .integer(nowMilliseconds &- age))
        }
        if let count = policy.countMax {
            result.events += try removeAll(
                """
                SELECT sequence FROM events WHERE sequence <=
                    (SELECT seq FROM sqlite_sequence WHERE name = 'events') - ?1
                ORDER BY sequence LIMIT ?2
                """, .integer(Int64(max(count, 0))))
        }
        if let bytes = policy.bytesMax { result.events += try removeOldest(untilBytes: bytes) }
        try forgetExpiredKeys(nowMilliseconds)
        let after = try withWriter { (writer) throws(QueueError) in
            try Self.bytesUsed(writer.connection)
        }
        result.bytes = max(before - after, 0)
        return result
    }

    /// Removes in small transactions what the query gives, until it gives nothing.
    private func removeAll(_ query: String, _ value: SQLiteValue) throws(QueueError) -> Int {
        var removed = 0
        while true {
            let count = try remove(query, value)
            removed += count
            if count < Self.rowsPerTransaction { return removed }
        }
    }

    private func remove(_ query: String, _ value: SQLiteValue) throws(QueueError) -> Int {
        try withWriter { (writer) throws(QueueError) in
            let connection = writer.connection
            return try connection.transaction("retention of queue") { () throws(QueueError) in
                try connection.run(
                    "DELETE FROM events WHERE sequence IN (\(query))", "retention of queue",
                    [value, .integer(Self.rowsPerTransaction)])
            }
        }
    }

    private func removeOldest(untilBytes bytes: Int64) throws(QueueError) -> Int {
        var removed = 0
        while true {
            let used = try withWriter { (writer) throws(QueueError) in
                try Self.bytesUsed(writer.connection)
            }
            guard used > bytes else { return removed }
            let count = try remove(
                "SELECT sequence FROM events WHERE ?1 = 0 ORDER BY sequence LIMIT ?2 / 8",
                .integer(0))
            removed += count
            // What is left are the tables themselves.
            if count == 0 { return removed }
        }
    }

    /// Walks the keys in their order and removes the expired ones.
    private func forgetExpiredKeys(_ nowMilliseconds: Int64) throws(QueueError) {
        struct Key: Sendable {
            var integration: String
            var account: String
            var id: String
        }
        var start = Key(integration: "", account: "", id: "")
        while true {
            let from = start
            let next = try withWriter { (writer) throws(QueueError) -> Key? in
                let connection = writer.connection
                let first: [SQLiteValue] = [
                    .text(from.integration), .text(from.account), .text(from.id),
                ]
                return try connection.transaction("expiry of keys") { () throws(QueueError) in
                    let end = try connection.query(
                        """
                        SELECT integration, account, id FROM deduplication
                        WHERE (integration, account, id) >= (?1, ?2, ?3)
                        ORDER BY integration, account, id LIMIT 1 OFFSET 2000
                        """, "expiry of keys", first
                    ) {
                        Key(
                            integration: $0.text(0) ?? "", account: $0.text(1) ?? "",
                            id: $0.text(2) ?? "")
                    }.first
                    var values = first + [.integer(nowMilliseconds)]
                    var upTo = ""
                    if let end {
                        upTo = "AND (integration, account, id) < (?5, ?6, ?7)"
                        values += [.text(end.integration), .text(end.account), .text(end.id)]
                    }
                    try connection.run(
                        """
                        DELETE FROM deduplication
                        WHERE (integration, account, id) >= (?1, ?2, ?3) AND expires_at <= ?4
                        \(upTo)
                        """, "expiry of keys", values)
                    return end
                }
            }
            guard let next else { return }
            start = next
        }
    }

    /// Bytes of the database's pages that are in use.
    private static func bytesUsed(_ connection: SQLiteConnection) throws(QueueError) -> Int64 {
        let pages = try connection.integer("PRAGMA page_count", "size of queue") ?? 0
        let free = try connection.integer("PRAGMA freelist_count", "size of queue") ?? 0
        let bytes = try connection.integer("PRAGMA page_size", "size of queue") ?? 0
        return (pages - free) &* bytes
    }
}
