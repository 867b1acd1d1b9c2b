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

    /// How many of each loop's are remembered.
    static let capacity = 512

    /// Those of one loop, which waits for no other to add one.
    final class Part: Sendable {
        private struct Ring {
            var entries: [Entry] = []
            /// Where the next one goes once the ring is full.
            var next = 0
        }
        private let ring = Mutex(Ring())

        func add(_ entry: Entry) {
            ring.withLock { ring in
                if ring.entries.count < RecentRequests.capacity {
                    ring.entries.append(entry)
                } else {
                    ring.entries[ring.next] = entry
                    ring.next = (ring.next + 1) % RecentRequests.capacity
                }
            }
        }

        /// Newest first.
        fileprivate var entries: [Entry] {
            let ring = ring.withLock { $0 }
            return (ring.entries[ring.next...] + ring.entries[..<ring.next]).reversed()
        }
    }
    private let parts = Mutex<[Part]>([])

    /// A part for one loop.
    func addPart() -> Part {
        let part = Part()
        parts.withLock { $0.append(part) }
        return part
    }

    /// Newest first by their times, of one integration or of all.
    func list(limit: Int, integration: String?) -> [Entry] {
        let entries = parts.withLock { $0 }.flatMap(\.entries)
        // Of those that share a millisecond, each loop's keep their order.
        let ordered = entries.indices.sorted {
            (entries[$1].timeMilliseconds, $0) < (entries[$0].timeMilliseconds, $1)
        }
        return Array(
            ordered.lazy.map { entries[$0] }
                .filter { integration == nil || $0.integration == integration }.prefix(limit))
    }
}
