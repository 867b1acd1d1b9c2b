import Synchronization
package import Webhooks

/// A leaky bucket as a clock: when the next request would be due if all came at the steady rate (the
/// generic cell rate algorithm, ITU-T I.371 annex A). It outlives reloads, whatever rate they set.
package final class RateBucket: Sendable {
    private let dueNanoseconds = Mutex<UInt64>(0)

    package init() {}

    /// Takes one request.
    ///
    /// - Parameters:
    ///   - limit: rate and burst.
    ///   - now: monotonic nanoseconds.
    /// - Returns: nil when it may go on, or nanoseconds until one may.
    package func take(_ limit: Integration.RateLimit, now: UInt64) -> UInt64? {
        // At least 1000 ns and at most 10^12, by the bounds of the rate; times 10^6 still fits.
        let interval = UInt64(max(1, 1_000_000_000 / limit.requestsPerSecond))
        let ahead = interval &* UInt64(max(0, limit.burst - 1))
        return dueNanoseconds.withLock { due in
            let start = max(due, now)
            // A slower rate set by a reload must not make old debt worse.
            let debt = min(start &- now, ahead &+ interval)
            guard debt <= ahead else { return debt &- ahead }
            due = now &+ debt &+ interval
            return nil
        }
    }
}
