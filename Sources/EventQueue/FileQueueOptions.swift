/// Settings of a `FileQueue`.
package struct FileQueueOptions: Sendable, Equatable {
    /// Redelivery.
    package var delivery = DeliveryPolicy()
    /// A new segment is begun when this one would become longer.
    package var segmentBytesMax = 64 << 20
    /// A new segment is begun when the first event of this one is so old.
    package var segmentAgeMillisecondsMax: Int64 = 86_400_000
    /// The most events that the deduplication window remembers; beyond it the oldest are forgotten.
    package var deduplicationCountMax = 4_000_000
    /// How long a consumer waits for another process's lock on the positions.
    package var busyTimeoutMilliseconds: Int32 = 5000

    /// The journal's length; 0: every append synchronises its segment instead.
    package var journalBytes = 16 << 20
    /// Commits of this process before a journal is made: queues where little comes need none. 0
    /// makes it when the queue is opened.
    var journalCommitsMin = 32
    /// Commits before a journal is tried again that could not be made or written.
    var journalRetryCommits = 65_536
    /// How long a segment may lack what its journal has.
    var segmentLagNanoseconds: UInt64 = 10_000_000

    /// With less free space than this the queue is not ready, although appends are still tried.
    package var spaceBytesMin = 64 << 20

    package init() {}
}
