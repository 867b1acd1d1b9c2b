/// What the writer knows of a segment.
struct Segment: Sendable, Equatable {
    /// The number in its name.
    var first: UInt64
    /// The number of its last event; `first - 1` while it is empty.
    var last: UInt64
    /// The length that is durable, here or in the journal.
    var bytes: Int
    /// The latest time of receipt in it, in milliseconds since 1970.
    var newestMilliseconds: Int64 = .min
    /// The earliest time of receipt in it.
    var oldestMilliseconds: Int64 = .max
    /// When the last deduplication window of its events ends.
    var deduplicateUntil: Int64 = .min

    init(first: UInt64) {
        self.first = first
        last = first &- 1
        bytes = 0
    }

    /// Notes an event of it.
    mutating func note(sequence: UInt64, receivedAt: Int64, deduplicateUntil: Int64?) {
        last = sequence
        newestMilliseconds = max(newestMilliseconds, receivedAt)
        oldestMilliseconds = min(oldestMilliseconds, receivedAt)
        self.deduplicateUntil = max(self.deduplicateUntil, deduplicateUntil ?? .min)
    }
}
