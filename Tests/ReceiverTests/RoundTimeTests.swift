import EventQueue
import Testing

@testable import Receiver

/// A loop's round that takes too long.
struct RoundTimeTests {
    private final class Key {}
    private let greedy = Key()
    private let modest = Key()
    private static let millisecond: UInt64 = 1_000_000
    private static let most = RoundTime.nanosecondsMax(CommitLimits())

    @Test(arguments: [(UInt64(999), true), (1000, false)])
    func `a round ends in time for all`(spent: UInt64, isAdmitted: Bool) {
        let round = RoundTime()
        let now = 7 + spent * Self.millisecond
        #expect(
            round.admits(ObjectIdentifier(modest), began: 7, now: now, most: Self.most)
                == isAdmitted)
    }

    @Test func `who takes most of a round waits, the others go on, and the next round is new`() {
        let round = RoundTime()
        let keys = (ObjectIdentifier(greedy), ObjectIdentifier(modest))
        // 800 ms used, 200 ms left: exactly four times.
        var now = 7 + 800 * Self.millisecond
        round.add(keys.0, began: 7, from: 7, to: now, most: Self.most)
        #expect(round.admits(keys.0, began: 7, now: now, most: Self.most))
        now += Self.millisecond
        #expect(!round.admits(keys.0, began: 7, now: now, most: Self.most))
        #expect(round.admits(keys.1, began: 7, now: now, most: Self.most))
        #expect(round.admits(keys.0, began: 8, now: now, most: Self.most))
    }
}
