package import JSON
import Synchronization

/// How much a `StateStore` keeps.
package struct StateLimits: Sendable, Equatable {
    /// Bytes of all keys and values of one context.
    package var contextBytesMax = 64 << 10
    /// Members of one context.
    package var membersMax = 1000

    package init() {}
}

/// The context of an account, or of an integration without accounts.
package struct StoredContext: Sendable {
    /// The integration it belongs to.
    package let integration: String
    /// The account, or nil for the integration's own.
    package let account: String?
    /// Its members, in the order in which they were added.
    package let context: JSONObject
}

/// What happens to members that exist.
package enum MergeMode: Sendable {
    /// They stay as they are: a stranger's request may not replace a secret.
    case addOnly
    /// They are replaced.
    case overwrite
}

/// What became of an update.
package struct MergeResult: Sendable {
    /// The whole context after it.
    package let context: JSONObject
    /// Members of the update that existed and were left as they are (`addOnly`).
    package let keptKeys: [String]
}

/// The contexts that requests have updated, in a SQLite database; one row a member.
///
/// An update is durable when `merge` returns.
package final class StateStore: Sendable {
    private struct Slot {
        /// Nil once closed.
        var connection: SQLiteConnection?
        var limits: StateLimits
    }

    private let slot: Mutex<Slot>
    /// Opens or makes the database.
    package init(path: String, limits: StateLimits = StateLimits()) throws(QueueError) {
        let connection = try SQLiteConnection(
            path: path, mode: .create, busyTimeoutMilliseconds: 5000)
        // Accounts are text that is never empty; the integration's own context has ''.
        try connection.transaction("schema of state") { () throws(QueueError) in
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS contexts (
                    number INTEGER PRIMARY KEY,
                    integration TEXT NOT NULL, account TEXT NOT NULL,
                    key TEXT NOT NULL, value TEXT NOT NULL, changed_at INTEGER NOT NULL,
                    UNIQUE (integration, account, key));
                """, "schema of state")
        }
        slot = Mutex(Slot(connection: connection, limits: limits))
    }

    /// Holds later updates to other limits; what is stored stays.
    package func update(_ limits: StateLimits) { slot.withLock { $0.limits = limits } }

    /// Releases the database. Idempotent.
    package func close() {
        slot.withLock { $0.connection = nil }
    }

    /// All contexts, for the start.
    package func loadAll() throws(QueueError) -> [StoredContext] {
        struct Row {
            let integration: String
            let account: String
            let key: String
            let value: [UInt8]
        }
        let rows = try withConnection { (connection, _) throws(QueueError) in
            try connection.query(
                """
                SELECT integration, account, key, value FROM contexts
                ORDER BY integration, account, number
                """, "read of contexts"
            ) {
                Row(
                    integration: $0.text(0) ?? "", account: $0.text(1) ?? "",
                    key: $0.text(2) ?? "", value: $0.bytes(3))
            }
        }
        var contexts: [StoredContext] = []
        var start = 0
        while start < rows.count {
            let first = rows[start]
            var members: [JSONObject.Member] = []
            var end = start
            while end < rows.count,
                rows[end].integration.utf8.elementsEqual(first.integration.utf8),
                rows[end].account.utf8.elementsEqual(first.account.utf8)
            {
                members.append((rows[end].key, try Self.parse(rows[end].value)))
                end += 1
            }
            contexts.append(
                StoredContext(
                    integration: first.integration,
                    account: first.account.isEmpty ? nil : first.account,
                    context: JSONObject(members)))
            start = end
        }
        return contexts
    }

    /// Merges an update, one level deep, into a context.
    ///
    /// All of it or, when it throws, nothing of it is stored. `.tooLarge` is thrown for a context
    /// that would become larger than the limits.
    package func merge(
        _ update: JSONObject, integration: String, account: String?, mode: MergeMode,
        nowMilliseconds: Int64
    ) throws(QueueError) -> MergeResult {
        let owner: [SQLiteValue] = [.text(integration), .text(account ?? "")]
        let conflict =
            switch mode {
            case .addOnly: "DO NOTHING"
            case .overwrite:
                "DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at"
            }
        return try withConnection { (connection, limits) throws(QueueError) in
            try connection.transaction("update of context") { () throws(QueueError) in
                var kept: [String] = []
                for (key, value) in update {
                    let changed = try connection.run(
                        """
                        INSERT INTO contexts (integration, account, key, value, changed_at)
                        VALUES (?1, ?2, ?3, ?4, ?5)
                        ON CONFLICT (integration, account, key) \(conflict)
                        """, "update of context",
                        owner + [
                            .text(key), .bytes(value.serialized()), .integer(nowMilliseconds),
                        ])
                    if changed == 0 { kept.append(key) }
                }
                let rows = try connection.query(
                    """
                    SELECT key, value FROM contexts WHERE integration = ?1 AND account = ?2
                    ORDER BY number
                    """, "read of context", owner
                ) { ($0.text(0) ?? "", $0.bytes(1)) }
                let bytes = rows.reduce(0) { $0 + $1.0.utf8.count + $1.1.count }
                guard bytes <= limits.contextBytesMax, rows.count <= limits.membersMax else {
                    throw QueueError(.tooLarge, "update of context")
                }
                var members: [JSONObject.Member] = []
                for (key, value) in rows { members.append((key, try Self.parse(value))) }
                return MergeResult(context: JSONObject(members), keptKeys: kept)
            }
        }
    }

    /// Forgets a context.
    package func remove(integration: String, account: String?) throws(QueueError) {
        try withConnection { (connection, _) throws(QueueError) in
            _ = try connection.run(
                "DELETE FROM contexts WHERE integration = ?1 AND account = ?2",
                "removal of context", [.text(integration), .text(account ?? "")])
        }
    }

    private static func parse(_ bytes: [UInt8]) throws(QueueError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw QueueError(.corrupt, "value of context")
        }
    }

    private func withConnection<Result: Sendable>(
        _ body: (SQLiteConnection, StateLimits) throws(QueueError) -> Result
    ) throws(QueueError) -> Result {
        try slot.withLock { (slot) throws(QueueError) in
            guard let connection = slot.connection else {
                throw QueueError(.closed, "use of state")
            }
            return try body(connection, slot.limits)
        }
    }
}
