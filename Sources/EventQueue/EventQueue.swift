/// A durable queue of events.
///
/// Appending is done by one process at a time for a `FileQueue`, by any number for a `SQLiteQueue`;
/// consuming may happen in other processes while the server appends.
package protocol EventQueue: EventConsumer {
    /// Appends events in order, all or none.
    ///
    /// Durable on return: every stored event has reached stable storage. Deduplication is part of
    /// the same transaction, and sees the events of the same call too.
    /// - Returns: one outcome an event, in order.
    func append(
        _ events: [QueuedEvent], nowMilliseconds: Int64
    ) throws(QueueError) -> [AppendOutcome]

    /// Throws what an append would meet now: a full disk, a read-only folder, a closed queue.
    func checkWritable() throws(QueueError)

    /// Releases files and locks. Later calls throw `.closed`. Idempotent.
    func close()
}

/// The consumer's half of a queue: reading, leasing and keeping it small.
///
/// Times are milliseconds since 1970, given by the caller.
package protocol EventConsumer: AnyObject, Sendable {
    /// The name that the configuration gives the queue.
    var name: String { get }

    /// The events that match the filter, in its order.
    func list(_ filter: EventFilter) throws(QueueError) -> [StoredEvent]

    /// One event, or nil when there is none under that number.
    func show(sequence: UInt64) throws(QueueError) -> StoredEvent?

    /// Takes up to `count` events, oldest first, that nobody else gets for that long.
    ///
    /// An event whose lease runs out becomes ready again; one that was delivered
    /// `DeliveryPolicy.attemptsMax` times becomes a dead letter instead.
    func lease(
        count: Int, durationMilliseconds: Int64, nowMilliseconds: Int64
    ) throws(QueueError) -> [LeasedEvent]

    /// Marks events as done.
    /// - Returns: for each lease, false when it had run out and somebody else has the event.
    func ack(_ leases: [Lease], nowMilliseconds: Int64) throws(QueueError) -> [Bool]

    /// Gives an event back: it is ready again after `delayMilliseconds`, or after the policy's
    /// exponential backoff when that is nil; after the last attempt it becomes a dead letter.
    func nack(
        _ lease: Lease, error: String?, delayMilliseconds: Int64?, nowMilliseconds: Int64
    ) throws(QueueError) -> NackOutcome

    /// Makes a lease run until `durationMilliseconds` from now.
    /// - Returns: false when the lease had been lost.
    func extend(
        _ lease: Lease, durationMilliseconds: Int64, nowMilliseconds: Int64
    ) throws(QueueError) -> Bool

    /// Makes dead letters ready again, with their count of attempts reset; nil means all of them.
    /// - Returns: how many.
    func returnDeadLetters(
        _ sequences: [UInt64]?, nowMilliseconds: Int64
    ) throws(QueueError) -> Int

    /// Depth, age and size.
    func stats(nowMilliseconds: Int64) throws(QueueError) -> QueueStatistics

    /// Removes what the policy no longer keeps.
    func prune(
        _ policy: RetentionPolicy, nowMilliseconds: Int64
    ) throws(QueueError) -> PruneResult
}

/// How a queue is opened.
package enum QueueAccess: Sendable {
    /// By the server: appends and consumes.
    case readWrite
    /// By a consumer in another process: everything except `append`; the queue must exist.
    case consumer
}
