import Synchronization

/// How much a `QuarantineStore` keeps.
package struct QuarantineLimits: Sendable, Equatable {
    /// Requests kept; the oldest go first.
    package var countMax = 10_000
    /// Their bytes.
    package var bytesMax: Int64 = 64 << 20
    /// How long they are kept.
    package var ageMillisecondsMax: Int64 = 604_800_000
    /// A larger request is not kept.
    package var recordBytesMax = 2 << 20
    /// Requests that wait for the disk; further ones are dropped, so that a flood of refused
    /// requests cannot fill the memory.
    package var pendingMax = 256
    /// Their bytes.
    package var pendingBytesMax = 16 << 20

    package init() {}
}

/// A request that was refused, kept for a replay after the fix.
package struct QuarantinedRequest: Sendable, Equatable {
    /// Its number; 0 until it is stored.
    package var number: Int64
    /// Why it was refused: one of the closed sets of reasons and error codes.
    package var reason: String
    /// The integration it was meant for.
    package var integration: String
    /// The account it was meant for.
    package var account: String?
    /// When it was received, in milliseconds since 1970.
    package var receivedAtMilliseconds: Int64
    /// The captured request as JSON, secrets redacted.
    package var request: [UInt8]

    package init(
        number: Int64 = 0, reason: String, integration: String, account: String?,
        receivedAtMilliseconds: Int64, request: [UInt8]
    ) {
        self.number = number
        self.reason = reason
        self.integration = integration
        self.account = account
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.request = request
    }

    var byteCount: Int { request.count + reason.utf8.count + integration.utf8.count + 64 }
}

