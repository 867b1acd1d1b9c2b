import EventQueue
import Synchronization

/// How a loop's round spends its time, so that a loop which cannot keep up sheds requests at once
/// instead of answering all of them late, and sheds those of whoever takes most.
///
/// A request has waited no longer than the round before and the part of this one that has passed: what is
/// answered is answered in time when rounds are short enough.
final class RoundTime: Sendable {
    private struct State {
        var began: UInt64 = 0
        var used: [ObjectIdentifier: UInt64] = [:]
    }
    private let state = Mutex(State())

    /// Nanoseconds that a round may take: two thirds of the time that an event may wait, since a request
    /// waits for one round and a half on average.
    static func nanosecondsMax(_ limits: CommitLimits) -> UInt64 {
        UInt64(max(0, limits.queueTimeMilliseconds)) &* 1_000_000 / 3 &* 2
    }

    /// A short round is no trouble and needs no account.
    private func isShort(_ began: UInt64, _ now: UInt64, _ most: UInt64) -> Bool {
        now &- began <= most / 8
    }

    /// Whether a request may still be judged in a round. As in `CommitShares`, an integration may have
    /// used no more than four times what is left.
    ///
    /// - Parameters:
    ///   - integration: whose request it is.
    ///   - began: when the round began, in monotonic nanoseconds.
    ///   - now: the same clock.
    ///   - most: nanoseconds that a round may take.
    func admits(_ integration: ObjectIdentifier, began: UInt64, now: UInt64, most: UInt64) -> Bool {
        if isShort(began, now, most) { return true }
        let spent = now &- began
        return state.withLock { state in
            let used = state.began == began ? state.used[integration, default: 0] : 0
            return spent < most && used / 4 <= most - spent
        }
    }

    /// Notes that a request was judged from `started` to `ended`.
    func add(
        _ integration: ObjectIdentifier, began: UInt64, from started: UInt64, to ended: UInt64,
        most: UInt64
    ) {
        if isShort(began, ended, most) { return }
        state.withLock { state in
            if state.began != began {
                state.began = began
                state.used.removeAll(keepingCapacity: true)
            }
            state.used[integration, default: 0] &+= ended &- started
        }
    }
}
