import Synchronization

/// What became of a request.
package enum Outcome: String, Sendable, CaseIterable {
    case stored
    case duplicate
    case handshake
    case meta
    case refused
    case malformed
    case failed
    case misconfigured
    case unavailable
    /// `enforce: false`: stored although the signature failed.
    case unverified
}

/// Counters of one integration. They outlive reloads.
package final class IntegrationCounters: Sendable {
    struct Key: Hashable {
        let outcome: Outcome
        let reason: String
    }
    let name: String
    /// Here, because counters are what stays of an integration when a configuration is replaced.
    let rateBucket = RateBucket()
    private let parts = Mutex<[Int?: Part]>([:])

    /// What one loop has counted: loops that counted in one place would wait for each other.
    final class Part: Sendable {
        fileprivate let counts = Mutex<[Key: UInt64]>([:])
        // The most frequent ones need no lock.
        fileprivate let stored = Atomic<UInt64>(0)
        fileprivate let events = Atomic<UInt64>(0)

        func count(_ outcome: Outcome, _ reason: String = "") {
            if outcome == .stored {
                stored.wrappingAdd(1, ordering: .relaxed)
            } else {
                counts.withLock { $0[Key(outcome: outcome, reason: reason), default: 0] &+= 1 }
            }
        }

        func countEvents(_ count: Int) {
            events.wrappingAdd(UInt64(count), ordering: .relaxed)
        }
    }

    init(name: String) { self.name = name }

    /// The part of a loop, or of those that have none of their own; made once.
    func part(of loop: Int?) -> Part {
        parts.withLock { parts in
            if let part = parts[loop] { return part }
            let part = Part()
            parts[loop] = part
            return part
        }
    }

    private var allParts: [Part] { parts.withLock { Array($0.values) } }

    var eventCount: UInt64 { allParts.reduce(0) { $0 &+ $1.events.load(ordering: .relaxed) } }

    /// Outcomes that happened, in a fixed order.
    var all: [(outcome: Outcome, reason: String, count: UInt64)] {
        var sums: [Key: UInt64] = [:]
        for part in allParts {
            for (key, count) in part.counts.withLock({ $0 }) { sums[key, default: 0] &+= count }
            let stored = part.stored.load(ordering: .relaxed)
            if stored > 0 { sums[Key(outcome: .stored, reason: ""), default: 0] &+= stored }
        }
        return sums.map { (outcome: $0.key.outcome, reason: $0.key.reason, count: $0.value) }
            .sorted { ($0.outcome.rawValue, $0.reason) < ($1.outcome.rawValue, $1.reason) }
    }
}
