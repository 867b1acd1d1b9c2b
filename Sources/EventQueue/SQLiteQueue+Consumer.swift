extension SQLiteQueue {
    private static let columns = """
        sequence, id, integration, account, type, received_at, state, attempts, visible_at, \
        last_error, document, request
        """

    private static func read(_ row: SQLiteStatement) -> StoredEvent {
        StoredEvent(
            sequence: UInt64(clamping: row.integer(0)), id: row.text(1) ?? "",
            integration: row.text(2) ?? "", account: row.text(3), type: row.text(4) ?? "",
            receivedAtMilliseconds: row.integer(5),
            state: row.text(6).flatMap { EventState(rawValue: $0) } ?? .ready,
            attempts: Int(row.integer(7)), visibleAtMilliseconds: row.integer(8),
            lastError: row.text(9), document: row.bytes(10), request: row.bytes(11))
    }

    package func list(_ filter: EventFilter) throws(QueueError) -> [StoredEvent] {
        var conditions: [String] = []
        var values: [SQLiteValue] = []
        func add(_ condition: String, _ value: SQLiteValue) {
            conditions.append(condition)
            values.append(value)
        }
        let after = Int64(clamping: filter.afterSequence)
        if !filter.newestFirst {
            add("sequence > ?", .integer(after))
        } else if after > 0 {
            add("sequence < ?", .integer(after))
        }
        if let integration = filter.integration { add("integration = ?", .text(integration)) }
        if let account = filter.account { add("account = ?", .text(account)) }
        if let type = filter.type { add("type = ?", .text(type)) }
        if let id = filter.id { add("id = ?", .text(id)) }
        if let states = filter.states {
            let marks = [String](repeating: "?", count: states.count).joined(separator: ", ")
            conditions.append("state IN (\(marks))")
            for state in states { values.append(.text(state.rawValue)) }
        }
        values.append(.integer(Int64(max(filter.limit, 0))))
        let condition =
            conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let sql = """
            SELECT \(Self.columns) FROM events \(condition)
            ORDER BY sequence \(filter.newestFirst ? "DESC" : "ASC") LIMIT ?
            """
        return try withReader { (connection) throws(QueueError) in
            try connection.query(sql, "list of events", values, Self.read)
        }
    }

    package func show(sequence: UInt64) throws(QueueError) -> StoredEvent? {
        guard let key = Int64(exactly: sequence) else { return nil }
        return try withReader { (connection) throws(QueueError) in
            try connection.query(
                "SELECT \(Self.columns) FROM events WHERE sequence = ?", "show of event",
                [.integer(key)], Self.read
            ).first
        }
    }

    package func lease(
        count: Int, durationMilliseconds: Int64, nowMilliseconds: Int64
    ) throws(QueueError) -> [LeasedEvent] {
        try options.delivery.check(count: count, durationMilliseconds: durationMilliseconds)
        return try withWriter { (writer) throws(QueueError) in
            let connection = writer.connection
            return try connection.transaction("lease of events") { () throws(QueueError) in
                var leased: [LeasedEvent] = []
                while leased.count < count {
                    let found = try visible(count - leased.count, nowMilliseconds, connection)
                    if found.isEmpty { break }
                    for (sequence, attempts) in found {
                        if attempts >= options.delivery.attemptsMax {
                            try bury(
                                sequence, "the last lease ran out", nowMilliseconds, connection)
                        } else {
                            leased += try lease(
                                sequence, nowMilliseconds, durationMilliseconds, connection)
                        }
                    }
                }
                return leased
            }
        }
    }

    /// The oldest events that a consumer may have: number and attempts.
    private func visible(
        _ count: Int, _ nowMilliseconds: Int64, _ connection: SQLiteConnection
    ) throws(QueueError) -> [(Int64, Int)] {
        try connection.query(
            """
            SELECT sequence, attempts FROM events INDEXED BY events_pending
            WHERE state IN ('ready', 'leased') AND (visible_at <= ?1 OR changed_at > ?2)
            ORDER BY sequence LIMIT ?3
            """, "search of events",
            [
                .integer(nowMilliseconds),
                .integer(nowMilliseconds &+ DeliveryPolicy.clockToleranceMilliseconds),
                .integer(Int64(count)),
            ]
        ) { ($0.integer(0), Int($0.integer(1))) }
    }

    private func lease(
        _ sequence: Int64, _ nowMilliseconds: Int64, _ durationMilliseconds: Int64,
        _ connection: SQLiteConnection
    ) throws(QueueError) -> [LeasedEvent] {
        let token = LeaseToken.make()
        try connection.run(
            """
            UPDATE events SET state = 'leased', attempts = attempts + 1, visible_at = ?2,
                changed_at = ?3, lease = ?4 WHERE sequence = ?1
            """, "lease of event",
            [
                .integer(sequence), .integer(nowMilliseconds &+ durationMilliseconds),
                .integer(nowMilliseconds), .text(token),
            ])
        return try connection.query(
            "SELECT \(Self.columns) FROM events WHERE sequence = ?", "read of leased event",
            [.integer(sequence)], Self.read
        ).map { event in
            LeasedEvent(event: event, lease: Lease(sequence: event.sequence, token: token))
        }
    }

    private func bury(
        _ sequence: Int64, _ error: String?, _ nowMilliseconds: Int64,
        _ connection: SQLiteConnection
    ) throws(QueueError) {
        try connection.run(
            """
            UPDATE events SET state = 'dead', visible_at = 0, changed_at = ?2, lease = NULL,
                last_error = coalesce(?3, last_error) WHERE sequence = ?1
            """, "burial of event",
            [.integer(sequence), .integer(nowMilliseconds), .text(error)])
    }

    package func ack(
        _ leases: [Lease], nowMilliseconds: Int64
    ) throws(QueueError) -> [Bool] {
        try withWriter { (writer) throws(QueueError) in
            let connection = writer.connection
            return try connection.transaction("ack of events") { () throws(QueueError) in
                var outcomes: [Bool] = []
                for lease in leases {
                    let changed = try connection.run(
                        """
                        UPDATE events SET state = 'done', visible_at = 0, changed_at = ?3,
                            lease = NULL WHERE sequence = ?1 AND lease = ?2 AND state = 'leased'
                        """, "ack of event",
                        [
                            .integer(Int64(clamping: lease.sequence)), .text(lease.token),
                            .integer(nowMilliseconds),
                        ])
                    outcomes.append(changed == 1)
                }
                return outcomes
            }
        }
    }

    package func nack(
        _ lease: Lease, error: String?, delayMilliseconds: Int64?, nowMilliseconds: Int64
    ) throws(QueueError) -> NackOutcome {
        try withWriter { (writer) throws(QueueError) in
            let connection = writer.connection
            return try connection.transaction("nack of event") { () throws(QueueError) in
                let sequence = Int64(clamping: lease.sequence)
                let attempts = try connection.integer(
                    "SELECT attempts FROM events WHERE sequence = ? AND lease = ?",
                    "search of lease", [.integer(sequence), .text(lease.token)])
                guard let attempts else { return .lost }
                if attempts >= options.delivery.attemptsMax {
                    try bury(sequence, error, nowMilliseconds, connection)
                    return .dead
                }
                let visibleAt =
                    try nowMilliseconds
                    &+ options.delivery.delayMilliseconds(
                        asked: delayMilliseconds, attempts: Int(attempts))
                try connection.run(
                    """
                    UPDATE events SET state = 'ready', visible_at = ?2, changed_at = ?3,
                        lease = NULL, last_error = ?4 WHERE sequence = ?1
                    """, "nack of event",
                    [
                        .integer(sequence), .integer(visibleAt), .integer(nowMilliseconds),
                        .text(error),
                    ])
                return .retry(atMilliseconds: visibleAt)
            }
        }
    }

    package func extend(
        _ lease: Lease, durationMilliseconds: Int64, nowMilliseconds: Int64
    ) throws(QueueError) -> Bool {
        try options.delivery.check(count: 1, durationMilliseconds: durationMilliseconds)
        return try withWriter { (writer) throws(QueueError) in
            let connection = writer.connection
            return try connection.transaction("extension of lease") { () throws(QueueError) in
                try connection.run(
                    """
                    UPDATE events SET visible_at = ?3, changed_at = ?4
                    WHERE sequence = ?1 AND lease = ?2 AND state = 'leased'
                    """, "extension of lease",
                    [
                        .integer(Int64(clamping: lease.sequence)), .text(lease.token),
                        .integer(nowMilliseconds &+ durationMilliseconds),
                        .integer(nowMilliseconds),
                    ]) == 1
            }
        }
    }

    package func returnDeadLetters(
        _ sequences: [UInt64]?, nowMilliseconds: Int64
    ) throws(QueueError) -> Int {
        let update = """
            UPDATE events SET state = 'ready', attempts = 0, visible_at = 0, changed_at = ?1
            WHERE state = 'dead'
            """
        return try withWriter { (writer) throws(QueueError) in
            let connection = writer.connection
            return try connection.transaction("return of dead letters") {
                () throws(QueueError) in
                guard let sequences else {
                    return try connection.run(
                        update, "return of dead letters", [.integer(nowMilliseconds)])
                }
                var count = 0
                for sequence in sequences {
                    count += try connection.run(
                        update + " AND sequence = ?2", "return of dead letter",
                        [.integer(nowMilliseconds), .integer(Int64(clamping: sequence))])
                }
                return count
            }
        }
    }
}
