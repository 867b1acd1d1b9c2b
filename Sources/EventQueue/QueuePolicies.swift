/// How often and how fast events are delivered again.
package struct DeliveryPolicy: Sendable, Equatable {
    /// After so many leases without an acknowledgement an event becomes a dead letter.
    package var attemptsMax = 10
    /// The wait after the first failed attempt; doubled for each further one.
    package var backoffMillisecondsMin: Int64 = 1000
    /// The longest wait.
    package var backoffMillisecondsMax: Int64 = 3_600_000
    /// The longest lease that is given.
    package var leaseMillisecondsMax: Int64 = 43_200_000
    /// The most events one call leases.
    package var leaseCountMax = 1000

    package init() {}

    /// The wait before the attempt after `attempts` failed ones.
    package func backoffMilliseconds(attempts: Int) -> Int64 {
        let doublings = min(max(attempts - 1, 0), 40)
        let (product, overflow) = backoffMillisecondsMin.multipliedReportingOverflow(
            by: Int64(1) << Int64(doublings))
        return overflow ? backoffMillisecondsMax : min(product, backoffMillisecondsMax)
    }

    /// Leases and backoffs count on the wall clock. When a record was changed later than now by
    /// more than this, the clock was set back, and waiting for it again could take for ever: the
    /// event counts as visible.
    static let clockToleranceMilliseconds: Int64 = 60_000
}

/// What a queue keeps. A member that is nil sets no bound.
///
/// Bounds other than `doneAgeMillisecondsMax` remove events that nobody acknowledged.
package struct RetentionPolicy: Sendable, Equatable {
    /// Acknowledged events are removed so long after they were received.
    package var doneAgeMillisecondsMax: Int64?
    /// Every event is removed so long after it was received.
    package var ageMillisecondsMax: Int64?
    /// The oldest are removed until so many are left.
    package var countMax: Int?
    /// The oldest are removed until the events take so many bytes (a file queue counts whole
    /// segments, and never removes the one it writes to).
    package var bytesMax: Int64?

    package init(
        doneAgeMillisecondsMax: Int64? = 86_400_000, ageMillisecondsMax: Int64? = nil,
        countMax: Int? = nil, bytesMax: Int64? = nil
    ) {
        self.doneAgeMillisecondsMax = doneAgeMillisecondsMax
        self.ageMillisecondsMax = ageMillisecondsMax
        self.countMax = countMax
        self.bytesMax = bytesMax
    }
}

/// What `prune` removed.
package struct PruneResult: Sendable, Equatable {
    /// Events removed.
    package var events = 0
    /// Bytes of their documents and requests (file queue: of the removed segments).
    package var bytes: Int64 = 0

    package init(events: Int = 0, bytes: Int64 = 0) {
        self.events = events
        self.bytes = bytes
    }
}

/// Depth, age and size of a queue.
package struct QueueStatistics: Sendable, Equatable {
    /// Events that wait for a consumer, those in a backoff included.
    package var ready = 0
    /// Events that a consumer has.
    package var leased = 0
    /// Dead letters.
    package var dead = 0
    /// Age of the oldest event that is neither done nor dead, in milliseconds.
    package var oldestAgeMilliseconds: Int64?
    /// The greatest number given so far; 0 when none was.
    package var lastSequence: UInt64 = 0
    /// What the queue takes on disk.
    package var bytes: Int64 = 0

    package init() {}

    /// Events that are neither done nor dead.
    package var depth: Int { ready &+ leased }
}
