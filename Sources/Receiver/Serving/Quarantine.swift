import EventQueue
import Synchronization
import Webhooks

/// Keeps requests that a signature or an expression refused, so that they can be replayed after a fix.
package final class Quarantine: Sendable {
    private let store: QuarantineStore
    private let isEnabled: Atomic<Bool>
    private let metrics: Metrics

    /// The database inside the data directory.
    static let fileName = "quarantine.db"

    /// Opens or makes the database.
    init(
        folder: String, limits: ReceiverLimits, metrics: Metrics
    ) throws(QueueError) {
        store = try QuarantineStore(
            path: FileSystem.join(folder, Self.fileName), limits: Self.limits(limits))
        isEnabled = Atomic(Self.isEnabled(limits))
        self.metrics = metrics
    }

    private static func isEnabled(_ limits: ReceiverLimits) -> Bool {
        limits.quarantineCountMax > 0 && limits.quarantineBytesMax > 0
    }

    /// Holds what is kept to other limits.
    func update(_ limits: ReceiverLimits) {
        isEnabled.store(Self.isEnabled(limits), ordering: .relaxed)
        store.update(Self.limits(limits))
    }

    static func limits(_ limits: ReceiverLimits) -> QuarantineLimits {
        var kept = QuarantineLimits()
        kept.countMax = limits.quarantineCountMax
        kept.bytesMax = Int64(limits.quarantineBytesMax)
        kept.ageMillisecondsMax = Int64(limits.quarantineAgeMillisecondsMax)
        kept.recordBytesMax = limits.quarantineBytesMax
        return kept
    }

    /// Fields that carry a password or token in itself are not kept, whatever the integration says.
    static let redactedNames: Set<String> = [
        "x-api-key", "x-gitlab-token", "x-telegram-bot-api-secret-token",
    ]

    /// Keeps a request; never waits.
    func keep(_ request: ReceivedRequest, _ answer: PendingAnswer, _ reason: String) {
        guard isEnabled.load(ordering: .relaxed) else { return }
        // While too many wait, a flood of refused requests costs no more than this look.
        guard store.hasRoom else { return metrics.countQuarantineDropped() }
        let integration = answer.destination.active.integration
        let captured = CapturedRequest.json(
            request, redacting: integration.redaction.and(headers: Self.redactedNames),
            withBody: true)
        let isTaken = store.offer(
            QuarantinedRequest(
                reason: reason, integration: integration.name,
                account: answer.destination.account?.id,
                receivedAtMilliseconds: request.receivedAtMilliseconds, request: captured))
        if !isTaken { metrics.countQuarantineDropped() }
    }

    /// Removes what is too old; called now and then.
    ///
    /// - Throws: when the database fails.
    func expire(nowMilliseconds: Int64) throws(QueueError) {
        _ = try store.prune(nowMilliseconds: nowMilliseconds)
    }

    /// The kept requests, newest first.
    func list(limit: Int) throws(QueueError) -> [QuarantinedRequest] {
        try store.list(limit: limit)
    }

    /// One of them.
    func show(_ number: Int64) throws(QueueError) -> QuarantinedRequest? {
        try store.show(number: number)
    }

    /// How many requests are kept.
    var count: Int { store.count }

    /// Writes what waits, and releases the database.
    func close() { store.close() }
}
