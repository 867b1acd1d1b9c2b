/// Settings of a `SQLiteQueue`.
package struct SQLiteQueueOptions: Sendable, Equatable {
    /// Redelivery.
    package var delivery = DeliveryPolicy()
    /// How long a statement waits for another process's lock.
    package var busyTimeoutMilliseconds: Int32 = 5000
    /// The page cache of the writing connection.
    package var cacheBytesMax = 8 << 20
    /// The write-ahead log is checkpointed when it is this long.
    package var walBytesMax = 16 << 20

    package init() {}
}
