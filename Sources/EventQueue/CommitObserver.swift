/// Hears of commits, for measuring them. Called on the thread of the queue whose index is `lane`.
package protocol CommitObserver: Sendable {
    /// The queue is about to store a batch.
    func commitBegins(lane: Int)
    /// It has stored the batch of so many events, or has failed to.
    func commitEnded(lane: Int, events: Int, isStored: Bool)
}