/// Refused requests in a SQLite database, bounded by number, bytes and age.
///
/// Not acknowledged to anybody, so commits are not synchronised one by one: a power cut may lose
/// the last second, never the database.
package final class QuarantineStore: Sendable {
    private struct State {
        /// Nil once closed.
        var connection: SQLiteConnection?
        var count = 0
        var bytes: Int64 = 0
    }

    private struct Pending {
        var requests: [QuarantinedRequest] = []
        var bytes = 0
        var dropped = 0
        var isStopping = false
    }

    private let state: Mutex<State>
    private let pending = Mutex(Pending())
    private let current: Mutex<QuarantineLimits>
    private let signal = Semaphore()
    private let thread = Mutex<WorkerThread?>(nil)

    /// Opens or makes the database.
    package init(path: String, limits: QuarantineLimits = QuarantineLimits()) throws(QueueError) {
        current = Mutex(limits)
        let connection = try SQLiteConnection(
            path: path, mode: .create, busyTimeoutMilliseconds: 5000)
        try connection.execute("PRAGMA synchronous = NORMAL", "opening of quarantine")
        try connection.transaction("schema of quarantine") { () throws(QueueError) in
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS quarantine (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    reason TEXT NOT NULL, integration TEXT NOT NULL, account TEXT,
                    received_at INTEGER NOT NULL, bytes INTEGER NOT NULL, request TEXT NOT NULL);
                """, "schema of quarantine")
        }
        var state = State(connection: connection)
        try Self.count(connection, &state)
        self.state = Mutex(state)
    }

    deinit {
        close()
    }

    private var limits: QuarantineLimits { current.withLock { $0 } }

    /// Holds what is kept to other limits, from the next request or `prune` on.
    package func update(_ limits: QuarantineLimits) { current.withLock { $0 = limits } }

    /// Hands over a request to be kept by a thread of the store; never blocks.
    /// - Returns: false when it is too large or too many wait: it was dropped.
    package func offer(_ request: QuarantinedRequest) -> Bool {
        let limits = limits
        guard request.byteCount <= limits.recordBytesMax else { return false }
        let accepted = pending.withLock { pending in
            guard !pending.isStopping, pending.requests.count < limits.pendingMax,
                pending.requests.isEmpty
                    || pending.bytes + request.byteCount <= limits.pendingBytesMax
            else {
                pending.dropped += 1
                return false
            }
            pending.requests.append(request)
            pending.bytes += request.byteCount
            return true
        }
        if accepted {
            startOnce()
            signal.signal()
        }
        return accepted
    }

    /// False while so many wait that an offer would be dropped.
    package var hasRoom: Bool {
        let limits = limits
        return pending.withLock {
            $0.requests.count < limits.pendingMax && $0.bytes < limits.pendingBytesMax
        }
    }

    /// How many requests are kept.
    package var count: Int { state.withLock { $0.count } }

    /// How many offers were dropped since the start.
    package var dropped: Int { pending.withLock { $0.dropped } }

    /// Keeps requests, in order.
    package func add(
        _ requests: [QuarantinedRequest], nowMilliseconds: Int64
    ) throws(QueueError) {
        let limits = limits
        try withConnection { (connection, state) throws(QueueError) in
            var after = state
            try connection.transaction("write to quarantine") { () throws(QueueError) in
                for request in requests where request.byteCount <= limits.recordBytesMax {
                    try connection.run(
                        """
                        INSERT INTO quarantine
                            (reason, integration, account, received_at, bytes, request)
                        VALUES (?, ?, ?, ?, ?, ?)
                        """, "write to quarantine",
                        [
                            .text(request.reason), .text(request.integration),
                            .text(request.account), .integer(request.receivedAtMilliseconds),
                            .integer(Int64(request.byteCount)), .bytes(request.request),
                        ])
                    after.count += 1
                    after.bytes += Int64(request.byteCount)
                }
                try shrink(connection, &after, nowMilliseconds)
            }
            state = after
        }
    }

    /// The kept requests, newest first; those of one integration when it is named.
    package func list(
        integration: String? = nil, limit: Int = 100
    ) throws(QueueError) -> [QuarantinedRequest] {
        try withConnection { (connection, _) throws(QueueError) in
            try connection.query(
                """
                SELECT number, reason, integration, account, received_at, request FROM quarantine
                WHERE ?1 IS NULL OR integration = ?1 ORDER BY number DESC LIMIT ?2
                """, "list of quarantine",
                [.text(integration), .integer(Int64(max(limit, 0)))], Self.read)
        }
    }

    /// One request, or nil.
    package func show(number: Int64) throws(QueueError) -> QuarantinedRequest? {
        try withConnection { (connection, _) throws(QueueError) in
            try connection.query(
                """
                SELECT number, reason, integration, account, received_at, request FROM quarantine
                WHERE number = ?
                """, "show of quarantine", [.integer(number)], Self.read
            ).first
        }
    }

    /// Removes what is too old or too much, and with `all` everything.
    /// - Returns: how many.
    package func prune(nowMilliseconds: Int64, all: Bool = false) throws(QueueError) -> Int {
        try withConnection { (connection, state) throws(QueueError) in
            var after = state
            let removed = try connection.transaction("prune of quarantine") {
                () throws(QueueError) in
                // Another process may have removed some.
                try Self.count(connection, &after)
                let before = after.count
                if all {
                    try connection.run("DELETE FROM quarantine", "prune of quarantine")
                    try Self.count(connection, &after)
                }
                try shrink(connection, &after, nowMilliseconds)
                return before - after.count
            }
            state = after
            return removed
        }
    }

    /// Writes what was offered, and releases the database. Idempotent.
    package func close() {
        pending.withLock { $0.isStopping = true }
        signal.signal()
        thread.withLock { $0 }?.join()
        state.withLock { $0.connection = nil }
    }

    private func startOnce() {
        thread.withLock { thread in
            if thread != nil { return }
            // Without a thread the requests wait until one can be started.
            thread = try? WorkerThread("quarantine") { [weak self, signal] in
                while true {
                    signal.wait()
                    guard let self, self.writePending() else { return }
                }
            }
        }
    }

    /// Writes what waits; false when the store is closing.
    private func writePending() -> Bool {
        let (requests, isStopping) = pending.withLock { pending in
            let requests = pending.requests
            pending.requests.removeAll(keepingCapacity: true)
            pending.bytes = 0
            return (requests, pending.isStopping)
        }
        if !requests.isEmpty {
            let newest = requests.map(\.receivedAtMilliseconds).max() ?? 0
            do throws(QueueError) {
                try add(requests, nowMilliseconds: newest)
            } catch {
                pending.withLock { $0.dropped += requests.count }
            }
        }
        return !isStopping
    }

    /// Removes the oldest until the rest is inside the limits. Below them by a tenth, so that a full
    /// quarantine does not pay for every request.
    private func shrink(
        _ connection: SQLiteConnection, _ state: inout State, _ nowMilliseconds: Int64
    ) throws(QueueError) {
        let limits = limits
        try connection.run(
            """
            DELETE FROM quarantine WHERE number IN (
                SELECT number FROM (SELECT number, received_at FROM quarantine
                ORDER BY number LIMIT 100) WHERE received_at <= ?)
            """, "prune of quarantine",
            [.integer(nowMilliseconds &- limits.ageMillisecondsMax)])
        if connection.changes > 0 { try Self.count(connection, &state) }
        guard state.count > limits.countMax || state.bytes > limits.bytesMax else { return }
        let countMax = limits.countMax - limits.countMax / 10
        let bytesMax = limits.bytesMax - limits.bytesMax / 10
        let oldest = try connection.query(
            "SELECT number, bytes FROM quarantine ORDER BY number", "prune of quarantine"
        ) { ($0.integer(0), $0.integer(1)) }
        var last: Int64 = 0
        for (number, bytes) in oldest {
            if state.count <= countMax, state.bytes <= bytesMax { break }
            last = number
            state.count -= 1
            state.bytes -= bytes
        }
        try connection.run(
            "DELETE FROM quarantine WHERE number <= ?", "prune of quarantine", [.integer(last)])
    }

    private static func count(
        _ connection: SQLiteConnection, _ state: inout State
    ) throws(QueueError) {
        let totals = try connection.query(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM quarantine", "size of quarantine"
        ) { (Int($0.integer(0)), $0.integer(1)) }
        (state.count, state.bytes) = totals.first ?? (0, 0)
    }

    private static func read(_ row: SQLiteStatement) -> QuarantinedRequest {
        QuarantinedRequest(
            number: row.integer(0), reason: row.text(1) ?? "", integration: row.text(2) ?? "",
            account: row.text(3), receivedAtMilliseconds: row.integer(4), request: row.bytes(5))
    }

    private func withConnection<Result: Sendable>(
        _ body: (SQLiteConnection, inout State) throws(QueueError) -> Result
    ) throws(QueueError) -> Result {
        try state.withLock { (state) throws(QueueError) in
            guard let connection = state.connection else {
                throw QueueError(.closed, "use of quarantine")
            }
            return try body(connection, &state)
        }
    }
}
