import JSON
import Synchronization
import Webhooks

/// The last requests and what became of them, for whoever asks "did it arrive?".
final class RecentRequests: Sendable {
    /// One answered request. Holds nothing of its contents. An object, for it goes into the log too.
    final class Entry: Sendable {
        let timeMilliseconds: Int64
        /// The value of `X-Request-Id`.
        let identifier: String
        let integration: String
        let account: String?
        let outcome: Outcome
        /// Why it was not accepted; empty otherwise.
        let reason: String
        let status: Int

        init(
            timeMilliseconds: Int64, identifier: String, integration: String, account: String?,
            outcome: Outcome, reason: String, status: Int
        ) {
            self.timeMilliseconds = timeMilliseconds
            self.identifier = identifier
            self.integration = integration
            self.account = account
            self.outcome = outcome
            self.reason = reason
            self.status = status
        }

        var json: JSONValue {
            [
                "time": .string(TimeText.iso8601(timeMilliseconds)), "request": .string(identifier),
                "integration": .string(integration),
                "account": account.map(JSONValue.string) ?? .null,
                "outcome": .string(outcome.rawValue), "reason": .string(reason),
                "status": .number(JSONNumber(Double(status))),
            ]
        }
    }

    /// How many are remembered.
    static let capacity = 512

    private struct Ring {
        var entries: [Entry] = []
        /// Where the next one goes once the ring is full.
        var next = 0
    }
    private let ring = Mutex(Ring())

    func add(_ entry: Entry) {
        ring.withLock { ring in
            if ring.entries.count < Self.capacity {
                ring.entries.append(entry)
            } else {
                ring.entries[ring.next] = entry
                ring.next = (ring.next + 1) % Self.capacity
            }
        }
    }

    /// Newest first, of one integration or of all.
    func list(limit: Int, integration: String?) -> [Entry] {
        let ring = ring.withLock { $0 }
        let ordered = ring.entries[ring.next...] + ring.entries[..<ring.next]
        return Array(
            ordered.reversed().lazy
                .filter { integration == nil || $0.integration == integration }.prefix(limit))
    }
}
